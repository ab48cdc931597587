import * as tf from '@tensorflow/tfjs-core';
import { HandgradError } from '../errors';
import type { ActivationName } from '../nn/activations';
import type { OptimizerName } from '../optim/optimizers';
import { randomFromState } from '../random';
import type { DataIterator } from './batches';
import { evaluate } from './evaluate';
import { noLosses, replaceTensors, type TrainState } from './trainState';
import { trainStep } from './trainStep';

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

/**
 * Trains by mini-batch gradient descent and tells what happens as it happens. Goes on from wherever the state stands, in
 * the middle of an epoch too, to the numbers that a run without a break comes to.
 * @throws HandgradError 'diverged' when the loss of an epoch is not a finite number
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent, void, void> {
  const { state, trainIter, testIter, valIter, numEpochs, lr, activation } = options;
  const clock = resumeClock(state);
  if (trainIter.shuffle) state.random.order ??= trainIter.shuffle;
  let test: { loss: number; accuracy: number } | undefined;
  while (state.epoch < numEpochs) {
    const { loss, lastBatchLoss } = yield* trainEpoch(options, clock);
    const trainSeconds = clock() - state.epochBegan;
    if (!Number.isFinite(loss)) {
      throw new HandgradError(
        'diverged',
        `Training diverged: the loss is ${loss} after epoch ${state.epoch + 1} (step ${state.step}, learning rate ${lr}); try a smaller --lr.`,
      );
    }
    const judged = await evaluate(valIter ?? testIter, state.params, activation);
    if (!valIter) test = judged;
    const seconds = clock() - state.epochBegan;
    beginEpoch(state);
    yield {
      type: 'epoch',
      epoch: state.epoch,
      step: state.step,
      loss,
      lastBatchLoss,
      ...(valIter
        ? { valLoss: judged.loss, valAccuracy: judged.accuracy }
        : { testLoss: judged.loss, testAccuracy: judged.accuracy }),
      seconds,
      trainSeconds,
      samplesPerSecond: Math.round(trainIter.numSamples / trainSeconds),
    };
  }
  test ??= await evaluate(testIter, state.params, activation);
  yield { type: 'end', epochs: state.epoch, testLoss: test.loss, testAccuracy: test.accuracy, seconds: clock() };
}

/** What is left of one pass over the training samples. The losses are summed on the engine and read once, at the end. */
async function* trainEpoch(
  { state, trainIter, lr, activation = 'relu', optimizer = 'sgd' }: TrainOptions,
  clock: () => number,
): AsyncGenerator<StepEvent, { loss: number; lastBatchLoss: number }, void> {
  // Drawn from a copy: until the epoch ends, the state has to know where its order began.
  const order = state.random.order && randomFromState(state.random.order.state());
  for (const batch of trainIter.pass(order, state.batch)) {
    replaceTensors(
      state,
      tf.tidy(() => trainStep(batch, state, lr, activation, optimizer)),
    );
    state.step++;
    state.batch++;
    state.samples += batch.y.size;
    clock();
    yield { type: 'step', epoch: state.epoch + 1, step: state.step, samples: state.samples };
  }
  if (order) state.random.order = order;
  const [sum, last] = await Promise.all(state.losses.map((scalar) => scalar.data()));
  return { loss: sum![0]! / trainIter.numSamples, lastBatchLoss: last![0]! };
}

/** The epoch at hand is finished, and the next one at hand. */
function beginEpoch(state: TrainState): void {
  state.epoch++;
  state.batch = 0;
  state.samples = 0;
  state.epochBegan = state.seconds;
  tf.dispose(state.losses);
  state.losses = noLosses();
}

/** A clock that goes on from the state's, and sets it, every time it is looked at. */
function resumeClock(state: TrainState): () => number {
  const before = state.seconds;
  const started = performance.now();
  return () => (state.seconds = before + (performance.now() - started) / 1000);
}
