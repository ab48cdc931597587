import * as tf from '@tensorflow/tfjs-core';
import { addDecay, decay } from './decay';
import type { Optimizer, OptimizerOptions } from './optimizers';

// M  the running mean of each gradient, S  the running mean of its square; both shaped like the parameter and 0 before the
//    first step. The state is [M of each parameter …, S of each parameter …].
// t  the step, from 1

const init = (params: readonly tf.Tensor[]) => [...params, ...params].map((W) => tf.zerosLike(W));

/**
 * Adam's step (Kingma and Ba 2015): momentum, divided by how large the gradients are.
 * M ← β1·M + (1 - β1)·dW and S ← β2·S + (1 - β2)·dW². Both began at 0 and are too small at first: after t steps the weights
 * of the gradients in M sum to 1 - β1^t, and in S to 1 - β2^t. Divided by that they are means, and
 * **W ← W - lr · (M / (1 - β1^t)) / (√(S / (1 - β2^t)) + ε)**.
 */
function adamStep(
  params: readonly tf.Tensor[],
  grads: readonly tf.Tensor[],
  state: readonly tf.Tensor[],
  lr: number,
  t: number,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: OptimizerOptions,
): { params: tf.Tensor[]; state: tf.Tensor[] } {
  const M = grads.map((dW, i) => tf.add(tf.mul(state[i]!, beta1), tf.mul(dW, 1 - beta1)));
  const S = grads.map((dW, i) => tf.add(tf.mul(state[params.length + i]!, beta2), tf.mul(tf.square(dW), 1 - beta2)));
  // √(S / c) = √S / √c: the correction of S is a number, so it costs no pass over the tensors.
  const size = lr / (1 - beta1 ** t);
  const root = Math.sqrt(1 - beta2 ** t);
  const updated = params.map((W, i) =>
    tf.sub(W, tf.div(tf.mul(M[i]!, size * root), tf.add(tf.sqrt(S[i]!), epsilon * root))),
  );
  return { params: updated, state: [...M, ...S] };
}

/** Adam. Weight decay, where asked for, goes through the loss. */
export const adam: Optimizer = {
  init,
  update: (params, grads, state, lr, step, options = {}) =>
    adamStep(params, addDecay(params, grads, options.weightDecay), state, lr, step, options),
};

/** Adam with decoupled weight decay (Loshchilov and Hutter 2019): W ← (1 - lr·λ)·W, then Adam's step. λ is 0.01 if not given. */
export const adamw: Optimizer = {
  init,
  update: (params, grads, state, lr, step, options = {}) =>
    adamStep(decay(params, lr, options.weightDecay ?? 0.01), grads, state, lr, step, options),
};
