import * as tf from '@tensorflow/tfjs-core';
import { fold, type Normalization } from '../nn/fold';
import type { Network } from '../nn/mlp';
import { mapNetwork, parametersOf, type TrainableNetwork } from '../nn/network';
import type { Optimizer, OptimizerState } from '../optim/optimizer';

/**
 * The tensors of a state. A new one must be added to `mapTensors`, and a step must return all of them:
 * replacing, disposing, checkpoints and resuming go through that function and know no tensor by name.
 */
export type StateTensors = {
  network: TrainableNetwork;
  /** The state of the optimizer. */
  optimizer: OptimizerState;
  /** How the inputs are normalized, fitted before the first step; undefined when they are not. */
  normalization: Normalization | undefined;
  /** The exponential moving averages of the network's tensors; undefined when none are kept. */
  averages: TrainableNetwork | undefined;
  /** The network of the best epoch, ready for use; undefined when training does not stop early. */
  best: Network | undefined;
  /** Of the current epoch: the sum of its samples' losses so far, and the mean loss of its last batch. */
  losses: { sum: tf.Scalar; last: tf.Scalar };
  /** Of the current epoch: the samples classified correctly so far; undefined when they are not counted. */
  correct: tf.Scalar | undefined;
};

/**
 * The progress of a training run. `train` changes it step by step and keeps nothing else, so its owner has the trained
 * network at every event, also when the loop is left early or ends with an error, and `train` resumes from it. The
 * owner disposes of it with `disposeState`.
 */
export interface TrainState extends StateTensors {
  /** Finished epochs. */
  epoch: number;
  /** Finished steps, over all epochs. */
  step: number;
  /** Finished steps of the current epoch, and the samples in them. */
  batch: number;
  samples: number;
  /** Of these, the ones skipped because of non-finite values. */
  skippedBatches: number;
  skippedSamples: number;
  /** The epoch that `best` is from, 0 before the first, and its figures on the validation samples. */
  bestEpoch: number;
  bestAccuracy?: number;
  bestLoss?: number;
  /** Seconds that the run has taken so far, and how many it had when the current epoch started. */
  seconds: number;
  epochStart: number;
}

/** The optional parts of a state. */
export interface StateOptions {
  /** Of the inputs. */
  readonly normalization?: Normalization;
  /** Exponential moving averages of the weights. */
  readonly averages?: boolean;
  /** The network of the best epoch. */
  readonly best?: boolean;
  /** The count of the samples that are classified correctly while the network trains. */
  readonly accuracy?: boolean;
}

/**
 * The state before the first step. It takes ownership of the tensors given.
 * @param optimizer the one that `train` will use
 */
export function startState(
  network: TrainableNetwork,
  optimizer: Optimizer,
  { normalization, averages = false, best = false, accuracy = false }: StateOptions = {},
): TrainState {
  return {
    network,
    optimizer: optimizer.init(parametersOf(network).map(({ tensor }) => tensor)),
    normalization,
    averages: averages ? mapNetwork(network, (tensor) => tf.clone(tensor)) : undefined,
    best: best ? tf.tidy(() => fold(network)) : undefined,
    bestEpoch: 0,
    ...nothingYet(accuracy),
    epoch: 0,
    step: 0,
    batch: 0,
    samples: 0,
    skippedBatches: 0,
    skippedSamples: 0,
    seconds: 0,
    epochStart: 0,
  };
}

/** The sums of an epoch that has not started; `accuracy` as in `StateOptions`. */
export function nothingYet(accuracy: boolean): Pick<StateTensors, 'losses' | 'correct'> {
  return {
    losses: { sum: tf.scalar(0), last: tf.scalar(0) },
    correct: accuracy ? tf.scalar(0) : undefined,
  };
}

/**
 * The network for inference, at this point: the averages if the state keeps them,
 * with batch normalization and the normalization of the inputs folded in.
 * @returns a plain network, which the caller disposes of
 */
export function inferenceNetwork({
  network,
  averages,
  normalization,
}: Pick<StateTensors, 'network' | 'averages' | 'normalization'>): Network {
  return tf.tidy(() => fold(averages ?? network, normalization));
}

/**
 * The result of training: the network of the best epoch with early stopping, that of the last epoch otherwise.
 * @returns a plain network, which the caller disposes of
 */
export function bestNetwork(state: TrainState): Network {
  if (!state.best || state.bestEpoch === 0) return inferenceNetwork(state);
  return mapNetwork(state.best, (tensor) => tf.clone(tensor));
}

/**
 * The state with every tensor replaced by the result of `f`.
 * @param f also gets the tensor's name: that of a model file for the network (W1, b1,
 * …), and `averages/W1`, `optimizer/velocity/W1`, … for what belongs to the network
 */
export function mapTensors(state: StateTensors, f: (tensor: tf.Tensor, name: string) => tf.Tensor): StateTensors {
  const { network, optimizer, normalization, averages, best, losses, correct } = state;
  const names = parametersOf(network).map(({ name }) => name);
  const of = <T extends tf.Tensor>(name: string, tensor: T) => f(tensor, name) as T;
  const slots = Object.entries(optimizer).map(([slot, tensors]) => {
    return [slot, tensors.map((tensor, i) => of(`optimizer/${slot}/${names[i]!}`, tensor))] as const;
  });
  return {
    network: mapNetwork(network, f),
    optimizer: Object.fromEntries(slots),
    normalization: normalization && {
      mean: of('normalization/mean', normalization.mean),
      std: of('normalization/std', normalization.std),
    },
    averages: averages && mapNetwork(averages, (tensor, name) => of(`averages/${name}`, tensor)),
    best: best && mapNetwork(best, (tensor, name) => of(`best/${name}`, tensor)),
    losses: { sum: of('losses/sum', losses.sum), last: of('losses/last', losses.last) },
    correct: correct && of('correct', correct),
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

/** Every tensor of a state. (Called twice a step: takes half as long as `namedTensors`.) */
export function stateTensors(state: StateTensors): tf.Tensor[] {
  const found: tf.Tensor[] = [];
  const collect = (value: unknown) => {
    if (value instanceof tf.Tensor) found.push(value as tf.Tensor);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  collect(state);
  return found;
}

/** Puts the tensors of `next` into the state and disposes of those they replace; a tensor that is in both stays. */
export function replaceTensors(state: StateTensors, next: StateTensors): void {
  disposeReplaced(state, next);
  Object.assign(state, next);
}

/** Disposes of the tensors of `gone` that are not in `kept`. */
export function disposeReplaced(gone: StateTensors, kept: StateTensors): void {
  const alive = new Set(stateTensors(kept));
  tf.dispose(stateTensors(gone).filter((tensor) => !alive.has(tensor)));
}

/** Frees every tensor of a state. */
export function disposeState(state: StateTensors): void {
  tf.dispose(stateTensors(state));
}
