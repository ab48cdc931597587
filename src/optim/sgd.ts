import * as tf from '@tensorflow/tfjs-core';
import type { Link } from './optimizer';

/**
 * Gradient descent, the post's `updater`. The gradient points where the loss grows fastest, so every parameter takes a
 * step of length lr the other way: **W ← W - lr·dW**. The post changes the parameters in place; tensors here are
 * immutable, so the new ones are returned and the caller disposes of the old.
 * @param grads shaped like `params`
 * @returns the new parameters, in the same order
 */
export function updater(params: readonly tf.Tensor[], grads: readonly tf.Tensor[], lr: number): tf.Tensor[] {
  const rate = tf.scalar(lr); // on the backend once, not once for each parameter
  return params.map((W, i) => tf.sub(W, tf.mul(grads[i]!, rate)));
}

/** Plain stochastic gradient descent. It has no state. */
export const sgd = (): Link => ({
  update: ({ params, grads, lr }) => ({ params: updater(params, grads, lr) }),
});
