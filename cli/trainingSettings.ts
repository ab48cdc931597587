import * as tf from '@tensorflow/tfjs-core';
import { augmenter, type Augment } from '../src/data/augment';
import { fitNormalisation, type FittedNormalisation } from '../src/data/fitNormalisation';
import type { Dataset, Samples } from '../src/data/samples';
import { HandgradError } from '../src/errors';
import { createOptimizer } from '../src/optim/optimizers';
import { learningRate } from '../src/optim/schedules';
import type { TrainOptions } from '../src/training/train';
import type { Config, ConfigKey } from './config';
import { DEFAULTS, lastEpoch } from './config';
import { flagName } from './options';

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
    activation: config.activation,
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
    throw new HandgradError('usage', '--augment changes images, and this data set has none; leave it out.');
  }
  const how = {
    ...(augment.includes('shift') && { shift: shiftPixels }),
    ...(augment.includes('cutout') && { cutout: cutoutPixels }),
    flip: augment.includes('flip'),
  };
  return augmenter(imageShape, how, seed);
}

/** The normalisation that a run is to learn from its training samples, if any. */
export function normalisationOf(dataset: Dataset, train: Samples, config: Config): FittedNormalisation | undefined {
  return config.normalise ? fitNormalisation(train, dataset.imageShape === undefined) : undefined;
}

/** The normalisation on the engine, as the state keeps it: [mean, std], or nothing. */
export function normalisationTensors(fitted: FittedNormalisation | undefined): tf.Tensor[] {
  return fitted ? [tf.tensor1d([...fitted.mean]), tf.tensor1d([...fitted.std])] : [];
}

/** Settings that only some others give a meaning, and those. */
const MEANINGFUL: readonly { key: ConfigKey; when: (config: Config) => boolean; needs: string }[] = [
  {
    key: 'momentum',
    when: ({ optimizer }) => /momentum|nesterov/.test(optimizer),
    needs: '--optimizer momentum or nesterov',
  },
  { key: 'beta1', when: ({ optimizer }) => /adam/.test(optimizer), needs: '--optimizer adam or adamw' },
  {
    key: 'beta2',
    when: ({ optimizer }) => /adam|rmsprop/.test(optimizer),
    needs: '--optimizer adam, adamw or rmsprop',
  },
  {
    key: 'epsilon',
    when: ({ optimizer }) => /adam|rmsprop/.test(optimizer),
    needs: '--optimizer adam, adamw or rmsprop',
  },
  {
    key: 'lrDecay',
    when: ({ schedule }) => /step|exponential/.test(schedule),
    needs: '--schedule step or exponential',
  },
  { key: 'lrDecayEvery', when: ({ schedule }) => schedule === 'step', needs: '--schedule step' },
  { key: 'shiftPixels', when: ({ augment }) => augment.includes('shift'), needs: '--augment shift' },
  { key: 'cutoutPixels', when: ({ augment }) => augment.includes('cutout'), needs: '--augment cutout' },
  {
    key: 'patience',
    when: ({ valFraction }) => valFraction > 0,
    needs: '--val-fraction: the test set is not for choosing',
  },
  { key: 'batchNorm', when: ({ hidden }) => hidden.length > 0, needs: '--hidden: it is for hidden layers' },
  { key: 'dropout', when: ({ hidden }) => hidden.length > 0, needs: '--hidden: it is for hidden layers' },
  { key: 'warmup', when: ({ warmup, epochs }) => warmup < epochs, needs: 'more --epochs than those of the warmup' },
];

/**
 * Refuses what would be quietly without effect.
 * @throws HandgradError 'usage' naming the setting and what it needs
 */
export function refuseMeaningless(config: Config): void {
  const idle = MEANINGFUL.find(({ key, when }) => config[key] && config[key] !== DEFAULTS[key] && !when(config));
  if (idle) throw new HandgradError('usage', `--${flagName(idle.key)} needs ${idle.needs}; add that, or leave it out.`);
  if (config.initFrom === undefined) return;
  const key = config.batchNorm ? 'batchNorm' : config.normalise ? 'normalise' : undefined;
  if (!key) return;
  throw new HandgradError(
    'usage',
    `--${flagName(key)} cannot start from saved weights, which are those of a plain network for inputs as they are; leave it or --init-from out.`,
  );
}
