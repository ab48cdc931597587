import * as tf from '@tensorflow/tfjs-core';
import { augmenter, type Augment } from '../data/augment';
import { fitNormalization, type FittedNormalization } from '../data/fitNormalization';
import type { Dataset, Samples } from '../data/samples';
import { HandgradError } from '../errors';
import { networkOf } from '../model/parameters';
import type { Normalization } from '../nn/fold';
import { initParams } from '../nn/initialize';
import { createLoss } from '../nn/losses';
import { withBatchNorm } from '../nn/network';
import { createOptimizer } from '../optim/optimizers';
import { learningRate } from '../optim/schedules';
import { createRandom } from '../random';
import { dataIterator } from '../training/batches';
import { evaluationBatchSize } from '../training/evaluate';
import type { TrainOptions } from '../training/train';
import { disposeState, startState } from '../training/trainState';
import { restoreState } from './checkpoint';
import { type Config, lastEpoch } from './config';
import type { RunParts } from './runParts';
import { lossFor } from './task';

/** The options of `train` for a run, new or resumed. The caller disposes of the state. */
export function trainOptions({
  config,
  dataset,
  samples,
  start,
  resumePoint,
}: Pick<RunParts, 'config' | 'dataset' | 'samples' | 'start' | 'resumePoint'>): TrainOptions {
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
    // The class of a mixture of two samples is not defined.
    accuracy: !dataset.targets && config.mixup === 0,
  });
  const found = resumePoint?.found;
  try {
    if (found) restoreState(state, found.checkpoint, found.path);
  } catch (error) {
    disposeState(state);
    throw error;
  }
  const evaluationBatch = evaluationBatchSize(plain);
  return {
    ...settings,
    loss: createLoss(lossFor(config, dataset), { delta: config.huberDelta }),
    targets: dataset.targets,
    state,
    trainIter,
    testIter: dataIterator(dataset.test, evaluationBatch),
    valIter: samples.validation && dataIterator(samples.validation, evaluationBatch),
    onNan: config.onNan,
    logEvery: config.logEvery,
  };
}

/** Translates a config to options of `train`: everything that is neither data nor network. */
export function trainingSettings(
  config: Config,
  batchesPerEpoch: number,
): Omit<TrainOptions, 'state' | 'trainIter' | 'testIter' | 'valIter' | 'loss' | 'targets'> {
  const { epochs, lr, schedule, warmup, lrDecay, lrDecayEvery } = config;
  const pace = {
    lr,
    totalSteps: epochs * batchesPerEpoch,
    stepsPerEpoch: batchesPerEpoch,
    warmupSteps: Math.round(warmup * batchesPerEpoch),
    decay: lrDecay,
    decayEvery: lrDecayEvery,
  };
  const rate = schedule === 'constant' && warmup === 0 ? lr : (step: number) => learningRate(schedule, step, pace);
  return {
    numEpochs: lastEpoch(config),
    optimizer: createOptimizer(config.optimizer, rate, optimizerOptions(config)),
    ema: config.ema,
    dropout: config.dropout,
    inputDropout: config.inputDropout,
    labelSmoothing: config.labelSmoothing,
    mixup: config.mixup,
    patience: config.patience,
    seed: config.seed,
  };
}

/** The hyperparameters of a config's optimizer, beside the learning rate. */
export function optimizerOptions(config: Config): NonNullable<Parameters<typeof createOptimizer>[2]> {
  const { clipNorm, momentum, beta1, beta2, epsilon, weightDecay } = config;
  return { clipNorm, momentum, beta1, beta2, epsilon, weightDecay };
}

/** The augmentation of the training images, if any. */
export function augmentation({ imageShape }: Dataset, config: Config): Augment | undefined {
  const { augment, shiftPixels, cutoutPixels, seed } = config;
  if (augment.length === 0) return undefined;
  if (!imageShape) {
    throw new HandgradError('usage', 'The setting augment changes images, and this data set has none; leave it out.');
  }
  const how = {
    ...(augment.includes('shift') && { shift: shiftPixels }),
    ...(augment.includes('cutout') && { cutout: cutoutPixels }),
    flip: augment.includes('flip'),
  };
  return augmenter(imageShape, how, seed);
}

/** The normalization fitted on the training samples, if any. */
export function normalizationFor(
  { imageShape, preparation }: Dataset,
  train: Samples,
  { normalize }: Config,
): FittedNormalization | undefined {
  // The preparation of a table has standardized its columns, in float64.
  if (!normalize || (preparation && !imageShape)) return undefined;
  return fitNormalization(train, imageShape === undefined);
}

/** The normalization on the backend, as the state keeps it. */
export function normalizationTensors(fitted: FittedNormalization | undefined): Normalization | undefined {
  return fitted && { mean: tf.tensor1d([...fitted.mean]), std: tf.tensor1d([...fitted.std]) };
}
