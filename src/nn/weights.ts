import * as tf from '@tensorflow/tfjs-core';

// w [n, 1]  how much each sample counts, with mean 1 over the training samples; 1 for each when left out

/**
 * The losses of samples, or the gradients of their losses, each times the weight of its sample. With l_r the loss of
 * sample r, **L = 1/n Σ_r w_r l_r**.
 *
 * The sum is divided by n. PyTorch's weighted cross-entropy divides it by the weights of the batch, so that a sample
 * counts less in a batch of heavy ones, and too much in a small last batch of light ones. The weights have mean 1 over
 * all the training samples, so over an epoch, Σ_r w_r l_r / Σ_r w_r, both are the same. And L times n remains a sum
 * over samples, whatever the size of the batch. w does not depend on the outputs, so dO is weighted as L is.
 * @param A [n, k] or [n, 1]
 */
export function weigh(A: tf.Tensor2D, w?: tf.Tensor2D): tf.Tensor2D {
  return w ? tf.mul(A, w) : A;
}
