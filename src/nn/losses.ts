import type * as tf from '@tensorflow/tfjs-core';
import { huber, huberBackward } from './huber';
import { meanSquaredError, meanSquaredErrorBackward } from './meanSquaredError';
import { softmaxCrossEntropy, softmaxCrossEntropyBackward } from './softmaxCrossEntropy';

// O, P, T and dO all have one shape, [n, k]; w [n, 1].

/** A loss: what training minimizes, a mean over the samples of a batch. */
export interface Loss {
  /** L, and P: the predictions that the outputs O stand for, be it probabilities or O itself. */
  forward(O: tf.Tensor2D, T: tf.Tensor2D, w?: tf.Tensor2D): { loss: tf.Scalar; P: tf.Tensor2D };
  /** dO, from the predictions and the targets. */
  backward(P: tf.Tensor2D, T: tf.Tensor2D, w?: tf.Tensor2D): tf.Tensor2D;
}

/** The hyperparameters of the losses. */
export interface LossOptions {
  /** huber: δ, the size of a residual beyond which the loss is linear, 1. */
  readonly delta?: number;
}

/** The loss of the post. */
export const crossEntropy: Loss = { forward: softmaxCrossEntropy, backward: softmaxCrossEntropyBackward };

/** Every loss, by the name that users give. */
export const LOSSES = {
  'cross-entropy': () => crossEntropy,
  mse: () => ({
    forward: (O, T, w) => ({ loss: meanSquaredError(O, T, w), P: O }),
    backward: meanSquaredErrorBackward,
  }),
  huber: ({ delta = 1 }) => ({
    forward: (O, T, w) => ({ loss: huber(O, T, delta, w), P: O }),
    backward: (O, T, w) => huberBackward(O, T, delta, w),
  }),
} satisfies Record<string, (options: LossOptions) => Loss>;

/** The name of a loss. */
export type LossName = keyof typeof LOSSES;

/** A loss by name. */
export function createLoss(name: LossName, options: LossOptions = {}): Loss {
  return LOSSES[name](options);
}
