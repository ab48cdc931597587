import { z } from 'zod';
import { HandgradError } from '../../errors';
import { type ConfigKey, DEFAULTS, settings } from '../../runs/config';
import { didYouMean, quoted } from '../../words';
import {
  DISTRIBUTIONS,
  type DistributionName,
  type Parameter,
  probesOf,
  type Value,
  valuesOf,
  optunaOf,
} from './distributions';
import { keyOf, readSetting } from './settings';

/** What a sweep optimizes. */
export interface Metric {
  /** The key of an epoch event or of the end event. */
  readonly name: string;
  readonly goal: 'maximize' | 'minimize';
}

/** A complete, validated sweep file, as plain JSON. */
export interface SweepSpec {
  readonly name: string | undefined;
  readonly method: 'grid' | 'random' | 'bayes';
  readonly metric: Metric;
  /** The searched settings. */
  readonly parameters: Readonly<Record<string, Parameter>>;
  /** Settings that all trials share. */
  readonly fixed: Readonly<Record<string, Value>>;
  /** Successive halving: the epochs after which trials are compared, the last being all; 1/eta of them are promoted. */
  readonly halving: { readonly eta: number; readonly rungs: readonly number[] } | undefined;
  /** The maximum number of trials; null only for a grid, which then has no limit. */
  readonly runCap: number | null;
  /** Runs of each trial, with consecutive seeds. */
  readonly seeds: number;
  /** The seed of the sampler. */
  readonly seed: number;
}

/** Metrics in the epoch events; those that start with `val` need a validation split. */
export const METRICS = [
  ...['testAccuracy', 'testLoss', 'valAccuracy', 'valLoss', 'loss', 'lastBatchLoss'],
  ...['seconds', 'trainSeconds', 'samplesPerSecond'],
] as const;

/** A longer list of values is a mistake. */
const MAX_VALUES = 100_000;

const whole = (min: number, max: number) => {
  const rule = `a whole number from ${min} to ${max}`;
  return z.number(rule).int(rule).min(min, rule).max(max, rule);
};
const finite = z.number('a number');
const scalar = z.union(
  [z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number()])).readonly()],
  'a text, a number, true, false or a list',
);
const oneOf = <Name extends string>(names: readonly Name[]) =>
  z.enum(names as [Name, ...Name[]], `one of ${names.join(', ')}`);

const parameterSchema = z.strictObject(
  {
    distribution: oneOf(Object.keys(DISTRIBUTIONS) as DistributionName[]).optional(),
    value: scalar.optional(),
    values: z
      .array(scalar, 'a list of values')
      .min(1, 'a list of at least one value')
      .max(MAX_VALUES)
      .readonly()
      .optional(),
    probabilities: z.array(finite.min(0, 'numbers of at least 0')).readonly().optional(),
    min: finite.optional(),
    max: finite.optional(),
    mu: finite.optional(),
    sigma: finite.gt(0, 'a number above 0').optional(),
    q: finite.gt(0, 'a number above 0').optional(),
  },
  'a mapping: value, values, min and max, or a distribution',
);

const fileSchema = z.strictObject(
  {
    name: z
      .string('a text')
      .regex(/^[\w .-]{1,64}$/, 'at most 64 letters, digits, spaces, dots, dashes and underscores')
      .optional(),
    description: z.string('a text').optional(),
    method: oneOf(['grid', 'random', 'bayes']),
    metric: z
      .strictObject({ name: oneOf(METRICS), goal: oneOf(['maximize', 'minimize']) }, 'a mapping with name and goal')
      .optional(),
    parameters: z.record(z.string(), parameterSchema, 'a mapping of at least one parameter'),
    fixed: z.record(z.string(), scalar, 'a mapping of settings').default({}),
    early_terminate: z
      .strictObject(
        {
          type: oneOf(['hyperband']),
          min_iter: whole(1, 1_000_000).optional(),
          eta: whole(2, 100).default(3),
          s: whole(1, 30).optional(),
        },
        'a mapping with type: hyperband',
      )
      .optional(),
    run_cap: whole(1, 1_000_000).optional(),
    seeds: whole(1, 1000).default(1),
    seed: whole(0, 2 ** 32 - 1).default(0),
  },
  'a mapping',
);

type SweepFile = z.output<typeof fileSchema>;

/**
 * Parses and validates the content of a sweep file. Its keys are those of W&B sweeps, plus `fixed`, `seeds` and `seed`.
 * @param content untrusted
 * @throws HandgradError 'usage' naming the key and what it takes
 */
export function readSweep(content: unknown): SweepSpec {
  const file = checked(content);
  const fixed = Object.fromEntries(
    named(file.fixed, 'fixed').map(([key, value, where]) => [key, readSetting(key, value, where)]),
  );
  const parameters = Object.fromEntries(
    named(file.parameters, 'parameters').map(([key, raw, where]) => {
      if (Object.hasOwn(fixed, key)) throw wrong(`${where} is fixed as well; leave one of the two out`);
      return [key, readParameter(key, raw, where, file.method)];
    }),
  );
  if (Object.keys(parameters).length === 0) throw wrong('parameters must be a mapping of at least one parameter');
  // Made explicit, so that the last epoch of a run is known from the spec alone.
  if (!parameters['epochs']) fixed['epochs'] ??= DEFAULTS.epochs;
  const judged = { ...DEFAULTS, ...fixed };
  const metric = readMetric(file, judged, parameters);
  const { seeds, seed } = file;
  if (seeds > 1 && parameters['seed'])
    throw wrong('seeds and parameters.seed are two ways to say the same; leave one out');
  if (seeds > 1 && Number(judged['seed'] ?? 0) + seeds > 2 ** 32)
    throw wrong('seeds goes beyond the largest seed, 4294967295');
  if (file.method !== 'grid' && file.run_cap === undefined) {
    throw wrong(`run_cap is missing: ${file.method} would never end; give the number of trials`);
  }
  const halving = file.early_terminate && readHalving(file.early_terminate, judged['epochs'], parameters);
  return {
    name: file.name,
    method: file.method,
    metric,
    parameters,
    fixed,
    halving,
    runCap: file.run_cap ?? null,
    seeds,
    seed,
  };
}

function checked(content: unknown): SweepFile {
  refuseProto(content);
  const parsed = fileSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const at = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!;
    const known = Object.keys(at.startsWith('parameters.') ? parameterSchema.shape : fileSchema.shape);
    const where = at === '' ? '' : ` in ${at}`;
    if (['program', 'command', 'entrypoint'].includes(key))
      throw wrong(`${key} has no meaning${where}: trials always run "train"; leave it out`);
    throw wrong(`there is no key ${quoted(key)}${where}; ${didYouMean(key, known).replace(/\?$/, '')}`);
  }
  throw wrong(`${at || 'the file'} must be ${issue.message}`);
}

/** Zod would silently drop this key. */
function refuseProto(content: unknown): void {
  const isMapping = (value: unknown) => typeof value === 'object' && value !== null;
  if (!isMapping(content)) return;
  for (const part of [content, ...Object.values(content).filter(isMapping)] as object[]) {
    if (Object.hasOwn(part, '__proto__')) throw wrong('__proto__ is not a setting or a key');
  }
}

/** The entries of a mapping, with names resolved to settings. */
function named<T>(mapping: Readonly<Record<string, T>>, part: string): [key: ConfigKey, value: T, where: string][] {
  const seen = new Map<string, string>();
  return Object.entries(mapping).map(([name, value]) => {
    const where = `${part}.${name}`;
    const key = keyOf(name, where);
    const { unsearchable } = settings[key];
    if (unsearchable) throw wrong(`${where} cannot be part of a sweep: ${unsearchable}`);
    if (seen.has(key)) throw wrong(`${where} and ${part}.${seen.get(key)!} are the same setting`);
    seen.set(key, name);
    return [key, value, where];
  });
}

function readParameter(
  key: ConfigKey,
  raw: z.output<typeof parameterSchema>,
  where: string,
  method: string,
): Parameter {
  const distribution = raw.distribution ?? impliedDistribution(raw, where);
  const { keys } = DISTRIBUTIONS[distribution];
  const given = Object.keys(raw).filter(
    (name) => name !== 'distribution' && raw[name as keyof typeof raw] !== undefined,
  );
  const missing = keys.find((name) => !given.includes(name));
  if (missing) throw wrong(`${where} lacks ${missing}, which ${distribution} needs`);
  const extra = given.find(
    (name) =>
      !(keys as readonly string[]).includes(name) && !(distribution === 'categorical' && name === 'probabilities'),
  );
  if (extra) throw wrong(`${where} has ${extra}, which ${distribution} does not take`);
  checkNumbers(raw, distribution, where);
  const parameter = { ...raw, distribution } as Parameter;
  if (parameter.distribution === 'constant')
    return { distribution, value: readSetting(key, parameter.value, where) } as Parameter;
  if (parameter.distribution === 'categorical') {
    return { ...parameter, values: parameter.values.map((value) => readSetting(key, value, where)) };
  }
  for (const value of probesOf(parameter)) readSetting(key, value, where);
  if (method === 'grid' && !valuesOf(parameter))
    throw wrong(`${where} has no list of values, which a grid needs; give values, or q_uniform`);
  if (method === 'bayes' && !optunaOf(parameter)) {
    throw wrong(
      `${where} is ${distribution}, which Optuna does not have; give min and max with uniform or log_uniform_values`,
    );
  }
  return parameter;
}

/** The default distribution, as in W&B. */
function impliedDistribution(
  { value, values, min, max }: z.output<typeof parameterSchema>,
  where: string,
): DistributionName {
  if (value !== undefined) return 'constant';
  if (values !== undefined) return 'categorical';
  if (min !== undefined && max !== undefined)
    return Number.isInteger(min) && Number.isInteger(max) ? 'int_uniform' : 'uniform';
  throw wrong(`${where} needs value, values, min and max, or a distribution`);
}

function checkNumbers(
  { min, max, q, values, probabilities }: z.output<typeof parameterSchema>,
  distribution: DistributionName,
  where: string,
): void {
  if (min !== undefined && max !== undefined) {
    if (min > max) throw wrong(`${where} has a min above its max`);
    if (distribution === 'int_uniform' && !(Number.isSafeInteger(min) && Number.isSafeInteger(max)))
      throw wrong(`${where} is int_uniform, but its min or max is not an integer`);
    if (distribution.includes('log') && min <= 0)
      throw wrong(`${where} has a min of ${min}, but a logarithmic scale needs values above 0`);
    if (q !== undefined && Math.floor(max / q + 1e-9) < Math.ceil(min / q - 1e-9))
      throw wrong(`${where} has no multiple of q between min and max`);
    const step = distribution === 'int_uniform' ? 1 : q;
    if (step !== undefined && (max - min) / step > 2 ** 31)
      throw wrong(`${where} has more values than can be counted; make the range smaller`);
  }
  if (
    probabilities &&
    (probabilities.length !== values?.length || !(probabilities.reduce((sum, p) => sum + p, 0) > 0))
  ) {
    throw wrong(`${where} needs one probability for each value, not all of them 0`);
  }
}

function readMetric(
  { metric }: SweepFile,
  judged: Readonly<Record<string, unknown>>,
  parameters: Readonly<Record<string, Parameter>>,
): Metric {
  const validated = Number(judged['valFraction'] ?? 0) > 0 || parameters['valFraction'] !== undefined;
  if (metric?.name.startsWith('val') && !validated) {
    throw wrong(`metric.name is ${metric.name}, but there is no validation split; add "valFraction: 0.1" to fixed`);
  }
  return metric ?? { name: validated ? 'valAccuracy' : 'testAccuracy', goal: 'maximize' };
}

/**
 * The epochs after which trials are compared: min_iter times powers of eta, or `s` of them, counted down from all
 * epochs.
 */
function readHalving(
  { min_iter, eta, s }: NonNullable<SweepFile['early_terminate']>,
  epochs: number,
  parameters: Readonly<Record<string, Parameter>>,
): SweepSpec['halving'] {
  if (parameters['epochs'])
    throw wrong('parameters.epochs cannot be searched with early_terminate, which itself decides how long to train');
  const rungs: number[] = [];
  if (min_iter !== undefined) {
    for (let rung = min_iter; rung < epochs && rungs.length < (s ?? Infinity); rung *= eta) rungs.push(rung);
  } else {
    if (s === undefined)
      throw wrong(
        'early_terminate needs min_iter, the epochs before the first comparison, or s, the number of comparisons',
      );
    for (let k = s; k >= 1; k--) {
      const rung = Math.floor(epochs / eta ** k);
      if (rung >= 1 && rung !== rungs.at(-1)) rungs.push(rung);
    }
  }
  if (rungs.length === 0)
    throw wrong(
      `early_terminate never happens within ${epochs} epochs; give fixed.epochs more of them or min_iter fewer`,
    );
  return { eta, rungs: [...rungs, epochs] };
}

function wrong(what: string): HandgradError {
  return new HandgradError('usage', `The sweep file cannot be used: ${what}.`);
}
