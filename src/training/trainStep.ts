import * as tf from '@tensorflow/tfjs-core';
import type { ActivationName } from '../nn/activations';
import { lossAndGradients } from '../nn/mlp';
import { oneHot } from '../nn/softmaxCrossEntropy';
import { OPTIMIZERS, type OptimizerName } from '../optim/optimizers';
import type { Batch } from './batches';
import type { StateTensors, TrainState } from './trainState';

/**
 * Forward, loss, backward, update: one step, from tensors to fresh tensors. Call it in a `tf.tidy`, and dispose of what the
 * result replaces.
 */
export function trainStep(
  { X, y }: Batch,
  state: TrainState,
  lr: number,
  activation: ActivationName,
  optimizer: OptimizerName,
): StateTensors {
  const numOutputs = state.params.at(-1)!.size;
  const { loss, grads } = lossAndGradients(X, oneHot(y, numOutputs), state.params, activation);
  const updated = OPTIMIZERS[optimizer].update(state.params, grads, state.optimizer, lr, state.step + 1);
  return {
    params: updated.params,
    optimizer: updated.state,
    // The batch's loss is a mean; times its size it is a sum, so that the smaller last batch counts for what it is.
    losses: [tf.add(state.losses[0]!, tf.mul(loss, y.size)), loss],
  };
}
