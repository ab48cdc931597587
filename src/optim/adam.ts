import * as tf from '@tensorflow/tfjs-core';
import type { Link } from './optimizer';

// M   the running mean of each gradient, shaped like the parameter; 0 before the first step
// S   the running mean of its square, alike
// β1  the decay of M, 0.9; β2 that of S, 0.999
// t   the step, from 1

type State = { mean: tf.Tensor[]; meanSquare: tf.Tensor[] };

/** How a backend registers its kernel for a step: `largest` is the size up to which it is faster than operations. */
export interface AdamKernel extends tf.KernelConfig {
  readonly largest?: number;
}

/** The numbers of a step, the same for every parameter. */
interface Numbers {
  readonly beta1: number;
  readonly beta2: number;
  /** lr and ε, with the corrections for the start. */
  readonly rate: number;
  readonly epsilon: number;
}

const zeros = (params: readonly tf.Tensor[]) => params.map((W) => tf.zerosLike(W));

/**
 * Adam (Kingma and Ba 2015): momentum, divided by the size of the gradients.
 * M ← β1·M + (1 - β1)·dW and S ← β2·S + (1 - β2)·dW². Both start at 0 and are too small at first: after t steps the
 * weights of the gradients in M sum to 1 - β1^t, and in S to 1 - β2^t. Divided by those they are means, and
 * **W ← W - lr · (M / (1 - β1^t)) / (√(S / (1 - β2^t)) + ε)**.
 *
 * AdamW (Loshchilov and Hutter 2019) is this rule after `decoupledDecay`.
 */
export const adam = ({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = {}): Link<State> => ({
  init: (params) => ({ mean: zeros(params), meanSquare: zeros(params) }),
  update({ params, grads, lr, step: t }, state) {
    // √(S / c) = √S / √c: the correction of S is a number, so it costs no pass over the tensors.
    const root = Math.sqrt(1 - beta2 ** t);
    const numbers = { beta1, beta2, rate: (lr / (1 - beta1 ** t)) * root, epsilon: epsilon * root };
    const kernel = tf.getKernel('AdamStep', tf.getBackend()) as AdamKernel | undefined;
    const isFaster = (W: tf.Tensor) => kernel !== undefined && W.size <= (kernel.largest ?? Infinity);
    const steps = params.map((W, i) => {
      const step = isFaster(W) ? stepInOnePass : stepByOperations;
      return step(W, grads[i]!, state.mean[i]!, state.meanSquare[i]!, numbers);
    });
    return {
      params: steps.map(([W]) => W),
      state: { mean: steps.map(([, M]) => M), meanSquare: steps.map(([, , S]) => S) },
    };
  },
});

type Stepped = [W: tf.Tensor, M: tf.Tensor, S: tf.Tensor];

function stepByOperations(W: tf.Tensor, dW: tf.Tensor, M: tf.Tensor, S: tf.Tensor, numbers: Numbers): Stepped {
  const { beta1, beta2, rate, epsilon } = numbers;
  M = tf.add(tf.mul(M, beta1), tf.mul(dW, 1 - beta1));
  S = tf.add(tf.mul(S, beta2), tf.mul(tf.square(dW), 1 - beta2));
  return [tf.sub(W, tf.div(tf.mul(M, rate), tf.add(tf.sqrt(S), epsilon))), M, S];
}

/** The same by one kernel, where the backend has it (wasm, native, cuda): twelve would each pass over the memory. */
function stepInOnePass(W: tf.Tensor, dW: tf.Tensor, M: tf.Tensor, S: tf.Tensor, numbers: Numbers): Stepped {
  return tf.engine().runKernel<Stepped>('AdamStep', { W, dW, M, S }, { ...numbers });
}
