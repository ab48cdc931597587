import type * as tf from '@tensorflow/tfjs-core';
import { adam, adamw } from './adam';
import { momentum, nesterov } from './momentum';
import { rmsprop } from './rmsprop';
import { sgd } from './sgd';

/**
 * An update rule over two lists of tensors, the parameters and their gradients. It never sees the model. Both functions are
 * pure: `update` returns fresh tensors for all that changes, and the caller disposes of what they replace.
 */
export interface Optimizer {
  /** What the rule remembers before the first step. */
  init(params: readonly tf.Tensor[]): tf.Tensor[];
  /** One step: `step` counts from 1, `lr` is the learning rate at that step. */
  update(
    params: readonly tf.Tensor[],
    grads: readonly tf.Tensor[],
    state: readonly tf.Tensor[],
    lr: number,
    step: number,
    options?: OptimizerOptions,
  ): { params: tf.Tensor[]; state: tf.Tensor[] };
}

/** The numbers of the rules; each reads those that its formula has, and what is left out gets the customary value. */
export interface OptimizerOptions {
  /** momentum, nesterov: the part of the velocity that is kept, 0.9. */
  readonly momentum?: number;
  /** adam, adamw: the part of the mean gradient that is kept, 0.9. */
  readonly beta1?: number;
  /** adam, adamw (0.999), rmsprop (0.99): the part of the mean square that is kept. */
  readonly beta2?: number;
  /** adam, adamw, rmsprop: added to the root of the mean square, 1e-8, so that nothing is divided by 0. */
  readonly epsilon?: number;
  /** How strongly weights are pulled towards 0: see `decay.ts`. */
  readonly weightDecay?: number;
}

/** Every update rule, by the name that users give. */
export const OPTIMIZERS = { sgd, momentum, nesterov, rmsprop, adam, adamw } satisfies Record<string, Optimizer>;

export type OptimizerName = keyof typeof OPTIMIZERS;
