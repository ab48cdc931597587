import type { Random } from '../../random';

/** The value of a setting, as in JSON. Lists are layer widths. */
export type Value = string | number | boolean | null | readonly Value[];

interface Range {
  readonly min: number;
  readonly max: number;
}
interface Bell {
  readonly mu: number;
  readonly sigma: number;
}
interface Quantum {
  /** Values are multiples of it. */
  readonly q: number;
}

/** The keys of each distribution, named as in W&B. */
interface Shapes {
  constant: { readonly value: Value };
  categorical: { readonly values: readonly Value[]; readonly probabilities?: readonly number[] };
  int_uniform: Range;
  uniform: Range;
  q_uniform: Range & Quantum;
  log_uniform_values: Range;
  q_log_uniform_values: Range & Quantum;
  normal: Bell;
  q_normal: Bell & Quantum;
  log_normal: Bell;
  q_log_normal: Bell & Quantum;
}

export type DistributionName = keyof Shapes;
type Of<Name extends DistributionName> = { readonly distribution: Name } & Readonly<Shapes[Name]>;

/** A searched parameter, complete. */
export type Parameter = { [Name in DistributionName]: Of<Name> }[DistributionName];

interface Distribution<Name extends DistributionName> {
  /** Its required keys. */
  readonly keys: readonly Exclude<keyof Shapes[Name] & string, 'probabilities'>[];
  readonly draw: (parameter: Of<Name>, random: Random) => Value;
  /** Its values in order, if there are finitely many, as a grid needs. They are not listed: there may be billions. */
  readonly grid?: (parameter: Of<Name>) => Grid;
  /** Values at its ends: if a setting accepts these, it accepts all between. */
  readonly probes: (parameter: Of<Name>) => readonly Value[];
  /** Where a value lies between its ends, in [0, 1]: the probability of a smaller one. Only for ranges of numbers. */
  readonly place?: (parameter: Of<Name>, value: number) => number;
  /** The equivalent in Optuna, as its `distribution_to_json` writes it; undefined if Optuna has none. */
  readonly optuna?: (parameter: Of<Name>) => OptunaDistribution;
}

/** Finitely many values, by their index. */
export interface Grid {
  readonly count: number;
  readonly at: (index: number) => Value;
}

const gridOf = (values: readonly Value[]): Grid => ({ count: values.length, at: (i) => values[i]! });

/** A distribution as Optuna's `--search-space` takes it. */
export interface OptunaDistribution {
  readonly name: 'FloatDistribution' | 'IntDistribution' | 'CategoricalDistribution';
  readonly attributes: Readonly<Record<string, unknown>>;
}

const uniform = ({ min, max }: Range, random: Random) => Math.min(max, min + random.uniform() * (max - min));
const logUniform = ({ min, max }: Range, random: Random) =>
  Math.min(max, Math.max(min, Math.exp(Math.log(min) + random.uniform() * (Math.log(max) - Math.log(min)))));
const float = ({ min, max }: Range, log: boolean, step: number | null = null): OptunaDistribution => ({
  name: 'FloatDistribution',
  attributes: { low: min, high: max, log, step },
});

const uniformPlace = ({ min, max }: Range, value: number) => (value - min) / (max - min);
const logPlace = ({ min, max }: Range, value: number) => Math.log(value / min) / Math.log(max / min);
/** The normal distribution function, to 1e-4 (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.18). */
const normalPlace = ({ mu, sigma }: Bell, value: number) => {
  const z = Math.abs(value - mu) / sigma;
  const tail = 0.5 * (1 + z * (0.196854 + z * (0.115194 + z * (0.000344 + z * 0.019527)))) ** -4;
  return value < mu ? tail : 1 - tail;
};

/** The nearest multiple of q, without rounding artifacts such as 0.1 * 3. */
const quantized = (value: number, q: number) => Number((Math.round(value / q) * q).toPrecision(12));
/** The nearest multiple of q within the range. */
const inRange = (value: number, { min, max, q }: Range & Quantum) =>
  quantized(Math.min(Math.floor(max / q + 1e-9) * q, Math.max(Math.ceil(min / q - 1e-9) * q, quantized(value, q))), q);
const multiples = (parameter: Range & Quantum) => {
  const first = inRange(parameter.min, parameter);
  const count = Math.round((inRange(parameter.max, parameter) - first) / parameter.q) + 1;
  return { count, at: (i: number) => quantized(first + i * parameter.q, parameter.q) };
};
/** Four standard deviations: about one draw in 16,000 lies beyond. */
const bell = ({ mu, sigma }: Bell) => [mu - 4 * sigma, mu, mu + 4 * sigma];

/** The distributions that a sweep file may name. */
export const DISTRIBUTIONS: { readonly [Name in DistributionName]: Distribution<Name> } = {
  constant: {
    keys: ['value'],
    draw: ({ value }) => value,
    grid: ({ value }) => gridOf([value]),
    probes: ({ value }) => [value],
  },
  categorical: {
    keys: ['values'],
    draw: drawCategory,
    grid: ({ values }) => gridOf(values),
    probes: ({ values }) => values,
    // Optuna's categories are scalars; as JSON text they can be lists too.
    optuna: ({ values }) => ({
      name: 'CategoricalDistribution',
      attributes: { choices: values.map((value) => JSON.stringify(value)) },
    }),
  },
  int_uniform: {
    keys: ['min', 'max'],
    draw: ({ min, max }, random) => min + random.integer(max - min + 1),
    grid: ({ min, max }) => ({ count: max - min + 1, at: (i) => min + i }),
    probes: ({ min, max }) => [min, max],
    place: ({ min, max }, value) => (value - min + 0.5) / (max - min + 1),
    optuna: ({ min, max }) => ({ name: 'IntDistribution', attributes: { low: min, high: max, log: false, step: 1 } }),
  },
  uniform: {
    keys: ['min', 'max'],
    draw: uniform,
    probes: ({ min, max }) => [min, max, min + (max - min) * 0.618],
    place: uniformPlace,
    optuna: (parameter) => float(parameter, false),
  },
  q_uniform: {
    keys: ['min', 'max', 'q'],
    draw: (parameter, random) => inRange(uniform(parameter, random), parameter),
    grid: multiples,
    probes: (parameter) => [inRange(parameter.min, parameter), inRange(parameter.max, parameter)],
    place: ({ min, max, q }, value) => uniformPlace({ min: min - q / 2, max: max + q / 2 }, value),
    optuna: (parameter) => {
      const [min, max] = [inRange(parameter.min, parameter), inRange(parameter.max, parameter)];
      return float({ min, max }, false, parameter.q);
    },
  },
  log_uniform_values: {
    keys: ['min', 'max'],
    draw: logUniform,
    probes: ({ min, max }) => [min, max, min + (max - min) * 0.618],
    place: logPlace,
    optuna: (parameter) => float(parameter, true),
  },
  q_log_uniform_values: {
    keys: ['min', 'max', 'q'],
    draw: (parameter, random) => inRange(logUniform(parameter, random), parameter),
    probes: (parameter) => [inRange(parameter.min, parameter), inRange(parameter.max, parameter)],
    place: logPlace,
    // Optuna has no steps on a log scale; its suggestions are rounded in `fromOptuna`.
    optuna: (parameter) => float(parameter, true),
  },
  normal: {
    keys: ['mu', 'sigma'],
    draw: ({ mu, sigma }, random) => random.normal(mu, sigma),
    probes: bell,
    place: normalPlace,
  },
  log_normal: {
    keys: ['mu', 'sigma'],
    draw: ({ mu, sigma }, random) => Math.exp(random.normal(mu, sigma)),
    probes: (parameter) => bell(parameter).map(Math.exp),
    place: (parameter, value) => normalPlace(parameter, Math.log(value)),
  },
  q_normal: {
    keys: ['mu', 'sigma', 'q'],
    draw: ({ mu, sigma, q }, random) => quantized(random.normal(mu, sigma), q),
    probes: (parameter) => bell(parameter).map((value) => quantized(value, parameter.q)),
    place: normalPlace,
  },
  q_log_normal: {
    keys: ['mu', 'sigma', 'q'],
    draw: ({ mu, sigma, q }, random) => quantized(Math.exp(random.normal(mu, sigma)), q),
    probes: (parameter) => bell(parameter).map((value) => quantized(Math.exp(value), parameter.q)),
    place: (parameter, value) => normalPlace(parameter, Math.log(value)),
  },
};

/** The distribution of a parameter. The cast is safe: the row is looked up by the parameter's own distribution. */
function rowOf(parameter: Parameter): Distribution<DistributionName> {
  return DISTRIBUTIONS[parameter.distribution] as unknown as Distribution<DistributionName>;
}

/** Draws a random value of the parameter. */
export function draw(parameter: Parameter, random: Random): Value {
  return rowOf(parameter).draw(parameter, random);
}

/** The values of the parameter in order; undefined when there are infinitely many. */
export function gridValues(parameter: Parameter): Grid | undefined {
  return rowOf(parameter).grid?.(parameter);
}

/** Values of the parameter, including its ends, to validate a setting with. */
export function probesOf(parameter: Parameter): readonly Value[] {
  return rowOf(parameter).probes(parameter);
}

/**
 * Where a value lies in a range of numbers, in [0, 1]: the probability of a smaller one.
 * @returns undefined for a parameter that is a list of values
 */
export function placeIn(parameter: Parameter, value: number): number | undefined {
  const place = rowOf(parameter).place?.(parameter, value);
  return place === undefined || Number.isNaN(place) ? undefined : Math.min(1, Math.max(0, place));
}

/** The parameter as an Optuna distribution; undefined when Optuna has no equivalent. */
export function optunaOf(parameter: Parameter): OptunaDistribution | undefined {
  return rowOf(parameter).optuna?.(parameter);
}

/** Converts Optuna's suggestion to a value of the setting. */
export function fromOptuna(parameter: Parameter, chosen: unknown): Value {
  if (parameter.distribution === 'categorical') return JSON.parse(chosen as string) as Value;
  if (parameter.distribution === 'q_log_uniform_values') return inRange(chosen as number, parameter);
  return 'q' in parameter ? quantized(chosen as number, parameter.q) : (chosen as number);
}

function drawCategory({ values, probabilities }: Of<'categorical'>, random: Random): Value {
  if (!probabilities) return values[random.integer(values.length)]!;
  let left = random.uniform() * probabilities.reduce((sum, p) => sum + p, 0);
  const at = probabilities.findIndex((p) => (left -= p) < 0);
  return values[at === -1 ? values.length - 1 : at]!;
}
