import { isMapping } from '../../kinds';
import { keyNamed } from '../../runs/config';

type Mapping = Readonly<Record<string, unknown>>;

/** Keys of W&B that say who trains and where it is recorded, which is settled here. */
const NO_USE = ['program', 'command', 'project', 'entity', 'controller', 'job', 'image_uri'];

/** Distributions that W&B has under another name, or with other bounds. */
const DISTRIBUTIONS: Readonly<Record<string, (parameter: Mapping) => Mapping>> = {
  categorical_w_probabilities: (parameter) => ({ ...parameter, distribution: 'categorical' }),
  log_uniform: (parameter) => exponential('log_uniform_values', parameter),
  q_log_uniform: (parameter) => exponential('q_log_uniform_values', parameter),
  inv_log_uniform: ({ min, max, ...others }) =>
    exponential('log_uniform_values', { ...others, min: negative(max), max: negative(min) }),
  // 1/X is log-uniform between the inverse bounds, so X is between the bounds.
  inv_log_uniform_values: (parameter) => ({ ...parameter, distribution: 'log_uniform_values' }),
};

const negative = (value: unknown) => (typeof value === 'number' ? -value : value);

/** Bounds that are given as natural logarithms. */
function exponential(distribution: string, parameter: Mapping): Mapping {
  const value = (bound: unknown) => (typeof bound === 'number' ? Number(Math.exp(bound).toPrecision(12)) : bound);
  return { ...parameter, distribution, min: value(parameter['min']), max: value(parameter['max']) };
}

/**
 * Translates what only W&B's sweep files have: keys without a use here, nested parameters, and distributions.
 * @param content untrusted; what is not W&B's stays as it is
 * @param notice gets a sentence about each thing that is left out or read in another way than a user may expect
 */
export function fromWandb(content: unknown, notice: (message: string) => void): unknown {
  if (!isMapping(content)) return content;
  const useless = NO_USE.filter((key) => Object.hasOwn(content, key));
  if (useless.length > 0) {
    notice(`The sweep file's ${useless.join(', ').replace(/, (?=[^,]*$)/, ' and ')} are ignored: trials run "train".`);
  }
  const rest = Object.fromEntries(Object.entries(content).filter(([key]) => !useless.includes(key)));
  const { parameters } = rest;
  if (!isMapping(parameters)) return rest;
  const flat = flattened(parameters).map(([name, parameter]) => [name, translated(name, parameter, notice)]);
  return { ...rest, parameters: Object.fromEntries(flat) as Mapping };
}

/** `optimizer: {parameters: {name: …, lr: …}}` names `optimizer` and `lr`. */
function flattened(parameters: Mapping, parent?: string): [string, unknown][] {
  return Object.entries(parameters).flatMap(([name, value]) => {
    const nested = isMapping(value) && isMapping(value['parameters']) ? value['parameters'] : undefined;
    return nested ? flattened(nested, name) : [[nestedName(name, parent), value] as [string, unknown]];
  });
}

/** The setting that a nested parameter means: by both names together, by its own, or by that of the group. */
function nestedName(name: string, parent: string | undefined): string {
  if (parent === undefined) return name;
  // `name` in a group names what the group is, not the run.
  const names = [`${parent}_${name}`, ...(['name', 'type', 'kind'].includes(name) ? [parent] : [name])];
  return names.find((one) => keyNamed(one) !== undefined) ?? `${parent}.${name}`;
}

function translated(name: string, parameter: unknown, notice: (message: string) => void): unknown {
  if (!isMapping(parameter)) return parameter;
  const distribution = String(parameter['distribution']);
  if (!Object.hasOwn(DISTRIBUTIONS, distribution)) return parameter;
  const read = DISTRIBUTIONS[distribution]!(parameter);
  if (read['min'] !== parameter['min'] && typeof read['min'] === 'number' && typeof read['max'] === 'number') {
    const [min, max] = [read['min'], read['max']].map((bound) => Number(bound.toPrecision(3)));
    notice(`${name} is ${distribution}, whose bounds are natural logarithms: it is searched from ${min} to ${max}.`);
  }
  return read;
}

const plain = (name: string) => name.replace(/[-_/. ]/g, '').toLowerCase();

/** Names of metrics in other tools. `judged` ones are measured on the validation samples where there are some. */
const METRIC_NAMES: Readonly<Record<string, string>> = {
  ...{ valacc: 'valAccuracy', validationaccuracy: 'valAccuracy', validationacc: 'valAccuracy' },
  ...{ validationloss: 'valLoss', valloss: 'valLoss', valaccuracy: 'valAccuracy' },
  ...{ testacc: 'testAccuracy', testaccuracy: 'testAccuracy', testloss: 'testLoss' },
  ...{ trainloss: 'loss', trainingloss: 'loss', trainacc: 'trainAccuracy', trainingaccuracy: 'trainAccuracy' },
  ...{ accuracy: 'judgedAccuracy', acc: 'judgedAccuracy', evalaccuracy: 'judgedAccuracy', evalacc: 'judgedAccuracy' },
  evalloss: 'judgedLoss',
  ...{ rmse: 'judgedRmse', mae: 'judgedMae', r2: 'judgedR2', evalrmse: 'judgedRmse', evalmae: 'judgedMae' },
  ...{ evalr2: 'judgedR2', r2score: 'judgedR2', validationrmse: 'valRmse', validationmae: 'valMae' },
  rootmeansquarederror: 'judgedRmse',
  meanabsoluteerror: 'judgedMae',
};

/** Not of the table's prototype. */
const namedElsewhere = (name: string) => (Object.hasOwn(METRIC_NAMES, name) ? METRIC_NAMES[name] : undefined);

/**
 * The metric that a name means: in any spelling, or as other tools call it.
 * @param known the names of metrics
 * @param validated whether there are validation samples
 */
export function metricNamed(name: string, known: readonly string[], validated: boolean): string {
  const own = known.find((one) => plain(one) === plain(name));
  const meant = own ?? namedElsewhere(plain(name))?.replace('judged', validated ? 'val' : 'test');
  return meant !== undefined && known.includes(meant) ? meant : name;
}
