import * as tf from '@tensorflow/tfjs-core';
import type { Link } from './optimizer';

// M   the running mean of each gradient, shaped like the parameter; 0 before the first step
// S   the running mean of its square, alike
// β1  the decay of M, 0.9; β2 that of S, 0.999
// t   the step, from 1

type State = { mean: tf.Tensor[]; meanSquare: tf.Tensor[] };

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
    const mean = state.mean.map((M, i) => tf.add(tf.mul(M, beta1), tf.mul(grads[i]!, 1 - beta1)));
    const meanSquare = state.meanSquare.map((S, i) =>
      tf.add(tf.mul(S, beta2), tf.mul(tf.square(grads[i]!), 1 - beta2)),
    );
    // √(S / c) = √S / √c: the correction of S is a number, so it costs no pass over the tensors.
    const rate = lr / (1 - beta1 ** t);
    const root = Math.sqrt(1 - beta2 ** t);
    const updated = params.map((W, i) =>
      tf.sub(W, tf.div(tf.mul(mean[i]!, rate * root), tf.add(tf.sqrt(meanSquare[i]!), epsilon * root))),
    );
    return { params: updated, state: { mean, meanSquare } };
  },
});
