import { setImmediate } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import type { Engine } from '../src/backends';
import type { Dataset } from '../src/data/samples';
import { HandgradError } from '../src/errors';
import { initParams } from '../src/nn/mlp';
import { createRandom } from '../src/random';
import { readParameters, tensorsOf } from '../src/runs/parameterTensors';
import type { RunFolder } from '../src/runs/runFolder';
import { dataIterator } from '../src/training/batches';
import { startState, train, type TrainOptions } from '../src/training/train';
import type { Config } from './config';
import { Interruption } from './interruption';
import { modelConfig, type OpenedModel } from './openModel';
import { formatShare } from './terminal/format';
import type { StartEvent, TrainingReport } from './terminal/trainingReport';
import type { RunSamples } from './trainingRun';

/** How long steps may keep the process from noticing signals and redrawing, in milliseconds: the steps of an engine block. */
const TURN_MS = 50;

/** A run that is ready to begin. */
export interface Run {
  readonly config: Config;
  readonly dataset: Dataset;
  readonly samples: RunSamples;
  readonly engine: Engine;
  readonly folder: RunFolder;
  /** The weights to start from; otherwise they are drawn. */
  readonly start: OpenedModel | undefined;
}

/**
 * Trains, reports and records every epoch, and saves the model.
 * @throws HandgradError 'failure' when the accuracy stays below `expectAccuracy`; the model is saved then all the same
 * @throws Interruption between two steps, when the signal is aborted; no model is saved then
 */
export async function trainAndSave(run: Run, report: TrainingReport, signal: AbortSignal): Promise<void> {
  const { config, folder } = run;
  const options = trainOptions(run);
  const { state } = options;
  try {
    report.start(startEvent(run, state.params));
    let turned = performance.now();
    for await (const event of train(options)) {
      if (event.type === 'step') {
        report.step(event);
        if (performance.now() - turned > TURN_MS) {
          await setImmediate();
          turned = performance.now();
        }
        if (signal.aborted) throw stopped(signal.reason, event.epoch, event.step, folder.dir);
      } else if (event.type === 'epoch') {
        await folder.appendMetrics(event);
        report.epoch(event);
      } else {
        const end = { ...event, runDir: folder.dir };
        await folder.appendMetrics(end);
        await folder.saveModel({
          parameters: await readParameters(state.params),
          config: modelConfig(config, run.dataset),
        });
        report.end(end);
        refuseLowAccuracy(event.testAccuracy, config, folder.dir);
      }
    }
  } finally {
    report.stop();
    tf.dispose([state.params, state.optimizer]);
  }
}

function trainOptions({ config, dataset, samples, start }: Run): TrainOptions {
  const { batchSize, seed, activation, optimizer } = config;
  const params = start
    ? tensorsOf(start.parameters)
    : initParams(dataset.numInputs, dataset.numOutputs, config.hidden, createRandom(seed, 'init'), config.init);
  return {
    state: startState(params, optimizer),
    trainIter: dataIterator(samples.train, batchSize, config.shuffle ? createRandom(seed, 'order') : undefined),
    testIter: dataIterator(dataset.test, batchSize),
    valIter: samples.validation && dataIterator(samples.validation, batchSize),
    numEpochs: config.epochs,
    lr: config.lr,
    activation,
    optimizer,
  };
}

function startEvent({ config, dataset, samples, engine, folder }: Run, params: readonly tf.Tensor[]): StartEvent {
  return {
    type: 'start',
    dataset: dataset.name,
    backend: engine.name,
    device: engine.device,
    parameters: params.reduce((sum, { size }) => sum + size, 0),
    trainSamples: samples.train.count,
    ...(samples.validation && { valSamples: samples.validation.count }),
    testSamples: dataset.test.count,
    widths: [dataset.numInputs, ...config.hidden, dataset.numOutputs],
    config,
    runDir: folder.dir,
  };
}

/** The interruption in the words of somebody who wants to know what is left of the run. */
function stopped(reason: unknown, epoch: number, step: number, dir: string): unknown {
  if (!(reason instanceof Interruption) || !reason.message) return reason;
  const what = `${reason.message.replace(/\.$/, '')} after step ${step}, in epoch ${epoch}`;
  return new Interruption(reason.exitCode, `${what}: no model was saved; the finished epochs are in ${dir}.`);
}

function refuseLowAccuracy(accuracy: number, { expectAccuracy }: Config, dir: string): void {
  // Not `accuracy < expected`: a figure that is no number does not meet an expectation either.
  if (expectAccuracy === undefined || accuracy >= expectAccuracy) return;
  throw new HandgradError(
    'failure',
    `The final test accuracy ${formatShare(accuracy)} is below the ${expectAccuracy} that --expect-accuracy asks for; the run is in ${dir}.`,
  );
}
