import * as tf from '@tensorflow/tfjs-core';
import { weigh } from './weights';

// n samples, k outputs; O, T and w as in `meanSquaredError.ts`.
// R [n, k]  residuals O - T
// C [n, k]  residuals, clipped to [-δ, δ]

/**
 * Huber's loss (1964): the square up to δ and linear beyond, so that an outlier pulls no harder than a sample that is δ
 * off. Of a residual r it is r²/2 where |r| <= δ, and δ (|r| - δ/2) elsewhere; with c = r clipped to [-δ, δ] both are
 * c (r - c/2). The mean over samples and outputs: **L = 1/(n k) Σ C ⊙ (R - C/2)**. The same as PyTorch's `huber_loss`.
 * @param O [n, k], T [n, k]
 * @param delta δ, above 0
 * @returns L, a scalar
 */
export function huber(O: tf.Tensor2D, T: tf.Tensor2D, delta: number, w?: tf.Tensor2D): tf.Scalar {
  const R = tf.sub<tf.Tensor2D>(O, T);
  const C = tf.clipByValue(R, -delta, delta);
  return tf.mean(weigh(tf.mul(C, tf.sub(R, tf.mul(C, 0.5))), w));
}

/**
 * The derivative is r up to δ and ±δ beyond: the clipped residual, **dO = C / (n k)**. The two pieces meet at δ with
 * one slope, so there is no corner.
 * @param O [n, k], T [n, k]
 * @param delta δ, above 0
 * @returns dO [n, k]
 */
export function huberBackward(O: tf.Tensor2D, T: tf.Tensor2D, delta: number, w?: tf.Tensor2D): tf.Tensor2D {
  return tf.div(weigh(tf.clipByValue(tf.sub(O, T), -delta, delta), w), O.size);
}
