import * as tf from '@tensorflow/tfjs-core';
import { type Samples, selectRows } from '../data/samples';
import { type NetworkSummary, networkSummary } from '../model/networkSummary';
import { dataIterator } from '../training/batches';
import { evaluate, evaluateRegression, evaluationBatchSize } from '../training/evaluate';
import { createTurn, type Turn } from '../training/turn';
import { steps } from '../training/steps';
import type { TrainOptions } from '../training/train';
import { disposeState, inferenceNetwork } from '../training/trainState';
import { isCrossValidation, lastEpoch, type Settings } from './config';
import type { OpenOptions } from './events';
import { assertStepFits, explainOutOfMemory, stepSize } from './memory';
import { openBackend } from './open';
import { planRun, type PlannedData } from './plan';
import { runFacts, type RunFacts } from './runFacts';
import { taskOfConfig } from './task';
import { trainOptions } from './trainOptions';

/** What a run would take. */
export interface RunEstimate extends RunFacts {
  /** The layers of its network. */
  readonly network: NetworkSummary;
  readonly stepsPerEpoch: number;
  /** All steps of the run, and of all folds. Early stopping may need fewer. */
  readonly steps: number;
  /** Bytes of the tensors at the peak of a step or an evaluation, and of the samples. */
  readonly tensorBytes: number;
  readonly sampleBytes: number;
  /** Seconds of a step, of the evaluation after an epoch, and of the whole run. */
  readonly stepSeconds: number;
  readonly evaluationSeconds: number;
  readonly seconds: number;
  /** The steps that were measured. */
  readonly measuredSteps: number;
}

/** The first steps are slower, because code is compiled and memory allocated. */
const WARM_UP = 5;
/** Steps are measured for so many seconds, at least and at most so many. */
const SECONDS = 1;
const [LEAST_STEPS, MOST_STEPS] = [5, 500];
/** Evaluation batches that are measured, after one to warm up. */
const EVALUATIONS = 3;

/**
 * Estimates what a run takes: reads its data, starts its backend, and measures a few real steps and evaluations. The
 * network that they train is thrown away, and nothing is written beside what `startRun` fetches and compiles.
 * @param options.dir the folder that the run would get: checked, not created
 * @throws HandgradError as `startRun`; 'backend' when a step does not fit into memory
 */
export async function estimateRun(
  settings: Settings = {},
  options: OpenOptions & { readonly dir?: string } = {},
): Promise<RunEstimate> {
  const { config: whole, data } = await planRun(settings, options);
  const { config, dataset, samples } = data;
  const backend = await openBackend(config, { ...options, compile: true });
  const size = stepSize(data);
  assertStepFits(size, backend);
  let measured: Measured;
  try {
    measured = await measure(data, createTurn(options.signal));
  } catch (error) {
    throw explainOutOfMemory(error, size, backend);
  }
  const { stepSeconds, evaluationSeconds, testSeconds } = measured;
  const runs = isCrossValidation(whole) ? whole.folds! : 1;
  const epochs = lastEpoch(config);
  const stepsPerEpoch = Math.ceil(samples.train.count / config.batchSize);
  const facts = runFacts(data, backend);
  const { validation } = samples;
  return {
    ...facts,
    config: whole,
    network: networkSummary(facts.widths, { ...config, task: taskOfConfig(config) }),
    stepsPerEpoch,
    steps: runs * epochs * stepsPerEpoch,
    ...{ tensorBytes: measured.tensorBytes, sampleBytes: bytesOf([samples.train, validation, dataset.test]) },
    ...{ stepSeconds, evaluationSeconds, measuredSteps: measured.steps },
    seconds: runs * (epochs * (stepsPerEpoch * stepSeconds + evaluationSeconds) + (validation ? testSeconds : 0)),
  };
}

interface Measured {
  readonly steps: number;
  readonly stepSeconds: number;
  /** Of the samples that an epoch is evaluated on, and of the test set. */
  readonly evaluationSeconds: number;
  readonly testSeconds: number;
  readonly tensorBytes: number;
}

async function measure(data: PlannedData, turn: Turn): Promise<Measured> {
  const { dataset, samples } = data;
  const before = tf.memory().numBytes;
  const options = trainOptions(data);
  const { state } = options;
  const step = steps(options);
  // Reading a number waits until the backend has computed all that was asked for.
  const wait = () => state.losses.last.data();
  const take = async (isEnough: (taken: number, seconds: number) => boolean) => {
    const started = performance.now();
    let taken = 0;
    let seconds = 0;
    while (!isEnough(taken, seconds)) {
      await turn();
      step.next();
      taken++;
      // Now and then: waiting after every step would slow down a backend that computes while the next is prepared.
      if (taken % LEAST_STEPS === 0) await wait();
      seconds = (performance.now() - started) / 1000;
    }
    await wait();
    return { taken, seconds: (performance.now() - started) / 1000 };
  };
  try {
    await take((taken) => taken === WARM_UP);
    const { taken, seconds } = await take((so, far) => so >= MOST_STEPS || (far >= SECONDS && so >= LEAST_STEPS));
    const judged = samples.validation ?? dataset.test;
    const evaluation = await timeEvaluation(options, judged, turn);
    const steppedBytes = await peakOf(async () => {
      step.next();
      await wait();
    });
    return {
      steps: taken,
      stepSeconds: seconds / taken,
      evaluationSeconds: evaluation.secondsPerSample * judged.count,
      testSeconds: evaluation.secondsPerSample * dataset.test.count,
      tensorBytes: Math.max(steppedBytes, evaluation.peak) - before,
    };
  } finally {
    step.return(undefined as never);
    disposeState(state);
  }
}

/** Evaluates some of the samples, as training does after an epoch. */
async function timeEvaluation(
  { state, loss, targets }: TrainOptions,
  samples: Samples,
  turn: Turn,
): Promise<{ secondsPerSample: number; peak: number }> {
  const network = inferenceNetwork(state);
  try {
    const batch = evaluationBatchSize(network);
    const count = Math.min(samples.count, EVALUATIONS * batch);
    const some = (rows: number) =>
      dataIterator(
        selectRows(
          samples,
          Int32Array.from({ length: rows }, (_, i) => i),
        ),
        batch,
      );
    const judge = async (rows: number) => {
      const iterator = some(rows);
      const started = performance.now();
      await (targets ? evaluateRegression(iterator, network, loss!, targets) : evaluate(iterator, network));
      return (performance.now() - started) / 1000;
    };
    const peak = await peakOf(() => judge(Math.min(samples.count, batch)));
    await turn();
    return { secondsPerSample: (await judge(count)) / count, peak };
  } finally {
    tf.dispose(network);
  }
}

/** The largest sum of the bytes of all tensors while `work` runs. */
async function peakOf(work: () => Promise<unknown>): Promise<number> {
  const { peakBytes } = await tf.profile(async () => {
    await work();
    return {};
  });
  return peakBytes;
}

/** The bytes of the arrays that hold samples; parts may share them. */
function bytesOf(parts: readonly (Samples | undefined)[]): number {
  const arrays = parts.flatMap((part) => (part ? [part.features, part.labels, part.targets, part.weights] : []));
  const buffers = new Set(arrays.flatMap((array) => (array ? [array.buffer] : [])));
  return [...buffers].reduce((sum, buffer) => sum + buffer.byteLength, 0);
}
