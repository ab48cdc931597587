import * as tf from '@tensorflow/tfjs-core';
import { weigh } from './weights';

// n samples, k outputs.
// O [n, k]  the outputs of the network, which are its predictions
// T [n, k]  targets: what O should be
// w [n, 1]  weights, where samples have them (see `weights.ts`)

/**
 * Mean squared error, over the samples and over the outputs: **L = 1/(n k) Σ_r Σ_c (O[r, c] - T[r, c])²**. With the
 * mean over the outputs too, a learning rate that suits one output suits several.
 * @param O [n, k], T [n, k]
 * @returns L, a scalar
 */
export function meanSquaredError(O: tf.Tensor2D, T: tf.Tensor2D, w?: tf.Tensor2D): tf.Scalar {
  return tf.mean(weigh(tf.square(tf.sub(O, T)), w));
}

/**
 * O[r, c] enters one of the squares, whose derivative is twice its root: **dO = 2 (O - T) / (n k)**, for one output
 * 2 (O - T) / n.
 * @param O [n, k], T [n, k]
 * @returns dO [n, k]
 */
export function meanSquaredErrorBackward(O: tf.Tensor2D, T: tf.Tensor2D, w?: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(weigh(tf.sub(O, T), w), 2 / O.size);
}
