import * as tf from '@tensorflow/tfjs-core';
import { startStatistics } from '../nn/batchNorm';
import { fold, type Normalisation } from '../nn/fold';
import { layersOf, parameterNames } from '../nn/mlp';
import type { Optimizer, OptimizerState } from '../optim/optimizer';
import type { Random, Stream } from '../random';

/**
 * The tensors of a state. Whoever adds some adds them to `mapTensors`, and a step returns all of them: replacing, disposing,
 * checkpoints and resume go through that function and know no tensor by name.
 */
export type StateTensors = {
  params: tf.Tensor[];
  /** What the optimizer remembers. */
  optimizer: OptimizerState;
  /** The mean and standard deviation of the inputs, fitted before the first step; empty when they are taken as they are. */
  normalization: tf.Tensor[];
  /** The running mean and variance of each layer with batch normalization. */
  statistics: tf.Tensor[];
  /** The exponential moving averages of `params` and `statistics`; empty when none are kept. */
  averages: tf.Tensor[];
  /** The network of the best epoch, ready for use; empty when training does not stop early. */
  best: tf.Tensor[];
  /** Two scalars of the current epoch: the sum of its samples' losses so far, and the mean loss of its last batch. */
  losses: tf.Tensor[];
};

/**
 * Where a training run stands. `train` changes it step by step and keeps nothing else, so that whoever holds it holds the
 * trained network at every event, also when the loop is left early or an error ends it; and `train` resumes from any
 * state it left. The holder disposes of it with `disposeState`.
 */
export interface TrainState extends StateTensors {
  /** Finished epochs. */
  epoch: number;
  /** Finished steps, over all epochs. */
  step: number;
  /** Finished steps of the current epoch, and the samples in them. */
  batch: number;
  samples: number;
  /** Of these, what was left out because it led to non-finite values. */
  skippedBatches: number;
  skippedSamples: number;
  /** The epoch that `best` is from, 0 before the first, and its accuracy on the validation samples. */
  bestEpoch: number;
  bestAccuracy: number;
  /**
   * The generators that training draws from, each after what the finished steps drew. Only `order` stands where the current
   * epoch started: the order of a whole epoch is drawn at once.
   */
  random: Partial<Record<Stream, Random>>;
  /** Seconds that the run has taken so far, and how many it had when the current epoch started. */
  seconds: number;
  epochBegan: number;
}

/** What only some runs keep. */
export interface Extras {
  /** [mean, std] of the inputs. */
  readonly normalization?: tf.Tensor[];
  /** Exponential moving averages of the weights. */
  readonly averages?: boolean;
  /** The network of the best epoch. */
  readonly best?: boolean;
}

/**
 * The state before the first step. It takes over the tensors it is given.
 * @param random the generators that training draws from; an iterator that shuffles brings `order` itself
 */
export function startState(
  params: tf.Tensor[],
  optimizer: Optimizer,
  random: TrainState['random'] = {},
  { normalization = [], averages = false, best = false }: Extras = {},
): TrainState {
  const statistics = layersOf(params).flatMap(({ g }) => (g ? startStatistics(g.size) : []));
  return {
    params,
    optimizer: optimizer.init(params),
    normalization,
    statistics,
    averages: averages ? [...params, ...statistics].map((tensor) => tf.clone(tensor)) : [],
    best: best ? tf.tidy(() => fold(params, statistics)) : [],
    bestEpoch: 0,
    bestAccuracy: 0,
    losses: zeroLosses(),
    epoch: 0,
    step: 0,
    batch: 0,
    samples: 0,
    skippedBatches: 0,
    skippedSamples: 0,
    random,
    seconds: 0,
    epochBegan: 0,
  };
}

/** The losses of an epoch that has not started. */
export function zeroLosses(): tf.Tensor[] {
  return [tf.scalar(0), tf.scalar(0)];
}

/**
 * The network as it would be used now: the averages where the state keeps some, with batch normalization and the
 * normalization of the inputs folded in.
 * @returns plain parameters, W1 b1 W2 b2 …, which the caller disposes of
 */
export function inferenceNetwork(
  state: Pick<StateTensors, 'params' | 'statistics' | 'averages' | 'normalization'>,
): tf.Tensor[] {
  const { params, statistics, averages } = state;
  const averaged = averages.length > 0;
  const weights = averaged ? averages.slice(0, params.length) : params;
  const running = averaged ? averages.slice(params.length) : statistics;
  return tf.tidy(() => fold(weights, running, normalizationOf(state)));
}

/** How a state's network takes its inputs, or undefined when as they are. */
export function normalizationOf({ normalization }: Pick<StateTensors, 'normalization'>): Normalisation | undefined {
  const [mean, std] = normalization;
  return mean && std && { mean, std };
}

/** Every tensor of a state, replaced by what `f` makes of it. Parameters have the names of a model file: W1, b1, …. */
export function mapTensors(state: StateTensors, f: (tensor: tf.Tensor, name: string) => tf.Tensor): StateTensors {
  const names = parameterNames(state.params);
  const numbered = (list: string, tensors: readonly tf.Tensor[]) =>
    tensors.map((tensor, i) => f(tensor, `${list}/${i}`));
  const named = (prefix: string, tensors: readonly tf.Tensor[]) =>
    tensors.map((tensor, i) => f(tensor, `${prefix}${names[i]!}`));
  return {
    params: named('', state.params),
    optimizer: Object.fromEntries(
      Object.entries(state.optimizer).map(([slot, tensors]) => [slot, named(`optimizer/${slot}/`, tensors)]),
    ),
    normalization: numbered('normalization', state.normalization),
    statistics: numbered('statistics', state.statistics),
    averages: numbered('averages', state.averages),
    best: numbered('best', state.best),
    losses: numbered('losses', state.losses),
  };
}

/** Every tensor of a state, by name. */
export function namedTensors(state: StateTensors): Map<string, tf.Tensor> {
  const found = new Map<string, tf.Tensor>();
  mapTensors(state, (tensor, name) => {
    found.set(name, tensor);
    return tensor;
  });
  return found;
}

/** Every tensor of a state. */
export function stateTensors(state: StateTensors): tf.Tensor[] {
  return [...namedTensors(state).values()];
}

/** Puts the tensors of `next` into the state and disposes of those they replace; a tensor that is in both stays. */
export function replaceTensors(state: StateTensors, next: StateTensors): void {
  disposeReplaced(state, next);
  Object.assign(state, next);
}

/** Disposes of the tensors of one that are not in the other. */
export function disposeReplaced(gone: StateTensors, kept: StateTensors): void {
  const alive = new Set(stateTensors(kept));
  tf.dispose(stateTensors(gone).filter((tensor) => !alive.has(tensor)));
}

/** Frees every tensor of a state. */
export function disposeState(state: StateTensors): void {
  tf.dispose(stateTensors(state));
}
