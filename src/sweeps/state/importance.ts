import { placeIn, type Parameter } from '../spec/distributions';
import type { Ranked } from './ranking';
import { varianceShares } from './variance';

/** What one parameter does to the results. */
export interface Importance {
  readonly parameter: string;
  /**
   * From 0 to 1: the share of the variance of the results that the parameter alone explains (see `varianceShares`).
   * What the shares of all parameters leave is due to combinations of them.
   */
  readonly share: number;
  /**
   * From -1 to 1: Spearman's rank correlation with the result; positive when larger values give larger results. Null
   * for a parameter that is neither a number nor a list of one.
   */
  readonly correlation: number | null;
}

/** Fewer results are not informative about any parameter. */
const MIN_RESULTS = 4;

/**
 * The importance of each parameter, largest first. Parameters that have the same value in all trials are left out. All
 * trials are compared after the number of epochs that all of them have.
 * @param rows results; those without a value are skipped
 * @returns empty when there are too few results, or no variance
 */
export function importance(rows: readonly Ranked[], parameters: Readonly<Record<string, Parameter>>): Importance[] {
  const results = comparable(rows);
  if (results.length < MIN_RESULTS) return [];
  const values = Float64Array.from(results, ({ value }) => value);
  const axes = Object.entries(parameters).flatMap(([key, parameter]) => {
    const settings = results.map(({ configuration }) => configuration[key]);
    if (new Set(settings.map(textOf)).size < 2) return [];
    return [{ key, settings, places: placesOf(settings, values, parameter) }];
  });
  const places = Float64Array.from(results.flatMap((_, row) => axes.map((axis) => axis.places[row]!)));
  const shares = axes.length === 0 ? undefined : varianceShares({ places, values });
  if (!shares) return [];
  return axes
    .map(({ key, settings }, axis) => ({
      parameter: key,
      share: shares[axis]!,
      correlation: correlationOf(settings, values),
    }))
    .sort((a, b) => b.share - a.share);
}

/** The results after the epochs that all trials have. */
function comparable(rows: readonly Ranked[]): Pick<Ranked & { value: number }, 'configuration' | 'value'>[] {
  const finished = rows.filter((row) => row.value !== undefined && row.curve.length > 0);
  const common = Math.min(...finished.map(({ curve }) => curve.length));
  return finished
    .map(({ configuration, curve, value, epochs }) => ({
      configuration,
      value: epochs === common || curve.length === common ? value! : curve[common - 1]!,
    }))
    .filter(({ value }) => Number.isFinite(value));
}

/** A list of one number, such as one hidden layer, has a size as the number has. */
function correlationOf(settings: readonly unknown[], values: ArrayLike<number>): number | null {
  const numbers = settings.map((setting: unknown): unknown =>
    Array.isArray(setting) && setting.length === 1 ? setting[0] : setting,
  );
  return numbers.every(isNumber) ? rankCorrelation(numbers, values) : null;
}

const isNumber = (setting: unknown): setting is number => typeof setting === 'number';
const textOf = (setting: unknown) => JSON.stringify(setting) ?? '';

/**
 * Each setting on an axis from 0 to 1. The values of a list share it: numbers in their order; others in the order of
 * their mean results, in which trees split categories best (Breiman et al., Classification and Regression Trees, 1984).
 */
function placesOf(settings: readonly unknown[], results: ArrayLike<number>, parameter: Parameter): number[] {
  const inRange = settings.map((setting) => (isNumber(setting) ? placeIn(parameter, setting) : undefined));
  if (inRange.every(isNumber)) return inRange;
  const known = parameter.distribution === 'categorical' ? parameter.values : [];
  // With those of trials that were made before the list was changed.
  const values = [...new Map([...known, ...settings].map((value) => [textOf(value), value])).values()];
  const numbers = values.every(isNumber);
  const worth = (value: unknown) => {
    if (numbers) return value as number;
    const own = Array.from(results).filter((_, row) => textOf(settings[row]) === textOf(value));
    return own.reduce((sum, result) => sum + result, 0) / (own.length || 1);
  };
  const sorted = values
    .map((value) => ({ text: textOf(value), worth: worth(value) }))
    .sort((a, b) => a.worth - b.worth);
  const order = new Map(sorted.map(({ text }, at) => [text, (at + 0.5) / sorted.length]));
  return settings.map((setting) => order.get(textOf(setting))!);
}

/** Spearman's rank correlation; 0 when either does not vary. */
function rankCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [x, y] = [ranksOf(a), ranksOf(b)];
  // The mean of the ranks, whatever the ties.
  const mean = (x.length - 1) / 2;
  const product = (p: readonly number[], q: readonly number[]) =>
    p.reduce((sum, value, i) => sum + (value - mean) * (q[i]! - mean), 0);
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y)) || 0;
}

/** From 0; equal values share the mean of their ranks. */
function ranksOf(values: ArrayLike<number>): number[] {
  const sorted = Float64Array.from(values).sort();
  const [first, last] = [new Map<number, number>(), new Map<number, number>()];
  sorted.forEach((value, rank) => {
    if (!first.has(value)) first.set(value, rank);
    last.set(value, rank);
  });
  return Array.from(values, (value) => (first.get(value)! + last.get(value)!) / 2);
}
