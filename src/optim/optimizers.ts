import type * as tf from '@tensorflow/tfjs-core';
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
  ): { params: tf.Tensor[]; state: tf.Tensor[] };
}

/** Every update rule, by the name that users give. */
export const OPTIMIZERS = { sgd } satisfies Record<string, Optimizer>;

export type OptimizerName = keyof typeof OPTIMIZERS;
