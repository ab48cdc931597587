import * as tf from '@tensorflow/tfjs-core';

// X [n, i]  the n samples of a batch, or the activations H of the layer below: one sample a row
// W [i, o]  W[j, k] is the weight of input j in output k
// b [o]     added to every row
// Z [n, o]  the pre-activations
//
// dZ is the gradient of the loss L with respect to Z, and has Z's shape: dZ[r, k] = ∂L/∂Z[r, k].

/**
 * The affine map of a layer: **Z = X·W + b**, that is Z[r, k] = Σ_j X[r, j] W[j, k] + b[k].
 * @param X [n, i]
 * @param W [i, o]
 * @param b [o]
 * @returns Z [n, o]
 */
export function linear(X: tf.Tensor2D, W: tf.Tensor2D, b: tf.Tensor1D): tf.Tensor2D {
  return tf.add(tf.matMul(X, W), b);
}

/**
 * Gradients of the loss with respect to W and b.
 *
 * W[j, k] reaches the loss through Z[r, k] of every sample r, each time multiplied by X[r, j]. The chain rule sums over
 * these paths: ∂L/∂W[j, k] = Σ_r X[r, j] dZ[r, k], which is the product **dW = Xᵀ·dZ**.
 * b[k] reaches it through the same Z[r, k], multiplied by 1: ∂L/∂b[k] = Σ_r dZ[r, k], that is **db = Σ_r dZ**, the
 * column sums.
 * @param dZ [n, o]
 * @param X [n, i]
 * @returns dW [i, o] and db [o], each shaped like its parameter
 */
export function linearBackward(dZ: tf.Tensor2D, X: tf.Tensor2D): { dW: tf.Tensor2D; db: tf.Tensor1D } {
  return { dW: tf.matMul(X, dZ, true, false), db: tf.sum(dZ, 0) };
}

/**
 * Gradient of the loss with respect to X: what the layer below receives.
 *
 * X[r, j] reaches the loss through every output k of its own row, each time multiplied by W[j, k]:
 * ∂L/∂X[r, j] = Σ_k dZ[r, k] W[j, k], which is the product **dX = dZ·Wᵀ**.
 *
 * It is separate from `linearBackward` because the first layer does not need it:
 * the gradient with respect to the pixels would cost as much as dW and be discarded.
 * @param dZ [n, o]
 * @param W [i, o]
 * @returns dX [n, i]
 */
export function linearInputBackward(dZ: tf.Tensor2D, W: tf.Tensor2D): tf.Tensor2D {
  return tf.matMul(dZ, W, false, true);
}
