import { z } from 'zod';
import { HandgradError } from '../../errors';
import { isMapping } from '../../kinds';
import { type ConfigKey, DEFAULTS, settings } from '../../runs/config';
import { allAtOnce, didYouMean, nearName, quoted } from '../../words';
import {
  DISTRIBUTIONS,
  type DistributionName,
  type Parameter,
  probesOf,
  type Value,
  gridValues,
  optunaOf,
} from './distributions';
import { keyOf, readSetting } from './settings';
import { fromWandb, metricNamed } from './wandb';

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
  ...['testAccuracy', 'testLoss', 'valAccuracy', 'valLoss', 'loss', 'lastBatchLoss', 'trainAccuracy'],
  ...['testRmse', 'testMae', 'testR2', 'valRmse', 'valMae', 'valR2'],
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

/** The metric's goal may be omitted, as in W&B; what W&B does with a target has no equivalent here. */
const metricSchema = z.strictObject(
  { name: z.string('a text'), goal: oneOf(['maximize', 'minimize']).optional(), target: finite.optional() },
  'a mapping with name and goal',
);

const fileSchema = z.strictObject(
  {
    name: z
      .string('a text')
      .regex(/^[\w .-]{1,64}$/, 'at most 64 letters, digits, spaces, dots, dashes and underscores')
      .optional(),
    description: z.string('a text').optional(),
    method: oneOf(['grid', 'random', 'bayes']),
    metric: metricSchema.optional(),
    // Each entry is checked by itself, so that all mistakes are found.
    parameters: z.record(z.string(), z.unknown(), 'a mapping of at least one parameter'),
    fixed: z.record(z.string(), z.unknown(), 'a mapping of settings').default({}),
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

/** How a sweep file is read. */
export interface ReadSweepOptions {
  /** Gets a sentence about what is left out, added, or read in another way than a user may expect. */
  readonly notice?: (message: string) => void;
  /** Accepts a random search without `run_cap`, which something else ends. */
  readonly endless?: boolean;
}

/** The validation split where the metric needs one and the file has none. */
const VAL_FRACTION = 0.1;

/**
 * Parses and validates the content of a sweep file. Its keys are those of W&B sweeps, plus `fixed`, `seeds` and `seed`.
 * @param content untrusted
 * @throws HandgradError 'usage' naming every key that cannot be used and what it takes
 */
export function readSweep(content: unknown, { notice = () => {}, endless = false }: ReadSweepOptions = {}): SweepSpec {
  refuseProto(content);
  const mistakes = createMistakes();
  const raw = fromWandb(content, notice);
  const parsed = fileSchema.safeParse(raw);
  for (const issue of parsed.error?.issues ?? []) mistakes.add(explained(issue, fileSchema.shape));
  const file: Partial<SweepFile> = parsed.data ?? {};
  const mappings = (raw ?? {}) as { readonly parameters?: unknown; readonly fixed?: unknown };
  const fixed = readFixed(file.fixed ?? mappings.fixed, mistakes);
  const parameters = readParameters(file.parameters ?? mappings.parameters, file.method, fixed, mistakes);
  // The rest only makes sense of a file whose parts do.
  if (!parsed.success) throw mistakes.error();
  return mistakes.check(() => completeSpec(parsed.data, parameters, fixed, { notice, endless }, mistakes));
}

/** Collects what is wrong with a file. */
function createMistakes() {
  const sentences: string[] = [];
  const error = () =>
    new HandgradError(
      'usage',
      allAtOnce(sentences.length === 1 ? sentences : sentences.map(inList), 'The sweep file has mistakes'),
    );
  const collect = <Result>(work: () => Result): Result | undefined => {
    try {
      return work();
    } catch (cause) {
      if (!(cause instanceof HandgradError)) throw cause;
      sentences.push(cause.message);
      return undefined;
    }
  };
  return {
    add: (mistake: HandgradError) => void sentences.push(mistake.message),
    error,
    collect,
    /** The result of `work`, unless there is a mistake. */
    check<Result>(work: () => Result): Result {
      const result = collect(work);
      if (sentences.length > 0) throw error();
      return result as Result;
    },
  };
}

type Mistakes = ReturnType<typeof createMistakes>;

function completeSpec(
  file: SweepFile,
  parameters: Readonly<Record<string, Parameter>>,
  fixed: Record<string, Value>,
  { notice, endless }: Required<ReadSweepOptions>,
  { collect }: Mistakes,
): SweepSpec {
  // Made explicit, so that the last epoch of a run is known from the spec alone.
  if (!parameters['epochs']) fixed['epochs'] ??= DEFAULTS.epochs;
  const isValidated = () => Number(fixed['valFraction'] ?? 0) > 0 || parameters['valFraction'] !== undefined;
  const metric = collect(() => readMetric(file, isValidated(), fixed));
  if (metric?.name.startsWith('val') && !isValidated()) {
    if (fixed['valFraction'] !== undefined) {
      throw wrong(`metric.name is ${metric.name}, but fixed.valFraction is 0: there are no validation samples`);
    }
    fixed['valFraction'] = VAL_FRACTION;
    notice(
      `The metric ${metric.name} needs validation samples: a tenth of the training samples is held out ` +
        '(fixed: valFraction: 0.1).',
    );
  }
  if (file.metric?.target !== undefined) notice('metric.target is ignored: a sweep does not end at a target.');
  const judged = { ...DEFAULTS, ...fixed };
  const { seeds, seed, method, name } = file;
  collect(() => {
    if (seeds > 1 && parameters['seed'])
      throw wrong('seeds and parameters.seed are two ways to say the same; leave one out');
    if (seeds > 1 && Number(judged['seed'] ?? 0) + seeds > 2 ** 32)
      throw wrong('seeds goes beyond the largest seed, 4294967295');
  });
  collect(() => {
    if (method === 'bayes' && Object.keys(parameters).length === 0)
      throw wrong('bayes has nothing to choose: every parameter has one value');
    if (method === 'grid' || file.run_cap !== undefined || endless) return;
    throw wrong(`run_cap is missing: ${method} would never end; give the number of trials, here or as \`runCap\``);
  });
  const halving = collect(
    () => file.early_terminate && readHalving(file.early_terminate, judged['epochs'], parameters),
  );
  return { name, method, metric: metric!, parameters, fixed, halving, runCap: file.run_cap ?? null, seeds, seed };
}

/** The settings that all trials share. */
function readFixed(mapping: unknown, { collect }: Mistakes): Record<string, Value> {
  const entries = named(mapping, 'fixed', collect).map(([key, value, where]) => {
    const setting = collect(() => readSetting(key, value, where));
    return setting === undefined ? [] : [[key, setting] as const];
  });
  return Object.fromEntries(entries.flat());
}

/**
 * The parameters that are searched.
 * @param fixed gets those that have one value: nothing is searched there
 */
function readParameters(
  mapping: unknown,
  method: SweepFile['method'] = 'random',
  fixed: Record<string, Value>,
  { add, collect }: Mistakes,
): Record<string, Parameter> {
  const shared = new Set(Object.keys(fixed));
  const parameters: Record<string, Parameter> = {};
  for (const [key, raw, where] of named(mapping, 'parameters', collect)) {
    collect(() => {
      if (shared.has(key)) throw wrong(`${where} is fixed as well; leave one of the two out`);
      const parsed = parameterSchema.safeParse(raw);
      if (!parsed.success) {
        for (const issue of parsed.error.issues) add(explained(issue, parameterSchema.shape, where));
        return;
      }
      const parameter = readParameter(key, parsed.data, where, method);
      if (parameter.distribution === 'constant') fixed[key] = parameter.value;
      else parameters[key] = parameter;
    });
  }
  if (isMapping(mapping) && Object.keys(mapping).length === 0)
    add(wrong('parameters must be a mapping of at least one parameter'));
  return parameters;
}

/** @param part where the issue is, if not in the file itself */
function explained(issue: z.core.$ZodIssue, known: object, part = ''): HandgradError {
  const at = [part, ...issue.path.map(String)].filter((name) => name !== '').join('.');
  if (issue.code === 'unrecognized_keys') {
    const where = at === '' ? '' : ` in ${at}`;
    const unknown = issue.keys.map((key) => {
      const hint = didYouMean(key, Object.keys(known)).replace(/[?.]$/, '');
      return `there is no key ${quoted(key)}${where}${hint.includes('choose') ? '' : hint}`;
    });
    return wrong(unknown.join(', and '));
  }
  return wrong(`${at || 'the file'} must be ${issue.message}`);
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
function named(
  mapping: unknown,
  part: string,
  collect: Mistakes['collect'],
): [key: ConfigKey, value: unknown, where: string][] {
  const seen = new Map<string, string>();
  const resolve = (name: string, value: unknown): [ConfigKey, unknown, string] => {
    const where = `${part}.${name}`;
    const key = keyOf(name, where);
    const { unsearchable } = settings[key];
    if (unsearchable) throw wrong(`${where} cannot be part of a sweep: ${unsearchable}`);
    if (seen.has(key)) throw wrong(`${where} and ${part}.${seen.get(key)!} are the same setting`);
    seen.set(key, name);
    return [key, value, where];
  };
  return Object.entries(isMapping(mapping) ? mapping : {}).flatMap(([name, value]) => {
    const entry = collect(() => resolve(name, value));
    return entry ? [entry] : [];
  });
}

function readParameter(
  key: ConfigKey,
  raw: z.output<typeof parameterSchema>,
  where: string,
  method: string,
): Parameter {
  const distribution = raw.distribution ?? impliedDistribution(raw, key, where);
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
  if (method === 'grid' && !gridValues(parameter))
    throw wrong(`${where} has no list of values, which a grid needs; give values, or q_uniform`);
  if (method === 'bayes' && !optunaOf(parameter)) {
    throw wrong(
      `${where} is ${distribution}, which Optuna does not have; give min and max with uniform or log_uniform_values`,
    );
  }
  return parameter;
}

/**
 * The default distribution, as in W&B, except that integers are drawn for settings that are whole only: YAML's 1.0
 * cannot be told from 1.
 */
function impliedDistribution(
  { value, values, min, max }: z.output<typeof parameterSchema>,
  key: ConfigKey,
  where: string,
): DistributionName {
  const { kind } = settings[key];
  if (value !== undefined) return 'constant';
  if (values !== undefined) return 'categorical';
  if (min !== undefined && max !== undefined)
    return (kind.each ?? kind).whole && Number.isInteger(min) && Number.isInteger(max) ? 'int_uniform' : 'uniform';
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
  { metric }: Pick<SweepFile, 'metric'>,
  validated: boolean,
  fixed: Readonly<Record<string, Value>>,
): Metric {
  if (!metric) return readMetric({ metric: { name: isRegression(fixed) ? 'rmse' : 'accuracy' } }, validated, fixed);
  const name = metricNamed(metric.name, METRICS, validated);
  if (!METRICS.some((one) => one === name)) {
    const hint = nearName(name, METRICS);
    throw wrong(
      `metric.name must be one of ${METRICS.join(', ')}, not ${quoted(name)}${hint ? `; did you mean ${hint}` : ''}`,
    );
  }
  return { name, goal: metric.goal ?? (/loss|seconds|rmse|mae/i.test(name) ? 'minimize' : 'maximize') };
}

/** Whether trials predict numbers, as far as the file says: by the task, or by a loss of numbers. */
const isRegression = ({ task, loss }: Readonly<Record<string, Value>>) =>
  task === 'regression' || loss === 'mse' || loss === 'huber';

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

const UNUSABLE = 'The sweep file cannot be used: ';

/** A sentence below the heading of several, which says what it is about. */
function inList(sentence: string): string {
  const what = sentence.startsWith(UNUSABLE) ? sentence.slice(UNUSABLE.length) : sentence;
  return what.replace(/^there is no/, 'There is no');
}

function wrong(what: string): HandgradError {
  return new HandgradError('usage', `${UNUSABLE}${what}.`);
}
