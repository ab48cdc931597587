import * as tf from '@tensorflow/tfjs-core';

// n samples, k classes.
// y [n]     labels: the class of each sample, int32 in [0, k)
// T [n, k]  targets: what P should be. Where they are classes, every row sums to 1, which is all that
//           `softmaxCrossEntropy` requires, so its gradient is dO = (P - T) / n for all the targets made here

/**
 * Labels as targets: 1 at the class, 0 elsewhere.
 * @param y [n], int32 in [0, k)
 * @returns T [n, k], float32
 */
export function oneHot(y: tf.Tensor1D, k: number): tf.Tensor2D {
  // `tf.oneHot` rejects depth 1; with a single class every row is [1].
  return k === 1 ? tf.ones([y.size, 1]) : (tf.oneHot(y, k, 1, 0, 'float32') as tf.Tensor2D);
}

/**
 * Label smoothing (Szegedy et al. 2016): a share ε of the probability is spread evenly over all k classes,
 * **T ← (1 - ε)·T + ε / k**. One-hot targets make the logits grow without bound; smoothed ones have a finite optimum.
 * @param T [n, k]
 * @param smoothing ε in [0, 1)
 * @returns T [n, k]
 */
export function smoothLabels(T: tf.Tensor2D, smoothing: number): tf.Tensor2D {
  return tf.add(tf.mul(T, 1 - smoothing), smoothing / T.shape[1]);
}

/**
 * Mixup (Zhang et al. 2018): the network should behave linearly between two samples. Each sample is mixed with another
 * one of its batch, and so are their targets: **X ← λ·X + (1 - λ)·X'**, **T ← λ·T + (1 - λ)·T'**. The partner is the
 * sample in the mirrored position of the batch; batches are drawn at random, and so are the pairs. Targets that are
 * numbers mix as those of classes do; and where samples have weights, a mixed one weighs **w ← λ·w + (1 - λ)·w'**.
 * Nothing is learned below X, so there is no backward.
 * @param X [n, i], T [n, k], w [n, 1] if any
 * @param lambda λ in [0, 1], drawn for every batch
 */
export function mixup(
  X: tf.Tensor2D,
  T: tf.Tensor2D,
  lambda: number,
  w?: tf.Tensor2D,
): { X: tf.Tensor2D; T: tf.Tensor2D; w?: tf.Tensor2D } {
  const mix = (A: tf.Tensor2D) => tf.add<tf.Tensor2D>(tf.mul(A, lambda), tf.mul(tf.reverse(A, 0), 1 - lambda));
  return { X: mix(X), T: mix(T), w: w && mix(w) };
}
