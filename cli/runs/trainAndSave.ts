import { setImmediate } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import { HandgradError } from '../../src/errors';
import { initParams } from '../../src/nn/initialize';
import { parametersOf, withBatchNorm } from '../../src/nn/network';
import { createRandom } from '../../src/random';
import { restoreState } from '../../src/runs/checkpoint';
import type { Parameter } from '../../src/model/architecture';
import { networkOf, readParameters } from '../../src/model/parameters';
import { dataIterator } from '../../src/training/batches';
import { evaluationBatchSize } from '../../src/training/evaluate';
import { train, type TrainOptions } from '../../src/training/train';
import { bestNetwork, disposeState, startState, type TrainState } from '../../src/training/trainState';
import { checkpointing } from '../../src/runs/checkpointing';
import type { Config } from '../../src/runs/config';
import { Interruption } from '../interruption';
import { modelConfig } from '../../src/runs/modelConfig';
import { formatShare, shellWord } from '../../src/words';
import { openTensorBoard, type TensorBoard } from '../../src/runs/tensorboard/recorder';
import { identityOf, type Run, type StartEvent, type TrainingReport } from '../../src/runs/runRecord';
import { augmentation, normalizationFor, normalizationTensors, trainingSettings } from '../../src/runs/trainOptions';

/** How long steps may keep the process from noticing signals and redrawing, in milliseconds: steps block. */
const TURN_MS = 50;

/**
 * Trains, reports and records every epoch, saves the state as it goes on, and the model at the end.
 * @throws HandgradError 'failure' when the accuracy stays below `expectAccuracy`; the model is saved then all the same
 * @throws Interruption between two steps, when the signal is aborted; the state is saved then, and no model
 */
export async function trainAndSave(run: Run, report: TrainingReport, signal: AbortSignal): Promise<void> {
  const { config, dataset, samples, backend, folder, lock } = run;
  const options = trainOptions(run);
  const { state } = options;
  const saving = checkpointing({
    state,
    folder: run.checkpoints,
    lock,
    identity: identityOf(dataset, samples, backend),
    modelConfig: modelConfig(config, dataset),
    every: config.checkpointEvery,
    earlier: run.resumed?.epochs ?? [],
  });
  let board: TensorBoard | undefined;
  try {
    board = await openTensorBoard(run, options);
    report.start(startEvent(run, state));
    let turned = performance.now();
    for await (const event of train(options)) {
      if (event.type !== 'step') await board.record(event);
      if (event.type === 'step') {
        report.step(event);
        await saving.step();
        if (saving.isBusy() || performance.now() - turned > TURN_MS) {
          await setImmediate();
          turned = performance.now();
        }
        if (signal.aborted) {
          await saving.now();
          throw stopped(signal.reason, event.epoch, event.step, folder.dir);
        }
      } else if (event.type === 'epoch') {
        // Recorded before it is saved: a checkpoint never knows of an epoch that metrics.jsonl lacks.
        await folder.appendMetrics(event);
        report.epoch(event);
        await saving.epoch(event);
      } else {
        await saving.now();
        await lock.assertHeld();
        await folder.saveModel({
          parameters: await readNetwork(state),
          config: { ...modelConfig(config, dataset), ...(await readNormalization(state)) },
        });
        const end = { ...event, runDir: folder.dir };
        // Last: whoever finds this line finds everything.
        await folder.appendMetrics(end);
        report.end(end);
        refuseLowAccuracy(event.testAccuracy, config, folder.dir);
      }
    }
  } catch (error) {
    await saving.settle();
    throw diverged(error, run.checkpoints.newest(), folder.dir);
  } finally {
    report.stop();
    await board?.close();
    await folder.close();
    await saving.settle();
    disposeState(state);
  }
}

function trainOptions({ config, dataset, samples, start, resumed }: Run): TrainOptions {
  const { batchSize, seed, hidden, init, activation, batchNorm } = config;
  const { numInputs, numOutputs } = dataset;
  const plain = start
    ? networkOf(start.parameters, activation)
    : initParams(numInputs, numOutputs, hidden, createRandom(seed, 'init'), { init, activation });
  const trainIter = dataIterator(samples.train, batchSize, {
    shuffleSeed: config.shuffle ? seed : undefined,
    augment: augmentation(dataset, config),
  });
  const settings = trainingSettings(config, trainIter.numBatches);
  const state = startState(batchNorm ? withBatchNorm(plain) : plain, settings.optimizer, {
    normalization: normalizationTensors(normalizationFor(dataset, samples.train, config)),
    averages: config.ema !== undefined,
    best: config.patience !== undefined,
  });
  try {
    if (resumed?.found) restoreState(state, resumed.found.checkpoint, resumed.found.path);
  } catch (error) {
    disposeState(state);
    throw error;
  }
  const evaluationBatch = evaluationBatchSize(plain);
  return {
    ...settings,
    state,
    trainIter,
    testIter: dataIterator(dataset.test, evaluationBatch),
    valIter: samples.validation && dataIterator(samples.validation, evaluationBatch),
    onNan: config.onNan,
  };
}

/** The trained network, as plain data. */
async function readNetwork(state: TrainState): Promise<Parameter[]> {
  const network = bestNetwork(state);
  try {
    return await readParameters(network);
  } finally {
    tf.dispose(network);
  }
}

/** What the inputs were normalized by. The saved W1 and b1 have it in them: it is for the record, not to be applied again. */
async function readNormalization({ normalization }: TrainState): Promise<object> {
  if (!normalization) return {};
  const [mean, std] = await Promise.all([normalization.mean.data(), normalization.std.data()]);
  return { foldedNormalization: { mean: Array.from(mean), std: Array.from(std) } };
}

function startEvent({ config, dataset, samples, backend, folder, resumed }: Run, state: TrainState): StartEvent {
  return {
    type: 'start',
    dataset: dataset.name,
    backend: backend.name,
    device: backend.device,
    parameters: parametersOf(state.network).reduce((sum, { tensor }) => sum + tensor.size, 0),
    trainSamples: samples.train.count,
    ...(samples.validation && { valSamples: samples.validation.count }),
    testSamples: dataset.test.count,
    widths: [dataset.numInputs, ...config.hidden, dataset.numOutputs],
    config,
    runDir: folder.dir,
    ...(resumed && { resumed: { epoch: state.epoch, step: state.step } }),
  };
}

/** The interruption in the words of somebody who wants to know what is left of the run. */
function stopped(reason: unknown, epoch: number, step: number, dir: string): unknown {
  if (!(reason instanceof Interruption)) return reason;
  const what = `${(reason.message || 'Stopped because nobody reads stdout').replace(/\.$/, '')} after step ${step}, in epoch ${epoch}, and saved`;
  return new Interruption(reason.exitCode, `${what}; go on with: handgrad train --resume ${shellWord(dir)}`);
}

/** A divergence, with what is left of the run; any other error as it is. */
function diverged(error: unknown, good: string | undefined, dir: string): unknown {
  if (!(error instanceof HandgradError) || error.kind !== 'diverged') return error;
  const left = good ? `the last good state is kept in ${good}` : `no state of it was saved in ${dir}`;
  return new HandgradError('diverged', `${error.message.replace(/\.$/, '')}; ${left}.`, { cause: error });
}

/** @throws HandgradError 'failure' when the accuracy is below what `--expect-accuracy` asks for */
export function refuseLowAccuracy(accuracy: number, { expectAccuracy }: Config, dir: string): void {
  // Not `accuracy < expected`: a figure that is no number does not meet an expectation either.
  if (expectAccuracy === undefined || accuracy >= expectAccuracy) return;
  throw new HandgradError(
    'failure',
    `The final test accuracy ${formatShare(accuracy)} is below the ${expectAccuracy} that --expect-accuracy asks for; the run is in ${dir}.`,
  );
}
