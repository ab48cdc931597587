import * as tf from '@tensorflow/tfjs-core';
import { augmenter, type Augment } from '../data/augment';
import { fitNormalization, type FittedNormalization } from '../data/fitNormalization';
import type { Dataset, Samples } from '../data/samples';
import { HandgradError } from '../errors';
import { createOptimizer } from '../optim/optimizers';
import { learningRate } from '../optim/schedules';
import type { Normalization } from '../nn/fold';
import type { TrainOptions } from '../training/train';
import { type Config, lastEpoch } from './config';

/** How `train` trains, in its own words: everything of a config that is neither data nor network. */
export function trainingSettings(
  config: Config,
  batchesPerEpoch: number,
): Omit<TrainOptions, 'state' | 'trainIter' | 'testIter' | 'valIter'> {
  const { epochs, lr, schedule, warmup, lrDecay, lrDecayEvery } = config;
  const { momentum, beta1, beta2, epsilon, weightDecay, clipNorm } = config;
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
    optimizer: createOptimizer(config.optimizer, rate, { clipNorm, momentum, beta1, beta2, epsilon, weightDecay }),
    ema: config.ema,
    dropout: config.dropout,
    inputDropout: config.inputDropout,
    labelSmoothing: config.labelSmoothing,
    mixup: config.mixup,
    patience: config.patience,
    seed: config.seed,
  };
}

/** What changes the training images, if anything is to. */
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

/** The normalization that a run is to learn from its training samples, if any. */
export function normalizationFor(dataset: Dataset, train: Samples, config: Config): FittedNormalization | undefined {
  return config.normalize ? fitNormalization(train, dataset.imageShape === undefined) : undefined;
}

/** The normalization on the backend, as the state keeps it. */
export function normalizationTensors(fitted: FittedNormalization | undefined): Normalization | undefined {
  return fitted && { mean: tf.tensor1d([...fitted.mean]), std: tf.tensor1d([...fitted.std]) };
}
