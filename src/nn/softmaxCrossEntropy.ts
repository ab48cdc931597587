import * as tf from '@tensorflow/tfjs-core';
import { oneHot } from './targets';
import { weigh } from './weights';

// n samples, k classes.
// O [n, k]  logits, the outputs of the network: any real numbers
// P [n, k]  probabilities: every row is positive and sums to 1
// T [n, k]  targets: what P should be; one-hot, unless smoothed or mixed (see `targets.ts`)
// y [n]     labels: the class of each sample, int32
// w [n, 1]  weights, where samples have them (see `weights.ts`)

/**
 * Probabilities from logits: **P[r, c] = exp(O[r, c]) / Σ_j exp(O[r, j])**.
 *
 * exp overflows float32 beyond 88, so the row's maximum m is subtracted first. The result is the same:
 * exp(O - m) / Σ exp(O - m) = exp(-m) exp(O) / (exp(-m) Σ exp(O)). Now the largest exponent is 0, the sum is between
 * 1 and k, and terms far below the maximum underflow to 0 harmlessly.
 * @param O [n, k]
 * @returns P [n, k]
 */
export function softmax(O: tf.Tensor2D): tf.Tensor2D {
  const E = tf.exp(tf.sub(O, tf.max(O, 1, true)));
  return tf.div(E, tf.sum(E, 1, true));
}

/**
 * Raising O[r, j] raises P[r, j] and lowers the other probabilities of the row: by the quotient rule,
 * ∂P[r, c]/∂O[r, j] = P[r, c] (1[c = j] - P[r, j]). Summed over the paths c:
 * **dO[r, j] = Σ_c dP[r, c] ∂P[r, c]/∂O[r, j] = P[r, j] (dP[r, j] - Σ_c dP[r, c] P[r, c])**.
 * @param dP [n, k]
 * @param P [n, k], what `softmax` returned
 * @returns dO [n, k]
 */
export function softmaxBackward(dP: tf.Tensor2D, P: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(P, tf.sub(dP, tf.sum(tf.mul(dP, P), 1, true)));
}

/**
 * Cross-entropy of predicted probabilities, averaged over the batch, as in the post: **L = -1/n Σ_r log P[r, y_r]**.
 *
 * A probability that has underflowed to 0 makes it infinite. `softmaxCrossEntropy` computes the same from logits and
 * cannot underflow; training uses that one.
 * @param P [n, k]
 * @param y [n], int32 classes
 * @returns L, a scalar
 */
export function crossEntropyLoss(P: tf.Tensor2D, y: tf.Tensor1D): tf.Scalar {
  return tf.neg(tf.mean(tf.log(tf.sum(tf.mul(P, oneHot(y, P.shape[1])), 1))));
}

/**
 * Only the probability of the right class enters L, as -log P / n, whose derivative is -1 / (n P). With T the one-hot
 * rows of y: **dP[r, c] = -T[r, c] / (n P[r, c])**.
 * @param P [n, k]
 * @param y [n], int32 classes
 * @returns dP [n, k]
 */
export function crossEntropyLossBackward(P: tf.Tensor2D, y: tf.Tensor1D): tf.Tensor2D {
  const [n, k] = P.shape;
  return tf.div(oneHot(y, k), tf.mul(P, -n));
}

/**
 * Softmax and cross-entropy in one, from logits. With m the row's maximum, D = O - m and the partition function
 * S = Σ_j exp(D_j), the log-probability of class c is D_c - log S, so
 * **L = 1/n Σ_r (log S_r - Σ_c T[r, c] D[r, c])**, given that the rows of T sum to 1.
 * No probability passes through a logarithm: nothing underflows, for logits of any size.
 * @param O [n, k]
 * @param T [n, k]
 * @returns loss L, a scalar, and P [n, k], the softmax, which the backward pass needs
 */
export function softmaxCrossEntropy(
  O: tf.Tensor2D,
  T: tf.Tensor2D,
  w?: tf.Tensor2D,
): { loss: tf.Scalar; P: tf.Tensor2D } {
  const D = tf.sub<tf.Tensor2D>(O, tf.max(O, 1, true));
  const E = tf.exp(D);
  const S = tf.sum<tf.Tensor2D>(E, 1, true); // [n, 1]
  const loss = tf.mean<tf.Scalar>(weigh(tf.sub(tf.log(S), tf.sum(tf.mul(T, D), 1, true)), w));
  return { loss, P: tf.div(E, S) };
}

/**
 * Gradient of the mean loss with respect to the logits. Put dP = -T / (n P) into `softmaxBackward`:
 * dO = P (dP - Σ_c dP P) = -T/n + P Σ_c T/n, and because the rows of T sum to 1
 *
 * **dO = (P - T) / n**: predicted minus target. (1/n because L is the mean over the batch.)
 * @param P [n, k], from `softmaxCrossEntropy`
 * @param T [n, k]
 * @returns dO [n, k]
 */
export function softmaxCrossEntropyBackward(P: tf.Tensor2D, T: tf.Tensor2D, w?: tf.Tensor2D): tf.Tensor2D {
  return tf.div(weigh(tf.sub(P, T), w), P.shape[0]);
}
