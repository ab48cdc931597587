import * as tf from '@tensorflow/tfjs-core';
import { HandgradError } from '../errors';
import type { DataIterator } from './batches';
import { outOfPatience, rememberBest } from './earlyStopping';
import { type LossAndAccuracy, evaluate, evaluateRegression, type RegressionFigures } from './evaluate';
import type { Target } from '../data/samples';
import { crossEntropy } from '../nn/losses';
import { learningRateAt } from '../optim/optimizer';
import { assertFinite, createWatch, isFiniteState, type OnNan, type Watch } from './finite';
import {
  bestNetwork,
  disposeReplaced,
  inferenceNetwork,
  nothingYet,
  replaceTensors,
  type TrainState,
} from './trainState';
import { measuredStep, type StepOptions, trainStep } from './trainStep';

export interface TrainOptions extends StepOptions {
  readonly state: TrainState;
  readonly trainIter: DataIterator;
  readonly testIter: DataIterator;
  /** With validation samples, epochs are evaluated on them, and the test set is used once, at the end. */
  readonly valIter?: DataIterator;
  readonly numEpochs: number;
  /** For regression: names and units of the outputs; the samples have targets. */
  readonly targets?: readonly Target[];
  /** Stop after so many epochs that are not better (`isBetter`) on the validation samples; keep the best network. */
  readonly patience?: number;
  /**
   * What to do about non-finite values. `skip-batch` leaves out the batches that produce them:
   * it checks every step before it counts, which waits for the backend every time.
   */
  readonly onNan?: OnNan;
  /** Yield a log event every so many steps. */
  readonly logEvery?: number;
}

/** After every step. Costs nothing: no number is read from the backend. */
export interface StepEvent {
  readonly type: 'step';
  /** The epoch it belongs to, from 1. */
  readonly epoch: number;
  readonly step: number;
  /** Samples seen in this epoch so far. */
  readonly samples: number;
  /** The mean training loss of the epoch so far, where the check for divergence has read it anyway. */
  readonly runningLoss?: number;
}

/** Every `logEvery` steps, before the event of the step. Reading its numbers waits for the backend. */
export interface LogEvent {
  readonly type: 'log';
  readonly epoch: number;
  readonly step: number;
  /** The loss of the step's batch. */
  readonly loss: number;
  /** The learning rate of the step. */
  readonly lr: number;
  /** The global L2 norm of the step's gradients, before they are clipped. */
  readonly gradientNorm: number;
}

/** After every epoch. */
export interface EpochEvent {
  readonly type: 'epoch';
  readonly epoch: number;
  readonly step: number;
  /** Mean training loss over the samples of the epoch, measured during training. */
  readonly loss: number;
  /** What the post prints. */
  readonly lastBatchLoss: number;
  /** The learning rate of its last step, where a schedule changes it. */
  readonly lr?: number;
  /** Batches that were skipped because they produced non-finite values, if any. */
  readonly skippedBatches?: number;
  /** Share of the epoch's samples that were classified correctly, measured during training, where that is counted. */
  readonly trainAccuracy?: number;
  readonly testLoss?: number;
  readonly testAccuracy?: number;
  readonly valLoss?: number;
  readonly valAccuracy?: number;
  /** For regression, in the place of accuracies: see `RegressionFigures`. */
  readonly testRmse?: number;
  readonly testMae?: number;
  readonly testR2?: number;
  readonly valRmse?: number;
  readonly valMae?: number;
  readonly valR2?: number;
  /** Wall-clock seconds of the whole epoch, and of its training alone. */
  readonly seconds: number;
  readonly trainSeconds: number;
  readonly samplesPerSecond: number;
}

/** Once, after the last epoch. */
export interface EndEvent {
  readonly type: 'end';
  readonly epochs: number;
  /** The epoch whose network was kept, where training stops early. */
  readonly bestEpoch?: number;
  readonly testLoss: number;
  readonly testAccuracy?: number;
  /** For regression, in the place of the accuracy. */
  readonly testRmse?: number;
  readonly testMae?: number;
  readonly testR2?: number;
  readonly seconds: number;
}

/** What `train` yields. */
export type TrainEvent = StepEvent | LogEvent | EpochEvent | EndEvent;

/**
 * Trains by mini-batch gradient descent and yields events as they happen.
 * Resumes from any state, also in the middle of an epoch, with the same numbers as an uninterrupted run.
 * @throws HandgradError 'diverged' soon after the loss or a parameter is non-finite: before an event reports it
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent, void, void> {
  const { state, trainIter, testIter, valIter, numEpochs, patience } = options;
  const clock = resumeClock(state);
  const watch = createWatch();
  let test: Figures | undefined;
  while (state.epoch < numEpochs && !outOfPatience(state, patience)) {
    const { loss, lastBatchLoss, accuracy } = yield* trainEpoch(options, clock, watch);
    const trainSeconds = clock() - state.epochStart;
    const lr = learningRateAt(options.optimizer.lr, state.step);
    // Check first, so that a diverged network is never evaluated or reported.
    if (!(await isFiniteState(state))) await assertFinite(state, lr);
    const figures = await evaluateState(options, valIter ?? testIter, state.epoch + 1);
    if (!valIter) test = figures;
    const seconds = clock() - state.epochStart;
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
      ...(accuracy !== undefined && { trainAccuracy: accuracy }),
      ...(valIter ? validationFigures(figures) : testFigures(figures)),
      seconds,
      trainSeconds,
      samplesPerSecond: Math.round(trainIter.numSamples / trainSeconds),
    };
  }
  test ??= await evaluateState(options, testIter);
  yield {
    type: 'end',
    epochs: state.epoch,
    ...(patience !== undefined && { bestEpoch: state.bestEpoch }),
    ...testFigures(test),
    seconds: clock(),
  };
}

type Figures = LossAndAccuracy | RegressionFigures;

const testFigures = (figures: Figures) =>
  'accuracy' in figures
    ? { testLoss: figures.loss, testAccuracy: figures.accuracy }
    : { testLoss: figures.loss, testRmse: figures.rmse, testMae: figures.mae, testR2: figures.r2 };

const validationFigures = (figures: Figures) =>
  'accuracy' in figures
    ? { valLoss: figures.loss, valAccuracy: figures.accuracy }
    : { valLoss: figures.loss, valRmse: figures.rmse, valMae: figures.mae, valR2: figures.r2 };

/**
 * The figures of the network for inference.
 * @param epoch the epoch that ends here, which may be the best one; without it, the result of training is evaluated
 */
async function evaluateState(
  { state, patience, targets, loss = crossEntropy }: TrainOptions,
  samples: DataIterator,
  epoch?: number,
): Promise<Figures> {
  const network = epoch === undefined ? bestNetwork(state) : inferenceNetwork(state);
  try {
    const figures = await (targets ? evaluateRegression(samples, network, loss, targets) : evaluate(samples, network));
    if (epoch !== undefined && patience !== undefined) rememberBest(state, network, epoch, figures);
    return figures;
  } finally {
    tf.dispose(network);
  }
}

/** The rest of the current epoch. Losses and right answers are summed on the backend and read once, at the end. */
async function* trainEpoch(
  options: TrainOptions,
  clock: () => number,
  watch: Watch,
): AsyncGenerator<StepEvent | LogEvent, { loss: number; lastBatchLoss: number; accuracy?: number }, void> {
  const { state, trainIter, onNan = 'stop', logEvery } = options;
  for (const batch of trainIter.pass(state.epoch, state.batch)) {
    const isLogged = logEvery !== undefined && (state.step + 1) % logEvery === 0;
    const measured = isLogged ? tf.tidy(() => measuredStep(batch, state, options)) : undefined;
    const next = measured?.next ?? tf.tidy(() => trainStep(batch, state, options));
    const skipped = onNan === 'skip-batch' && !(await isFiniteState(next));
    const log = measured && (await readLog(measured));
    if (skipped) disposeReplaced(next, state);
    else replaceTensors(state, next);
    state.step++;
    state.batch++;
    state.samples += batch.y.size;
    const lr = learningRateAt(options.optimizer.lr, state.step);
    let sum: number | undefined;
    if (skipped) {
      state.skippedBatches++;
      state.skippedSamples += batch.y.size;
    } else if (onNan === 'stop') {
      sum = await watch(state, lr);
    }
    clock();
    const where = { epoch: state.epoch + 1, step: state.step };
    if (log) yield { type: 'log', ...where, loss: log.loss, lr, gradientNorm: log.gradientNorm };
    const runningLoss = sum === undefined ? {} : { runningLoss: sum / state.samples };
    yield { type: 'step', ...where, samples: state.samples, ...runningLoss };
  }
  const { losses } = state;
  const [sum, last, correct] = await Promise.all([losses.sum.data(), losses.last.data(), state.correct?.data()]);
  const counted = state.samples - state.skippedSamples;
  if (counted === 0) throw everySkipped(state, learningRateAt(options.optimizer.lr, state.step));
  return { loss: sum[0]! / counted, lastBatchLoss: last[0]!, ...(correct && { accuracy: correct[0]! / counted }) };
}

/** The numbers of a measured step. */
async function readLog({ next, gradientNorm }: ReturnType<typeof measuredStep>) {
  const [loss, norm] = await Promise.all([next.losses.last.data(), gradientNorm.data()]);
  gradientNorm.dispose();
  return { loss: loss[0]!, gradientNorm: norm[0]! };
}

function everySkipped({ epoch, step }: TrainState, lr: number): HandgradError {
  return new HandgradError(
    'diverged',
    `Training diverged: every batch of epoch ${epoch + 1} (up to step ${step}, at learning rate ${lr}) led to ` +
      'non-finite values and was skipped; try a smaller `lr`.',
  );
}

/** Finishes the current epoch and starts the next one. */
function beginEpoch(state: TrainState): void {
  state.epoch++;
  state.batch = 0;
  state.samples = 0;
  state.skippedBatches = 0;
  state.skippedSamples = 0;
  state.epochStart = state.seconds;
  const { losses, correct } = state;
  Object.assign(state, nothingYet(correct !== undefined));
  tf.dispose([losses.sum, losses.last, ...(correct ? [correct] : [])]);
}

/** A clock that continues from the state's seconds, and updates them whenever it is read. */
function resumeClock(state: TrainState): () => number {
  const before = state.seconds;
  const started = performance.now();
  return () => (state.seconds = before + (performance.now() - started) / 1000);
}
