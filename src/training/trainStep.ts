import * as tf from '@tensorflow/tfjs-core';
import { normalize } from '../nn/fold';
import { lossAndGradients } from '../nn/mlp';
import {
  dropInputs,
  dropoutMasks,
  listGradients,
  numOutputs,
  parametersOf,
  tensorsOf,
  trainingSteps,
  updateRunningStatistics,
  withParameters,
  withTensors,
} from '../nn/network';
import type { Loss } from '../nn/losses';
import { mixup, smoothLabels } from '../nn/targets';
import { updateAverages } from '../optim/average';
import { globalNorm } from '../optim/clip';
import type { Optimizer } from '../optim/optimizer';
import { betaVariate, keyOf } from '../random';
import { type Batch, targetsOf } from './batches';
import { accuracy } from './evaluate';
import type { StateTensors, TrainState } from './trainState';

/** The parts of a step. Everything but the optimizer goes beyond the post, and is off by default. */
export interface StepOptions {
  /** The one that the state was started with. */
  readonly optimizer: Optimizer;
  /** Cross-entropy, the post's, when left out. */
  readonly loss?: Loss;
  /** The decay of the averages of the weights; the state has to have them. */
  readonly ema?: number;
  /** The probability that a hidden unit is dropped, and that an input is. */
  readonly dropout?: number;
  readonly inputDropout?: number;
  /** The share of the probability that is spread evenly over all classes. */
  readonly labelSmoothing?: number;
  /** α of the beta distribution that samples are mixed by. */
  readonly mixup?: number;
  /** Random draws of a step depend on the run's seed and the step alone, so none has to be saved. */
  readonly seed?: number;
}

/**
 * Forward, loss, backward, update: one step, from tensors to fresh tensors.
 * Call it in a `tf.tidy`, and dispose of the tensors that the result replaces.
 */
export function trainStep(batch: Batch, state: TrainState, options: StepOptions): StateTensors {
  return computeStep(batch, state, options).next;
}

/** `trainStep` with the global L2 norm of the step's gradients, before they are clipped. */
export function measuredStep(
  batch: Batch,
  state: TrainState,
  options: StepOptions,
): { next: StateTensors; gradientNorm: tf.Scalar } {
  const { next, grads } = computeStep(batch, state, options);
  return { next, gradientNorm: globalNorm(grads) };
}

function computeStep(
  batch: Batch,
  state: TrainState,
  options: StepOptions,
): { next: StateTensors; grads: readonly tf.Tensor[] } {
  const { network, normalization, averages, best, losses, correct } = state;
  const { optimizer, ema, dropout = 0, seed = 0 } = options;
  const step = state.step + 1;
  const { X, T, w } = prepareBatch(batch, state, options);
  const masks = dropoutMasks(X.shape[0], network, dropout, keyOf(seed, 'dropout', step));
  const { loss, P, grads, trace } = lossAndGradients(X, T, trainingSteps(network, masks), options.loss, w);

  const parameters = parametersOf(network);
  const gradients = {
    params: parameters.map(({ tensor }) => tensor),
    grads: listGradients(grads),
    decays: parameters.map(({ decays }) => decays),
  };
  const updated = optimizer.update(gradients, state.optimizer, step);
  const trained = updateRunningStatistics(withParameters(network, updated.params), trace);
  const next = {
    network: trained,
    optimizer: updated.state,
    normalization,
    averages:
      averages && ema !== undefined
        ? withTensors(averages, updateAverages(tensorsOf(averages), tensorsOf(trained), ema, step))
        : averages,
    best,
    // The batch's loss is a mean; times its size it is a sum, which weights the smaller last batch correctly.
    losses: { sum: tf.add<tf.Scalar>(losses.sum, tf.mul(loss, batch.y.size)), last: loss },
    correct: correct && tf.add<tf.Scalar>(correct, accuracy(P, batch.y)),
  };
  return { next, grads: gradients.grads };
}

/** The samples as the network takes them in this step, their targets, and their weights. */
function prepareBatch(
  batch: Batch,
  { network, normalization, step }: TrainState,
  { inputDropout = 0, labelSmoothing = 0, mixup: alpha = 0, seed = 0 }: StepOptions,
): Pick<Batch, 'X' | 'w'> & { T: tf.Tensor2D } {
  let { X, w } = batch;
  let T = targetsOf(batch, numOutputs(network));
  if (labelSmoothing > 0) T = smoothLabels(T, labelSmoothing);
  if (normalization) X = normalize(X, normalization);
  if (alpha > 0) ({ X, T, w } = mixup(X, T, betaVariate(keyOf(seed, 'mixup', step + 1), alpha), w));
  return { X: dropInputs(X, inputDropout, keyOf(seed, 'dropout', step + 1)), T, w };
}
