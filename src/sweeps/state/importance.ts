import type { Ranked } from './ranking';

/** How much of the variance of the results one parameter explains. */
export interface Importance {
  readonly parameter: string;
  /**
   * From 0 to 1: the share of the variance between the parameter's values, less what chance alone would give (omega
   * squared of a one-way analysis of variance; Hays, Statistics). Numbers with many values are first binned into groups
   * of equal size.
   */
  readonly share: number;
}

/** Fewer results are not informative about any parameter. */
const MIN_RESULTS = 4;
const MAX_GROUPS = 5;

/**
 * Each parameter's share of the variance, largest first. Only main effects count: parameters that matter only in
 * combination have none. All trials are compared after the number of epochs that all of them have.
 * @param rows results; those without a value are skipped
 * @returns empty when there are too few results, no variance, or a single parameter
 */
export function importance(rows: readonly Ranked[], parameters: readonly string[]): Importance[] {
  // The epochs that all trials have.
  const finished = rows.filter((row) => row.value !== undefined && row.curve.length > 0);
  const common = Math.min(...finished.map(({ curve }) => curve.length));
  const results = finished
    .map(({ configuration, curve, value, epochs }) => ({
      configuration,
      value: epochs === common || curve.length === common ? value! : curve[common - 1]!,
    }))
    .filter(({ value }) => Number.isFinite(value));
  if (results.length < MIN_RESULTS || parameters.length < 2) return [];
  const values = results.map(({ value }) => value);
  const total = squares(values);
  if (!(total > 0)) return [];
  return parameters
    .map((parameter) => {
      const groups = grouped(results.map(({ configuration, value }) => ({ setting: configuration[parameter], value })));
      return { parameter, share: omegaSquared(groups, values.length, total) };
    })
    .sort((a, b) => b.share - a.share);
}

function omegaSquared(groups: readonly (readonly number[])[], count: number, total: number): number {
  const free = count - groups.length;
  // One group explains nothing; a group for each result explains everything and means nothing.
  if (groups.length < 2 || free < 1) return 0;
  const within = groups.reduce((sum, group) => sum + squares(group), 0);
  const noise = within / free;
  const share = (total - within - (groups.length - 1) * noise) / (total + noise);
  return Math.min(1, Math.max(0, share));
}

/** The results grouped by value, or by ranges of a number with many values. */
function grouped(rows: readonly { setting: unknown; value: number }[]): number[][] {
  const byValue = new Map<string, number[]>();
  for (const { setting, value } of rows) {
    const key = JSON.stringify(setting);
    byValue.set(key, [...(byValue.get(key) ?? []), value]);
  }
  const numbers = rows.every(({ setting }) => typeof setting === 'number');
  const groups = Math.min(MAX_GROUPS, Math.floor(Math.sqrt(rows.length)));
  if (!numbers || byValue.size <= groups) return [...byValue.values()];
  const sorted = [...rows].sort((a, b) => (a.setting as number) - (b.setting as number));
  return Array.from({ length: groups }, (_, i) =>
    sorted
      .slice(Math.round((i * sorted.length) / groups), Math.round(((i + 1) * sorted.length) / groups))
      .map(({ value }) => value),
  );
}

/** The sum of squared distances from the mean. */
function squares(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}
