import type { Options } from 'yargs';
import { HandgradError } from '../../src/errors';
import {
  type Config,
  type ConfigKey,
  configSchema,
  DEFAULTS,
  FORMER_NAMES,
  withTodaysNames,
} from '../../src/runs/config';
import { readConfigFile } from '../../src/files/configFile';
import { didYouMean, quoted } from '../../src/words';

/** Flags as yargs parsed them: every value is text, true, or a list where a flag was repeated. */
export type Args = Readonly<Record<string, unknown>>;

interface Flag {
  readonly group: 'Data' | 'Network' | 'Training' | 'Backend';
  readonly describe: string;
  /** What the flag's text means; it is left to the schema to refuse it. A flag without it takes no value: it says `true`. */
  readonly parse?: (text: string) => unknown;
}

const asText = (text: string) => text;
/** Not `Number` alone: it takes "" and " " for 0, and reads 0x10. */
const asNumber = (text: string) => (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : text);
const asNumbers = (text: string) => (text.trim() === '' ? [] : text.split(',').map((part) => asNumber(part.trim())));

const asNames = (text: string) => (text.trim() === '' ? [] : text.split(',').map((part) => part.trim()));

const choices = (key: 'activation' | 'init' | 'optimizer' | 'schedule' | 'backend') =>
  configSchema.shape[key].unwrap().options.join('|');

/** Every setting as a flag, in the order in which help lists them. `shuffle` and `tensorboard` are set by --no-… flags. */
const FLAGS = {
  dataset: { group: 'Data', describe: 'what to learn: NAME, a DIR of IDX files, or FILE.csv', parse: asText },
  dataDir: { group: 'Data', describe: 'the DIR that keeps data sets', parse: asText },
  source: {
    group: 'Data',
    describe: 'where missing data comes from: auto|http|apt|npm, a DIR, or the URL of a mirror',
    parse: asText,
  },
  labelColumn: { group: 'Data', describe: 'CSV: the NAME of the column of labels, else the first', parse: asText },
  testFraction: { group: 'Data', describe: 'CSV: the part of the rows kept for testing, else 0.2', parse: asNumber },
  valFraction: {
    group: 'Data',
    describe: 'the part of the training samples that judges the epochs; the test set then waits for the end',
    parse: asNumber,
  },
  limit: { group: 'Data', describe: 'use only the first N training samples', parse: asNumber },
  normalize: {
    group: 'Data',
    describe: 'give the inputs mean 0 and deviation 1: all pixels of images together, each column of a table',
  },
  augment: {
    group: 'Data',
    describe: 'change the training images at random, each time anew: a list of shift,flip,cutout',
    parse: asNames,
  },
  shiftPixels: { group: 'Data', describe: 'how far --augment shift moves at most', parse: asNumber },
  cutoutPixels: { group: 'Data', describe: 'the side of the square of --augment cutout', parse: asNumber },
  mixup: {
    group: 'Data',
    describe: 'mix pairs of samples, in parts from the beta distribution with this parameter; 0.2 mixes lightly',
    parse: asNumber,
  },

  hidden: {
    group: 'Network',
    describe: 'width of the hidden layer, or of each: 512,256; "" for none',
    parse: asNumbers,
  },
  activation: { group: 'Network', describe: `of the hidden layers: ${choices('activation')}`, parse: asText },
  init: { group: 'Network', describe: `how the weights are drawn: ${choices('init')}`, parse: asText },
  batchNorm: { group: 'Network', describe: 'batch normalization of the hidden layers' },
  dropout: { group: 'Network', describe: 'the probability that a hidden unit is dropped', parse: asNumber },
  inputDropout: { group: 'Network', describe: 'the probability that an input is dropped', parse: asNumber },
  initFrom: {
    group: 'Network',
    describe: 'start from the weights in FILE.safetensors, which also give --hidden',
    parse: asText,
  },

  epochs: { group: 'Training', describe: 'passes over the training samples', parse: asNumber },
  stopAfter: {
    group: 'Training',
    describe: 'end after this epoch of them; a schedule still goes by --epochs, and --resume goes on',
    parse: asNumber,
  },
  batchSize: { group: 'Training', describe: 'samples per step', parse: asNumber },
  optimizer: { group: 'Training', describe: `the update rule: ${choices('optimizer')}`, parse: asText },
  lr: { group: 'Training', describe: 'the learning rate', parse: asNumber },
  momentum: {
    group: 'Training',
    describe: 'momentum, nesterov: what is kept of the velocity, else 0.9',
    parse: asNumber,
  },
  beta1: { group: 'Training', describe: 'adam, adamw: what is kept of the mean gradient, else 0.9', parse: asNumber },
  beta2: {
    group: 'Training',
    describe: 'adam, adamw, rmsprop: what is kept of the mean square, else 0.999 (rmsprop 0.99)',
    parse: asNumber,
  },
  epsilon: { group: 'Training', describe: 'adam, adamw, rmsprop: keeps divisors above 0, else 1e-8', parse: asNumber },
  weightDecay: {
    group: 'Training',
    describe: 'pulls weights to 0 (not biases or scales): with adamw apart from the gradient, else through the loss',
    parse: asNumber,
  },
  schedule: {
    group: 'Training',
    describe: `how the learning rate changes over the run: ${choices('schedule')}`,
    parse: asText,
  },
  warmup: { group: 'Training', describe: 'epochs in which the learning rate rises to --lr', parse: asNumber },
  lrDecay: {
    group: 'Training',
    describe: 'the factor of --schedule step, else 0.1, and of exponential in each epoch, else 0.95',
    parse: asNumber,
  },
  lrDecayEvery: {
    group: 'Training',
    describe: 'epochs between two steps of --schedule step, else a third of the run',
    parse: asNumber,
  },
  labelSmoothing: { group: 'Training', describe: 'the part of the truth that all classes share', parse: asNumber },
  clipNorm: {
    group: 'Training',
    describe: 'shorten gradients that are longer than this, all together',
    parse: asNumber,
  },
  ema: {
    group: 'Training',
    describe: 'judge and save averages of the weights that keep this part of themselves in each step, such as 0.999',
    parse: asNumber,
  },
  patience: {
    group: 'Training',
    describe: 'stop after N epochs that were no better on the validation part, and keep the best network',
    parse: asNumber,
  },
  seed: { group: 'Training', describe: 'governs weights, split, order and all else that is drawn', parse: asNumber },
  checkpointEvery: {
    group: 'Training',
    describe: 'how often the whole state is saved: 500 (steps), 2epochs, 30s, 10m, 1h, or never before the end',
    parse: asText,
  },
  onNan: {
    group: 'Training',
    describe: 'when numbers are not finite: stop, or skip-batch to leave out the batches that lead to them',
    parse: asText,
  },
  expectAccuracy: {
    group: 'Training',
    describe: 'exit with 1 when the final test accuracy is below this',
    parse: asNumber,
  },

  backend: { group: 'Backend', describe: `what computes: ${choices('backend')}`, parse: asText },
  threads: { group: 'Backend', describe: 'wasm: how many threads compute, else what is fastest here', parse: asNumber },
  allowSoftware: { group: 'Backend', describe: 'webgpu: take an adapter that is a program on the processor' },
} satisfies Record<Exclude<ConfigKey, SwitchKey>, Flag>;

/** Settings that are on unless a flag `--no-<key>` turns them off. */
const SWITCHES = ['shuffle', 'tensorboard'] as const satisfies readonly ConfigKey[];
type SwitchKey = (typeof SWITCHES)[number];
const isSwitch = (key: ConfigKey): key is SwitchKey => SWITCHES.some((one) => one === key);

type FlagKey = keyof typeof FLAGS;

/** Defaults that the environment gives. */
const VARIABLES = { backend: 'HANDGRAD_BACKEND', dataDir: 'HANDGRAD_DATA_DIR' } satisfies Partial<
  Record<ConfigKey, string>
>;

/** What the text of a setting means, as its flag reads it. */
export function readSetting(key: ConfigKey, text: string): unknown {
  if (isSwitch(key)) return text;
  const { parse }: Flag = FLAGS[key];
  return parse ? parse(text) : text;
}

/** `batchSize` → `batch-size` */
export const flagName = (key: string) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Some settings as flags for yargs. Their type is left open: the text is parsed here, strictly. */
export function settingOptions(keys: readonly FlagKey[]): Record<string, Options> {
  const former = Object.entries(FORMER_NAMES).filter(([, key]) => keys.some((one) => one === key));
  return Object.fromEntries([
    ...keys.map((key): [string, Options] => [flagName(key), settingOption(key)]),
    // Help does not list what a flag was called before.
    ...former.map(([name, key]): [string, Options] => [
      flagName(name),
      { ...settingOption(key as FlagKey), hidden: true, conflicts: flagName(key) },
    ]),
  ]);
}

function settingOption(key: FlagKey): Options {
  const { group, describe, parse }: Flag = FLAGS[key];
  const shown = { group: `${group}:`, describe };
  if (!parse) return { type: 'boolean', ...shown };
  const standard = String(DEFAULTS[key] ?? '');
  return { requiresArg: true, nargs: 1, ...shown, ...(standard !== '' && { defaultDescription: standard }) };
}

/** Every setting, in the order of help. */
export const SETTING_KEYS = Object.keys(FLAGS) as readonly FlagKey[];

/** The settings of every command that starts a backend. */
export const BACKEND_SETTINGS = ['backend', 'threads', 'allowSoftware'] as const satisfies typeof SETTING_KEYS;

/** A config and where it comes from. */
export interface Resolved {
  readonly config: Config;
  /** The settings that the user gave, by a flag or in a file: what is left may be chosen to fit the data. */
  readonly given: ReadonlySet<ConfigKey>;
}

/**
 * The one way from flags to a config. Flags win over the file of --config, that over HANDGRAD_BACKEND and
 * HANDGRAD_DATA_DIR, and those over the defaults.
 * @throws HandgradError 'usage' naming the flag, key or variable and what it takes
 */
export async function resolveConfig(args: Args, env: NodeJS.ProcessEnv): Promise<Resolved> {
  const path = args['config'] as string | undefined;
  const file = path === undefined ? {} : withTodaysNames(await readConfigFile(path));
  refuseUnknownKeys(file, path!);
  const flags = readFlags(args);
  const variables = readVariables(env);
  const merged = { ...variables, ...file, ...flags };
  const parsed = configSchema.safeParse(merged);
  if (!parsed.success) {
    const { path: at, message } = parsed.error.issues[0]!;
    const key = at[0] as ConfigKey;
    const value = at.reduce<unknown>((inner, step) => (inner as Record<PropertyKey, unknown>)[step], merged);
    const place = Object.hasOwn(flags, key)
      ? `--${flagName(key)}`
      : Object.hasOwn(file, key)
        ? `${key} in ${path}`
        : VARIABLES[key as keyof typeof VARIABLES];
    throw new HandgradError('usage', `${place} must be ${message}, not ${quoted(value)}.`);
  }
  return { config: parsed.data, given: new Set([...Object.keys(file), ...Object.keys(flags)] as ConfigKey[]) };
}

function readFlags(args: Args): Partial<Record<ConfigKey, unknown>> {
  const entries: [ConfigKey, unknown][] = [];
  for (const key of SETTING_KEYS) {
    const { parse }: Flag = FLAGS[key];
    const names = [key, ...Object.keys(FORMER_NAMES).filter((name) => FORMER_NAMES[name] === key)];
    const value = names.map((name) => args[flagName(name)]).find((given) => given !== undefined);
    if (value !== undefined) entries.push([key, parse ? parse(value as string) : value]);
  }
  for (const key of SWITCHES) {
    if (args[key] !== undefined) entries.push([key, args[key]]);
    if (args[`no-${key}`]) entries.push([key, false]);
  }
  return Object.fromEntries(entries);
}

function readVariables(env: NodeJS.ProcessEnv): Partial<Record<ConfigKey, string>> {
  const set = Object.entries(VARIABLES).map(([key, name]) => [key, env[name]] as const);
  // An empty variable is an unset one, as everywhere in a shell.
  return Object.fromEntries(set.filter(([, value]) => value));
}

function refuseUnknownKeys(file: Record<string, unknown>, path: string): void {
  const known = Object.keys(configSchema.shape);
  const unknown = Object.keys(file).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new HandgradError(
    'usage',
    `There is no setting ${quoted(unknown)} (in ${path}); ${didYouMean(unknown, known)}`,
  );
}

/** The whole number that a flag has. @throws HandgradError 'usage' with the range */
export function wholeNumberFlag(args: Args, flag: string, min: number, max: number): number | undefined {
  const text = args[flag] as string | undefined;
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new HandgradError('usage', `--${flag} must be a whole number from ${min} to ${max}, not ${quoted(text)}.`);
}
