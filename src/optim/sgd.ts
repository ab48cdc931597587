import * as tf from '@tensorflow/tfjs-core';
import { addDecay } from './decay';
import type { Optimizer } from './optimizers';

/**
 * Gradient descent, the post's `updater`. The gradient points where the loss grows fastest, so every parameter takes a step
 * of length lr the other way: W ← W - lr·dW. The post changes the parameters in place; tensors here do not change, so the
 * new ones are returned and the caller disposes of the old.
 * @param grads shaped like `params`
 * @returns the new parameters, in the same order
 */
export function updater(params: readonly tf.Tensor[], grads: readonly tf.Tensor[], lr: number): tf.Tensor[] {
  const rate = tf.scalar(lr); // on the engine once, not once for each parameter
  return params.map((W, i) => tf.sub(W, tf.mul(grads[i]!, rate)));
}

/** Plain stochastic gradient descent: it remembers nothing from step to step. */
export const sgd: Optimizer = {
  init: () => [],
  update: (params, grads, _state, lr, _step, { weightDecay } = {}) => ({
    params: updater(params, addDecay(params, grads, weightDecay), lr),
    state: [],
  }),
};
