import * as tf from '@tensorflow/tfjs-core';

/**
 * Clips gradients by their global norm (Pascanu et al. 2013). All of them together are one vector; where it is longer than
 * `maxNorm` it is shortened to that, and its direction stays: **dW ← dW · min(1, maxNorm / ‖d‖)**, ‖d‖² = Σ over all entries of
 * all gradients of their squares. One bad batch then cannot throw the parameters far away. The norm stays on the engine.
 * @returns the gradients, shaped like those given
 */
export function clipByGlobalNorm(grads: readonly tf.Tensor[], maxNorm: number): tf.Tensor[] {
  const norm = tf.sqrt(tf.addN(grads.map((dW) => tf.sum(tf.square(dW)))));
  // maxNorm / max(norm, maxNorm) is that minimum, and divides by 0 for no gradient.
  const scale = tf.div(maxNorm, tf.maximum(norm, maxNorm));
  return grads.map((dW) => tf.mul(dW, scale));
}
