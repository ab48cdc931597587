import * as tf from '@tensorflow/tfjs-core';
import { OPTIMIZERS, type OptimizerName } from '../optim/optimizers';
import type { Random, Stream } from '../random';

/**
 * The lists of tensors that a state is made of. Whoever adds one adds its name here, and a step returns all of them:
 * replacing, disposing, checkpoints and resume walk this table and know no list by name.
 */
export const STATE_LISTS = ['params', 'optimizer', 'losses'] as const;
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
  /** Two scalars of the epoch at hand: the sum of its samples' losses so far, and the mean loss of its last batch. */
  losses: tf.Tensor[];
  /** Finished epochs. */
  epoch: number;
  /** Finished steps, over all epochs. */
  step: number;
  /** Finished steps of the epoch at hand, and the samples in them. */
  batch: number;
  samples: number;
  /**
   * The generators that training draws from, each after what the finished steps drew. Only `order` stands where the epoch
   * at hand began: the order of a whole epoch is drawn at once.
   */
  random: Partial<Record<Stream, Random>>;
  /** Seconds that the run has taken so far, and how many it had when the epoch at hand began. */
  seconds: number;
  epochBegan: number;
}

/**
 * The state before the first step. It takes over the parameters.
 * @param random the generators that training draws from; an iterator that shuffles brings `order` itself
 */
export function startState(
  params: tf.Tensor[],
  optimizer: OptimizerName = 'sgd',
  random: TrainState['random'] = {},
): TrainState {
  return {
    params,
    optimizer: OPTIMIZERS[optimizer].init(params),
    losses: noLosses(),
    epoch: 0,
    step: 0,
    batch: 0,
    samples: 0,
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
  const kept = new Set(stateTensors(next));
  tf.dispose(stateTensors(state).filter((tensor) => !kept.has(tensor)));
  for (const list of STATE_LISTS) state[list] = next[list];
}

/** Frees every tensor of a state. */
export function disposeState(state: StateTensors): void {
  tf.dispose(stateTensors(state));
}
