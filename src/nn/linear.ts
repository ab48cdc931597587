import * as tf from '@tensorflow/tfjs-core';

// X [n, i]  the n samples of a batch, one a row
// W [i, o]  W[j, k] is how strongly input j speaks for output k
// b [o]     added to every row
// Y [n, o]
//
// dY is the gradient of the loss L with respect to Y, and has Y's shape: dY[r, k] = ∂L/∂Y[r, k].

/**
 * The affine map of a layer: Y = X·W + b, that is Y[r, k] = Σ_j X[r, j] W[j, k] + b[k].
 * @param X [n, i]
 * @param W [i, o]
 * @param b [o]
 * @returns Y [n, o]
 */
export function linear(X: tf.Tensor2D, W: tf.Tensor2D, b: tf.Tensor1D): tf.Tensor2D {
  return tf.add(tf.matMul(X, W), b);
}

/**
 * What the loss says to the parameters of a linear layer.
 *
 * W[j, k] reaches the loss through Y[r, k] of every sample r, each time multiplied by X[r, j]. The chain rule sums over
 * these ways: ∂L/∂W[j, k] = Σ_r X[r, j] dY[r, k], which is the product **dW = Xᵀ·dY**.
 * b[k] reaches it through the same Y[r, k], multiplied by 1: ∂L/∂b[k] = Σ_r dY[r, k], so **db = the column sums of dY**.
 * @param dY [n, o]
 * @param X [n, i]
 * @returns dW [i, o], db [o]: shaped like what they are the gradients of
 */
export function linearBackward(dY: tf.Tensor2D, X: tf.Tensor2D): { dW: tf.Tensor2D; db: tf.Tensor1D } {
  return { dW: tf.matMul(X, dY, true, false), db: tf.sum(dY, 0) };
}

/**
 * What the loss says to the layer below, through a linear layer.
 *
 * X[r, j] reaches the loss through every output k of its own row, each time multiplied by W[j, k]:
 * ∂L/∂X[r, j] = Σ_k dY[r, k] W[j, k], which is the product **dX = dY·Wᵀ**.
 *
 * It stands apart from `linearBackward` because the first layer has nobody below: the gradient with respect to the
 * pixels would cost as much as dW and be thrown away.
 * @param dY [n, o]
 * @param W [i, o]
 * @returns dX [n, i]
 */
export function linearInputBackward(dY: tf.Tensor2D, W: tf.Tensor2D): tf.Tensor2D {
  return tf.matMul(dY, W, false, true);
}
