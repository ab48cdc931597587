import * as tf from '@tensorflow/tfjs-core';
import { startStatistics } from '../nn/batchNorm';
import { fold } from '../nn/fold';
import { layersOf } from '../nn/mlp';
import { OPTIMIZERS, type OptimizerName } from '../optim/optimizers';
import type { Random, Stream } from '../random';

/**
 * The lists of tensors that a state is made of. Whoever adds one adds its name here, and a step returns all of them:
 * replacing, disposing, checkpoints and resume walk this table and know no list by name.
 */
export const STATE_LISTS = [
  'params',
  'optimizer',
  'normalisation',
  'statistics',
  'averages',
  'best',
  'losses',
] as const;
export type StateList = (typeof STATE_LISTS)[number];
export type StateTensors = Record<StateList, tf.Tensor[]>;

/**
 * Where a training run stands. `train` changes it step by step and keeps nothing else, so that whoever holds it holds the
 * trained network at every event, also when the loop is left early or an error ends it; and `train` goes on from any
 * state it left. The holder disposes of it with `disposeState`.
 */
export interface TrainState extends StateTensors {
  params: tf.Tensor[];
  /** What the optimizer remembers. */
  optimizer: tf.Tensor[];
  /** The mean and standard deviation of the inputs, fitted before the first step; empty when they are taken as they are. */
  normalisation: tf.Tensor[];
  /** The running mean and variance of each layer with batch normalisation. */
  statistics: tf.Tensor[];
  /** The exponential averages of `params` and `statistics`; empty when none are kept. */
  averages: tf.Tensor[];
  /** The network of the best epoch, ready for use; empty when training does not stop early. */
  best: tf.Tensor[];
  /** Two scalars of the epoch at hand: the sum of its samples' losses so far, and the mean loss of its last batch. */
  losses: tf.Tensor[];
  /** Finished epochs. */
  epoch: number;
  /** Finished steps, over all epochs. */
  step: number;
  /** Finished steps of the epoch at hand, and the samples in them. */
  batch: number;
  samples: number;
  /** Of these, what was left out because it led to numbers that are not finite. */
  skippedBatches: number;
  skippedSamples: number;
  /** The epoch that `best` is from, 0 before the first, and its accuracy on the validation samples. */
  bestEpoch: number;
  bestAccuracy: number;
  /**
   * The generators that training draws from, each after what the finished steps drew. Only `order` stands where the epoch
   * at hand began: the order of a whole epoch is drawn at once.
   */
  random: Partial<Record<Stream, Random>>;
  /** Seconds that the run has taken so far, and how many it had when the epoch at hand began. */
  seconds: number;
  epochBegan: number;
}

/** Lists that only some runs have. */
export interface Extras {
  /** [mean, std] of the inputs. */
  readonly normalisation?: tf.Tensor[];
  /** Exponential averages of the weights. */
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
  optimizer: OptimizerName = 'sgd',
  random: TrainState['random'] = {},
  { normalisation = [], averages = false, best = false }: Extras = {},
): TrainState {
  const statistics = layersOf(params).flatMap(({ g }) => (g ? startStatistics(g.size) : []));
  return {
    params,
    optimizer: OPTIMIZERS[optimizer].init(params),
    normalisation,
    statistics,
    averages: averages ? [...params, ...statistics].map((tensor) => tf.clone(tensor)) : [],
    best: best ? tf.tidy(() => fold(params, statistics)) : [],
    bestEpoch: 0,
    bestAccuracy: 0,
    losses: noLosses(),
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

/** The losses of an epoch that has not begun. */
export function noLosses(): tf.Tensor[] {
  return [tf.scalar(0), tf.scalar(0)];
}

/** Every tensor of a state. */
export function stateTensors(state: StateTensors): tf.Tensor[] {
  return STATE_LISTS.flatMap((list) => state[list]);
}

/** Puts the lists of `next` into the state and disposes of those they replace; a tensor that is in both stays. */
export function replaceTensors(state: StateTensors, next: StateTensors): void {
  disposeReplaced(state, next);
  for (const list of STATE_LISTS) state[list] = next[list];
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
