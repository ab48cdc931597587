import * as tf from '@tensorflow/tfjs-core';
import type { ActivationName } from '../nn/activations';
import { updateStatistics } from '../nn/batchNorm';
import { dropoutMasks } from '../nn/dropoutMasks';
import { normalise } from '../nn/fold';
import { smoothLabels } from '../nn/labelSmoothing';
import { mixup } from '../nn/mixup';
import { decaysOf, lossAndGradients, type Trace } from '../nn/mlp';
import { oneHot } from '../nn/softmaxCrossEntropy';
import { updateAverages } from '../optim/average';
import type { Optimizer } from '../optim/optimizer';
import { beta, keyOf } from '../random';
import type { Batch } from './batches';
import { normalizationOf, type StateTensors, type TrainState } from './trainState';

/**
 * What a step does beyond the post's. Everything is off when left out. Whether the network has batch normalisation is said
 * by its parameters.
 */
export interface StepOptions {
  /** The one that the state was started with. */
  readonly optimizer: Optimizer;
  readonly activation?: ActivationName;
  /** What is kept of the averages of the weights; the state has to have them. */
  readonly ema?: number;
  /** The probability that a hidden unit is dropped, and that an input is. */
  readonly dropout?: number;
  readonly inputDropout?: number;
  /** The part of the truth that all classes share. */
  readonly labelSmoothing?: number;
  /** α of the beta distribution that samples are mixed by. */
  readonly mixup?: number;
  /** What is drawn in a step depends on the run's seed and the step alone, so that nothing of it has to be saved. */
  readonly seed?: number;
}

/**
 * Forward, loss, backward, update: one step, from tensors to fresh tensors. Call it in a `tf.tidy`, and dispose of what the
 * result replaces.
 */
export function trainStep(batch: Batch, state: TrainState, options: StepOptions): StateTensors {
  const { activation, optimizer, ema } = options;
  const step = state.step + 1;
  const { X, Y } = asTrained(batch, state, options);
  const masks = dropoutMasks(X.shape[0], state.params, options, keyOf(options.seed ?? 0, 'dropout', step));
  const { loss, grads, norms } = lossAndGradients(X, Y, state.params, activation, masks);
  const { params } = state;
  const updated = optimizer.update({ params, grads, decays: decaysOf(params) }, state.optimizer, step);
  const statistics = allStatistics(state.statistics, norms, X.shape[0]);
  return {
    params: [...updated.params],
    optimizer: updated.state,
    normalization: state.normalization,
    statistics,
    // The average of a network with batch normalisation has the average statistics.
    averages: ema === undefined ? [] : updateAverages(state.averages, [...updated.params, ...statistics], ema, step),
    best: state.best,
    // The batch's loss is a mean; times its size it is a sum, so that the smaller last batch counts for what it is.
    losses: [tf.add(state.losses[0]!, tf.mul(loss, batch.y.size)), loss],
  };
}

/** The samples as the network sees them, and their truth as probabilities. */
function asTrained(
  { X, y }: Batch,
  state: TrainState,
  { labelSmoothing, mixup: alpha, seed = 0 }: StepOptions,
): { X: tf.Tensor2D; Y: tf.Tensor2D } {
  const truth = oneHot(y, state.params.at(-1)!.size);
  const normalisation = normalizationOf(state);
  const Y = labelSmoothing ? smoothLabels(truth, labelSmoothing) : truth;
  const inputs = normalisation ? normalise(X, normalisation) : X;
  return alpha ? mixup(inputs, Y, beta(keyOf(seed, 'mixup', state.step + 1), alpha)) : { X: inputs, Y };
}

function allStatistics(statistics: readonly tf.Tensor[], norms: Trace['norms'], n: number): tf.Tensor[] {
  return norms
    .filter((norm) => norm !== undefined)
    .flatMap((norm, i) => {
      const [mean, variance] = [statistics[2 * i], statistics[2 * i + 1]] as [tf.Tensor1D, tf.Tensor1D];
      return updateStatistics(mean, variance, norm, n);
    });
}
