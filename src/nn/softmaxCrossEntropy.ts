import * as tf from '@tensorflow/tfjs-core';

// n samples, k classes.
// O [n, k]  the network's outputs (logits): any real numbers
// P [n, k]  probabilities: every row is positive and sums to 1
// Y [n, k]  the truth as probabilities: a row is 1 at the right class and 0 elsewhere (one-hot)

/**
 * Probabilities from logits: P[r, c] = exp(O[r, c]) / Σ_j exp(O[r, j]).
 *
 * exp overflows float32 beyond 88, so the row's maximum m is subtracted first. Nothing changes:
 * exp(O - m) / Σ exp(O - m) = exp(-m) exp(O) / (exp(-m) Σ exp(O)). Now the largest exponent is 0, the sum lies between
 * 1 and k, and what is far below the maximum becomes 0 without harm.
 * @param O [n, k]
 * @returns P [n, k]
 */
export function softmax(O: tf.Tensor2D): tf.Tensor2D {
  const E = tf.exp(tf.sub(O, tf.max(O, 1, true)));
  return tf.div(E, tf.sum(E, 1, true));
}

/**
 * dO from dP. Raising O[r, j] raises P[r, j] and lowers the other probabilities of the row:
 * ∂P[r, c]/∂O[r, j] = P[r, c] (1[c = j] - P[r, j]), by the quotient rule. Summed over the ways c:
 * dO[r, j] = Σ_c dP[r, c] ∂P[r, c]/∂O[r, j] = P[r, j] (dP[r, j] - Σ_c dP[r, c] P[r, c]).
 * @param dP [n, k]
 * @param P [n, k], what `softmax` returned
 * @returns dO [n, k]
 */
export function softmaxBackward(dP: tf.Tensor2D, P: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(P, tf.sub(dP, tf.sum(tf.mul(dP, P), 1, true)));
}

/**
 * Cross-entropy of predicted probabilities, averaged over the batch, as the post writes it:
 * L = -1/n Σ_r log P[r, y_r].
 *
 * A probability that has underflowed to 0 makes it infinite; `softmaxCrossEntropy` computes the same from logits and
 * never does. Training uses that one.
 * @param P [n, k]
 * @param y [n], int32 classes
 * @returns L, a scalar
 */
export function crossEntropyLoss(P: tf.Tensor2D, y: tf.Tensor1D): tf.Scalar {
  return tf.neg(tf.mean(tf.log(tf.sum(tf.mul(P, oneHot(y, P.shape[1])), 1))));
}

/**
 * Only the probability of the right class enters L, as -log P / n, whose derivative is -1 / (n P):
 * dP[r, c] = -Y[r, c] / (n P[r, c]).
 * @param P [n, k]
 * @param y [n], int32 classes
 * @returns dP [n, k]
 */
export function crossEntropyLossBackward(P: tf.Tensor2D, y: tf.Tensor1D): tf.Tensor2D {
  const [n, k] = P.shape;
  return tf.div(oneHot(y, k), tf.mul(P, -n));
}

/**
 * Softmax and cross-entropy in one, from logits. With m the row's maximum and S = Σ_j exp(O_j - m), the log-probability
 * of class c is O_c - m - log S, so that
 * L = 1/n Σ_r (log S_r - Σ_c Y[r, c] (O[r, c] - m_r)), given that the rows of Y sum to 1.
 * No probability passes through a logarithm: nothing underflows, for logits of any size.
 * @param O [n, k]
 * @param Y [n, k]
 * @returns loss L, a scalar, and P [n, k], the softmax, which the backward pass needs
 */
export function softmaxCrossEntropy(O: tf.Tensor2D, Y: tf.Tensor2D): { loss: tf.Scalar; P: tf.Tensor2D } {
  const Z = tf.sub<tf.Tensor2D>(O, tf.max(O, 1, true));
  const E = tf.exp(Z);
  const S = tf.sum<tf.Tensor2D>(E, 1, true); // [n, 1]
  const loss = tf.mean<tf.Scalar>(tf.sub(tf.log(S), tf.sum(tf.mul(Y, Z), 1, true)));
  return { loss, P: tf.div(E, S) };
}

/**
 * The gradient of the mean loss with respect to the logits. With the two steps above, one after the other and
 * dP = -Y / (n P): dO = P (dP - Σ_c dP P) = -Y/n + P Σ_c Y/n, and because the rows of Y sum to 1
 *
 * **dO = (P - Y) / n**: predicted minus true. (1/n because L is the mean over the batch.)
 * @param P [n, k], from `softmaxCrossEntropy`
 * @param Y [n, k]
 * @returns dO [n, k]
 */
export function softmaxCrossEntropyBackward(P: tf.Tensor2D, Y: tf.Tensor2D): tf.Tensor2D {
  return tf.div(tf.sub(P, Y), P.shape[0]);
}

/**
 * Classes as rows of probabilities: 1 at the class, 0 elsewhere. `tf.oneHot` does not know one class only, which is always the
 * right one.
 * @param y [n], int32 in [0, k)
 * @returns Y [n, k], float32
 */
export function oneHot(y: tf.Tensor1D, k: number): tf.Tensor2D {
  return k === 1 ? tf.ones([y.size, 1]) : (tf.oneHot(y, k, 1, 0, 'float32') as tf.Tensor2D);
}
