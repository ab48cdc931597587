import * as tf from '@tensorflow/tfjs-core';

/**
 * Mixup (Zhang et al. 2018): between two samples the network shall go straight. Each sample is mixed with another one of its
 * batch, and so is its truth: **X ← λ·X + (1 - λ)·X'**, **Y ← λ·Y + (1 - λ)·Y'**. The partner is the sample as far from the
 * batch's end as it is from its beginning; as batches are drawn at random, so are the pairs. The rows of Y still sum to 1, so
 * loss and gradient are those of `softmaxCrossEntropy`; nothing is learned below X, so there is no backward.
 * @param X [n, i] samples, Y [n, k] their truth as probabilities
 * @param lambda λ in [0, 1], drawn afresh for every batch
 */
export function mixup(X: tf.Tensor2D, Y: tf.Tensor2D, lambda: number): { X: tf.Tensor2D; Y: tf.Tensor2D } {
  const mix = (A: tf.Tensor2D) => tf.add<tf.Tensor2D>(tf.mul(A, lambda), tf.mul(tf.reverse(A, 0), 1 - lambda));
  return { X: mix(X), Y: mix(Y) };
}
