import * as tf from '@tensorflow/tfjs-core';
import { HandgradError } from '../errors';
import { randomFromState } from '../random';
import type { DataIterator } from './batches';
import { outOfPatience, rememberBest } from './earlyStopping';
import { evaluate } from './evaluate';
import { learningRateAt } from '../optim/optimizer';
import { createWatch, isFiniteState, type OnNan, refuseNotFinite, type Watch } from './finite';
import { disposeReplaced, inferenceNetwork, replaceTensors, type TrainState, zeroLosses } from './trainState';
import { type StepOptions, trainStep } from './trainStep';

export interface TrainOptions extends StepOptions {
  readonly state: TrainState;
  readonly trainIter: DataIterator;
  readonly testIter: DataIterator;
  /** With a validation part, the epochs are judged on it and the test set is looked at once, at the end. */
  readonly valIter?: DataIterator;
  readonly numEpochs: number;
  /** Stop after so many epochs that are no better on the validation samples; the best network is what remains. */
  readonly patience?: number;
  /**
   * What is done when numbers are not finite. `skip-batch` leaves out the batches that lead to them: it looks at every step
   * before it counts, and so waits for the backend every time.
   */
  readonly onNan?: OnNan;
}

/** After every step. Costs nothing: no number is read from the backend. */
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
  /** The learning rate of its last step, where it changes. */
  readonly lr?: number;
  /** Batches that were left out because they led to numbers that are not finite, where there were any. */
  readonly skippedBatches?: number;
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
  /** The epoch whose network was kept, when training stops early. */
  readonly bestEpoch?: number;
  readonly testLoss: number;
  readonly testAccuracy: number;
  readonly seconds: number;
}

export type TrainEvent = StepEvent | EpochEvent | EndEvent;

/**
 * Trains by mini-batch gradient descent and tells what happens as it happens. Goes on from wherever the state stands, in
 * the middle of an epoch too, to the numbers that a run without a break comes to.
 * @throws HandgradError 'diverged' soon after the loss or a parameter is not finite: before it is told in an event
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent, void, void> {
  const { state, trainIter, testIter, valIter, numEpochs, patience } = options;
  const clock = resumeClock(state);
  const watch = createWatch();
  if (trainIter.shuffle) state.random.order ??= trainIter.shuffle;
  let test: { loss: number; accuracy: number } | undefined;
  while (state.epoch < numEpochs && !outOfPatience(state, patience)) {
    const { loss, lastBatchLoss } = yield* trainEpoch(options, clock, watch);
    const trainSeconds = clock() - state.epochBegan;
    const lr = learningRateAt(options.optimizer.lr, state.step);
    // Before the network is judged: what an epoch tells is never of one that diverged.
    if (!(await isFiniteState(state))) await refuseNotFinite(state, lr);
    const judged = await judge(options, valIter ?? testIter, state.epoch + 1);
    if (!valIter) test = judged;
    const seconds = clock() - state.epochBegan;
    const { skippedBatches } = state;
    beginEpoch(state);
    yield {
      type: 'epoch',
      epoch: state.epoch,
      step: state.step,
      loss,
      lastBatchLoss,
      ...(typeof options.optimizer.lr === 'number' ? {} : { lr }),
      ...(skippedBatches > 0 && { skippedBatches }),
      ...(valIter
        ? { valLoss: judged.loss, valAccuracy: judged.accuracy }
        : { testLoss: judged.loss, testAccuracy: judged.accuracy }),
      seconds,
      trainSeconds,
      samplesPerSecond: Math.round(trainIter.numSamples / trainSeconds),
    };
  }
  test ??= await judge(options, testIter);
  yield {
    type: 'end',
    epochs: state.epoch,
    ...(patience !== undefined && { bestEpoch: state.bestEpoch }),
    testLoss: test.loss,
    testAccuracy: test.accuracy,
    seconds: clock(),
  };
}

/**
 * The network that training has come to: that of the best epoch where it stops early, that of the last otherwise.
 * @returns plain parameters, W1 b1 W2 b2 …, which the caller disposes of
 */
export function trainedNetwork({ state, patience }: Pick<TrainOptions, 'state' | 'patience'>): tf.Tensor[] {
  if (patience !== undefined && state.bestEpoch > 0) return state.best.map((tensor) => tf.clone(tensor));
  return inferenceNetwork(state);
}

/**
 * Loss and accuracy of the network as it would be used.
 * @param epoch the epoch that ends with it, which may be the best one; without it, what training came to is judged
 */
async function judge(options: TrainOptions, samples: DataIterator, epoch?: number) {
  const { state, activation, patience } = options;
  const network = epoch === undefined ? trainedNetwork(options) : inferenceNetwork(state);
  try {
    const judged = await evaluate(samples, network, activation);
    if (epoch !== undefined && patience !== undefined) rememberBest(state, network, epoch, judged.accuracy);
    return judged;
  } finally {
    tf.dispose(network);
  }
}

/** What is left of one pass over the training samples. The losses are summed on the backend and read once, at the end. */
async function* trainEpoch(
  options: TrainOptions,
  clock: () => number,
  watch: Watch,
): AsyncGenerator<StepEvent, { loss: number; lastBatchLoss: number }, void> {
  const { state, trainIter, onNan = 'stop' } = options;
  // Drawn from a copy: until the epoch ends, the state has to know where its order began.
  const order = state.random.order && randomFromState(state.random.order.state());
  for (const batch of trainIter.pass(order, state.batch, state.epoch)) {
    const next = tf.tidy(() => trainStep(batch, state, options));
    const skipped = onNan === 'skip-batch' && !(await isFiniteState(next));
    if (skipped) disposeReplaced(next, state);
    else replaceTensors(state, next);
    state.step++;
    state.batch++;
    state.samples += batch.y.size;
    if (skipped) {
      state.skippedBatches++;
      state.skippedSamples += batch.y.size;
    } else if (onNan === 'stop') {
      await watch(state, learningRateAt(options.optimizer.lr, state.step));
    }
    clock();
    yield { type: 'step', epoch: state.epoch + 1, step: state.step, samples: state.samples };
  }
  if (order) state.random.order = order;
  const [sum, last] = await Promise.all(state.losses.map((scalar) => scalar.data()));
  const counted = state.samples - state.skippedSamples;
  if (counted === 0) throw everySkipped(state, learningRateAt(options.optimizer.lr, state.step));
  return { loss: sum![0]! / counted, lastBatchLoss: last![0]! };
}

function everySkipped({ epoch, step }: TrainState, lr: number): HandgradError {
  return new HandgradError(
    'diverged',
    `Training diverged: every batch of epoch ${epoch + 1} (up to step ${step}, at learning rate ${lr}) led to numbers that are not finite and was skipped; try a smaller --lr.`,
  );
}

/** The epoch at hand is finished, and the next one at hand. */
function beginEpoch(state: TrainState): void {
  state.epoch++;
  state.batch = 0;
  state.samples = 0;
  state.skippedBatches = 0;
  state.skippedSamples = 0;
  state.epochBegan = state.seconds;
  tf.dispose(state.losses);
  state.losses = zeroLosses();
}

/** A clock that goes on from the state's, and sets it, every time it is looked at. */
function resumeClock(state: TrainState): () => number {
  const before = state.seconds;
  const started = performance.now();
  return () => (state.seconds = before + (performance.now() - started) / 1000);
}
