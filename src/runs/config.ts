import { z } from 'zod';
import { BACKENDS, type BackendName, MAX_THREADS } from '../backends';
import { ACTIVATIONS, type ActivationName } from '../nn/activations';
import { INITIALIZERS, type InitializerName } from '../nn/initialize';
import { CHECKPOINT_EVERY_RULE, isCheckpointEvery } from './checkpointEvery';
import { OPTIMIZERS, type OptimizerName } from '../optim/optimizers';
import { SCHEDULES, type ScheduleName } from '../optim/schedules';
import { ON_NAN, type OnNan } from '../training/finite';

// Every check of a setting fails with the same words, its rule, which `<name> must be` can stand before.

const wholeNumber = (min: number, max: number) => {
  const rule = `a whole number from ${min} to ${max}`;
  return z.number(rule).int(rule).min(min, rule).max(max, rule);
};

const number = (schema: (rule: string) => z.ZodNumber, range: string) => schema(`a number ${range}`);

const choice = <Name extends string>(names: readonly Name[]) =>
  z.enum(names as [Name, ...Name[]], `one of ${names.join(', ')}`);

/** At least 0 and less than 1: a part of something, of which something is left. */
const part = () => number((rule) => z.number(rule).min(0, rule).lt(1, rule), 'of at least 0 and below 1');
const positive = (max: number) =>
  number((rule) => z.number(rule).gt(0, rule).max(max, rule), `above 0 and at most ${max}`);
const yesOrNo = () => z.boolean('true or false');

/** The ways in which training images are changed. */
export const AUGMENTATIONS = ['shift', 'flip', 'cutout'] as const;
const AUGMENTATION_LIST = `a list of ${AUGMENTATIONS.join(', ')}, each once`;

const text = (what: string) =>
  z
    .string(what)
    .min(1, what)
    .max(4096, what)
    .refine((value) => !value.includes('\0'), what);

const keysOf = <Name extends string>(table: Record<Name, unknown>) => Object.keys(table) as Name[];

const MAX_WIDTH = 65_536;
const WIDTHS = `a list of at most 64 layer widths, each a whole number from 1 to ${MAX_WIDTH}`;

/**
 * Everything that a run is told. These are the keys of a config file and of a run's config.json; the defaults are the
 * hyperparameters of the post.
 */
export const configSchema = z.strictObject({
  dataset: text('the name of a data set, a folder or a CSV file').default('fashion-mnist'),
  dataDir: text('a folder').optional(),
  source: text('auto, http, apt, npm, a folder or an address').optional(),
  labelColumn: text('the name of a column').optional(),
  testFraction: number((rule) => z.number(rule).gt(0, rule).lt(1, rule), 'above 0 and below 1').optional(),
  valFraction: number((rule) => z.number(rule).min(0, rule).lt(1, rule), 'of at least 0 and below 1').default(0),
  limit: wholeNumber(1, 1_000_000_000).optional(),
  shuffle: z.boolean('true or false').default(true),
  normalize: yesOrNo().default(false),
  augment: z
    .array(z.enum(AUGMENTATIONS, AUGMENTATION_LIST), AUGMENTATION_LIST)
    .refine((names) => new Set(names).size === names.length, AUGMENTATION_LIST)
    .readonly()
    .default([]),
  shiftPixels: wholeNumber(1, 64).default(2),
  cutoutPixels: wholeNumber(1, 1024).default(8),
  mixup: z.union([z.literal(0), z.number().min(0.01).max(4)], '0 or a number from 0.01 to 4').default(0),

  hidden: z.array(wholeNumber(1, MAX_WIDTH), WIDTHS).max(64, WIDTHS).readonly().default([256]),
  activation: choice<ActivationName>(keysOf(ACTIVATIONS)).default('relu'),
  init: choice<InitializerName>(keysOf(INITIALIZERS)).default('normal'),
  batchNorm: yesOrNo().default(false),
  dropout: part().default(0),
  inputDropout: part().default(0),
  initFrom: text('a .safetensors file or a run folder').optional(),

  epochs: wholeNumber(1, 1_000_000).default(10),
  /** Ends the run after this epoch; what goes by the length of the run still goes by `epochs`. */
  stopAfter: wholeNumber(1, 1_000_000).optional(),
  batchSize: wholeNumber(1, 1_000_000).default(256),
  optimizer: choice<OptimizerName>(keysOf(OPTIMIZERS)).default('sgd'),
  lr: number((rule) => z.number(rule).gt(0, rule).max(1e12, rule), 'above 0 and at most 1e12').default(0.1),
  momentum: part().optional(),
  beta1: part().optional(),
  beta2: part().optional(),
  epsilon: positive(1).optional(),
  weightDecay: number((rule) => z.number(rule).min(0, rule).max(1, rule), 'from 0 to 1').optional(),
  schedule: choice<ScheduleName>(keysOf(SCHEDULES)).default('constant'),
  warmup: number((rule) => z.number(rule).min(0, rule).max(1e6, rule), 'of at least 0 and at most 1000000').default(0),
  lrDecay: positive(1).optional(),
  lrDecayEvery: positive(1e6).optional(),
  labelSmoothing: part().default(0),
  clipNorm: positive(1e12).optional(),
  ema: part().optional(),
  patience: wholeNumber(1, 1_000_000).optional(),
  // The generator takes 32 bits.
  seed: wholeNumber(0, 2 ** 32 - 1).default(0),
  checkpointEvery: z.string(CHECKPOINT_EVERY_RULE).refine(isCheckpointEvery, CHECKPOINT_EVERY_RULE).default('1epoch'),
  backend: choice<'auto' | BackendName>(['auto', ...keysOf(BACKENDS)]).default('auto'),
  /** Threads of the wasm backend; it knows what is fastest here. */
  threads: wholeNumber(1, MAX_THREADS).optional(),
  /** Whether webgpu may compute on an adapter that is a program on the processor. */
  allowSoftware: z.boolean('true or false').default(false),
  onNan: choice<OnNan>(ON_NAN).default('stop'),
  expectAccuracy: number((rule) => z.number(rule).min(0, rule).max(1, rule), 'from 0 to 1').optional(),
  /** Whether the run writes event files for TensorBoard. */
  tensorboard: z.boolean('true or false').default(true),
});

/** Names that settings had before, and those that they have now: what was written then is still read. */
export const FORMER_NAMES: Readonly<Record<string, ConfigKey>> = { normalise: 'normalize' };

/** A mapping of settings in which each has the name of today; anything else as it is. */
export function withTodaysNames<Content>(content: Content): Content {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return content;
  const entries = Object.entries(content).map(([key, value]: [string, unknown]) => [
    Object.hasOwn(FORMER_NAMES, key) ? FORMER_NAMES[key] : key,
    value,
  ]);
  return Object.fromEntries(entries) as Content;
}

export type Config = Readonly<z.output<typeof configSchema>>;
export type ConfigKey = keyof Config;

/** The epoch after which a run ends. */
export function lastEpoch({ epochs, stopAfter }: Pick<Config, 'epochs' | 'stopAfter'>): number {
  return Math.min(epochs, stopAfter ?? epochs);
}

/** The settings of a run for which nothing was asked. */
export const DEFAULTS: Config = configSchema.parse({});
