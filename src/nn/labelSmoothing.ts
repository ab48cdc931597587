import * as tf from '@tensorflow/tfjs-core';

/**
 * Label smoothing (Szegedy et al. 2016): the truth gives a part ε of its certainty to all k classes alike,
 * **Y ← (1 - ε)·Y + ε / k**. A network that is asked for certainty makes its logits ever larger; asked for a little less, it
 * stops. The rows still sum to 1, so loss and gradient are those of `softmaxCrossEntropy`: dO = (P - Y) / n.
 * @param Y [n, k] the truth as probabilities
 * @param smoothing ε in [0, 1)
 * @returns Y [n, k]
 */
export function smoothLabels(Y: tf.Tensor2D, smoothing: number): tf.Tensor2D {
  return tf.add(tf.mul(Y, 1 - smoothing), smoothing / Y.shape[1]);
}
