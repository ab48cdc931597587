import * as tf from '@tensorflow/tfjs-core';
import { HandgradError } from '../errors';
import type { ActivationName } from '../nn/activations';
import { OPTIMIZERS, type OptimizerName } from '../optim/optimizers';
import type { DataIterator } from './batches';
import { evaluate } from './evaluate';
import { trainStep } from './trainStep';

/**
 * Where a training run stands. `train` changes it step by step and keeps nothing else, so that whoever holds it holds the
 * trained network at every event, also when the loop is left early or an error ends it. The holder disposes of it.
 */
export interface TrainState {
  params: tf.Tensor[];
  /** What the optimizer remembers. */
  optimizer: tf.Tensor[];
  /** Finished epochs. */
  epoch: number;
  /** Finished steps, over all epochs. */
  step: number;
}

export interface TrainOptions {
  readonly state: TrainState;
  readonly trainIter: DataIterator;
  readonly testIter: DataIterator;
  /** With a validation part, the epochs are judged on it and the test set is looked at once, at the end. */
  readonly valIter?: DataIterator;
  readonly numEpochs: number;
  /** The learning rate. */
  readonly lr: number;
  readonly activation?: ActivationName;
  readonly optimizer?: OptimizerName;
}

/** After every step. Costs nothing: no number is read from the engine. */
export interface StepEvent {
  readonly type: 'step';
  /** The epoch it belongs to, from 1. */
  readonly epoch: number;
  readonly step: number;
  /** Samples seen in this epoch so far. */
  readonly samples: number;
}

/** After every epoch. */
export interface EpochEvent {
  readonly type: 'epoch';
  readonly epoch: number;
  readonly step: number;
  /** Mean training loss over the samples of the epoch, each as it was when its batch came. */
  readonly loss: number;
  /** What the post prints. */
  readonly lastBatchLoss: number;
  readonly testLoss?: number;
  readonly testAccuracy?: number;
  readonly valLoss?: number;
  readonly valAccuracy?: number;
  /** Wall-clock seconds of the whole epoch, and of its training alone. */
  readonly seconds: number;
  readonly trainSeconds: number;
  readonly samplesPerSecond: number;
}

/** Once, after the last epoch. */
export interface EndEvent {
  readonly type: 'end';
  readonly epochs: number;
  readonly testLoss: number;
  readonly testAccuracy: number;
  readonly seconds: number;
}

export type TrainEvent = StepEvent | EpochEvent | EndEvent;

/** The state before the first step. It takes over the parameters. */
export function startState(params: tf.Tensor[], optimizer: OptimizerName = 'sgd'): TrainState {
  return { params, optimizer: OPTIMIZERS[optimizer].init(params), epoch: 0, step: 0 };
}

/**
 * Trains by mini-batch gradient descent and tells what happens as it happens.
 * @throws HandgradError 'diverged' when the loss of an epoch is not a finite number
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent, void, void> {
  const { state, trainIter, testIter, valIter, numEpochs, lr, activation } = options;
  const started = performance.now();
  let test: { loss: number; accuracy: number } | undefined;
  while (state.epoch < numEpochs) {
    const epochStarted = performance.now();
    const { loss, lastBatchLoss } = yield* trainEpoch(options);
    const trainSeconds = secondsSince(epochStarted);
    if (!Number.isFinite(loss)) {
      throw new HandgradError(
        'diverged',
        `Training diverged: the loss is ${loss} after epoch ${state.epoch + 1} (step ${state.step}, learning rate ${lr}); try a smaller --lr.`,
      );
    }
    const judged = await evaluate(valIter ?? testIter, state.params, activation);
    if (!valIter) test = judged;
    state.epoch++;
    yield {
      type: 'epoch',
      epoch: state.epoch,
      step: state.step,
      loss,
      lastBatchLoss,
      ...(valIter
        ? { valLoss: judged.loss, valAccuracy: judged.accuracy }
        : { testLoss: judged.loss, testAccuracy: judged.accuracy }),
      seconds: secondsSince(epochStarted),
      trainSeconds,
      samplesPerSecond: Math.round(trainIter.numSamples / trainSeconds),
    };
  }
  test ??= await evaluate(testIter, state.params, activation);
  yield {
    type: 'end',
    epochs: state.epoch,
    testLoss: test.loss,
    testAccuracy: test.accuracy,
    seconds: secondsSince(started),
  };
}

/** One pass over the training samples. The losses are summed on the engine and read once, at the end. */
async function* trainEpoch({
  state,
  trainIter,
  lr,
  activation = 'relu',
  optimizer = 'sgd',
}: TrainOptions): AsyncGenerator<StepEvent, { loss: number; lastBatchLoss: number }, void> {
  let lossSum: tf.Scalar = tf.scalar(0);
  let lastLoss: tf.Scalar = tf.scalar(NaN);
  try {
    let samples = 0;
    for (const batch of trainIter) {
      const next = tf.tidy(() => trainStep(batch, state, lossSum, lr, activation, optimizer));
      tf.dispose([state.params, state.optimizer, lossSum, lastLoss]);
      ({ lossSum, lastLoss } = next);
      state.params = next.params;
      state.optimizer = next.optimizer;
      state.step++;
      samples += batch.y.size;
      yield { type: 'step', epoch: state.epoch + 1, step: state.step, samples };
    }
    const [sum, last] = await Promise.all([lossSum.data(), lastLoss.data()]);
    return { loss: sum[0]! / trainIter.numSamples, lastBatchLoss: last[0]! };
  } finally {
    tf.dispose([lossSum, lastLoss]);
  }
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
