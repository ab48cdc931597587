import * as tf from '@tensorflow/tfjs-core';
import type { Link } from './optimizer';

/**
 * Clips gradients by their global norm (Pascanu et al. 2013). All gradients together form one vector; if its norm
 * exceeds `maxNorm`, it is scaled down to that, keeping its direction: **dW ← dW · min(1, maxNorm / ‖d‖)**, where
 * ‖d‖² sums the squares of all entries of all gradients. One bad batch then cannot move the parameters far. The
 * norm stays on the backend.
 * @returns the gradients, shaped like those given
 */
export function clipByGlobalNorm(grads: readonly tf.Tensor[], maxNorm: number): tf.Tensor[] {
  const norm = globalNorm(grads);
  // maxNorm / max(norm, maxNorm) is that minimum, and is defined for a gradient of 0.
  const scale = tf.div(maxNorm, tf.maximum(norm, maxNorm));
  return grads.map((dW) => tf.mul(dW, scale));
}

/** ‖d‖: the L2 norm of all gradients as one vector, a scalar. */
export function globalNorm(grads: readonly tf.Tensor[]): tf.Scalar {
  return tf.sqrt<tf.Scalar>(tf.addN(grads.map((dW) => tf.sum(tf.square(dW)))));
}

/** `clipByGlobalNorm` as a link; without a norm, gradients pass as they are. */
export const clipping = (maxNorm?: number): Link => ({
  update: ({ grads }) => (maxNorm === undefined ? {} : { grads: clipByGlobalNorm(grads, maxNorm) }),
});
