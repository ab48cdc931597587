import type { Absent, Contender } from './contenders';
import type { Machine } from './machine';
import { type Measured, median, type Round } from './rounds';
import type { About } from './timedRun';
import { gflopOf, type Work } from './work';

/** One contender's figures: medians over the rounds, the peak the largest of them. */
export interface Row {
  readonly name: string;
  /** The backend, for handgrad. */
  readonly backend?: string;
  /** Versions, device, threads, and the time of a first compilation. */
  readonly about: About;
  readonly secondsPerEpoch: number;
  /** Fewest and most seconds over the rounds. */
  readonly range: readonly [number, number];
  readonly secondsToFirstStep: number;
  readonly peakRssBytes?: number;
  /** The arithmetic of the products per second of an epoch, and of the products alone. */
  readonly gflopPerSecond: number;
  readonly productGflopPerSecond?: number;
  /** The share of an epoch that its products take at the contender's own rate, at most 1. */
  readonly productShare?: number;
  /** If it was slow: timed on so many samples, in one round, and extrapolated. */
  readonly samples?: number;
}

/** The results of one work. */
export interface WorkResult {
  readonly work: Work['name'];
  readonly hidden: readonly number[];
  readonly batchSize: number;
  readonly gflopPerEpoch: number;
  readonly rows: readonly Row[];
  readonly absent: readonly Absent[];
  readonly rounds: readonly Round[];
}

export interface BenchResult {
  /** The day, as 2026-11-26. */
  readonly date: string;
  readonly machine: Machine;
  readonly works: readonly WorkResult[];
}

/**
 * Combines the rounds. A contender that failed in the first round has no row; one that failed later has a row of fewer
 * rounds.
 */
export function summarize(
  work: Work,
  contenders: readonly Contender[],
  rounds: readonly Round[],
  absent: readonly Absent[],
): WorkResult {
  const gflopPerEpoch = gflopOf(work);
  const rows = contenders.flatMap(({ name, backend, about, samples }): Row[] => {
    const runs = rounds.flatMap(({ measured }) => measured.filter((one) => one.name === name));
    if (runs.length === 0) return [];
    const seconds = runs.map(({ secondsPerEpoch }) => secondsPerEpoch);
    const known = <T>(values: readonly (T | undefined)[]) => values.filter((value) => value !== undefined);
    const peaks = known(runs.map(({ peakRssBytes }) => peakRssBytes));
    const products = known(runs.map(({ productSeconds }) => productSeconds));
    const shares = runs.flatMap(({ productSeconds, secondsPerEpoch }) =>
      productSeconds === undefined ? [] : [productSeconds / secondsPerEpoch],
    );
    const row = {
      ...{ name, backend, about, samples },
      secondsPerEpoch: median(seconds),
      range: [Math.min(...seconds), Math.max(...seconds)],
      secondsToFirstStep: median(runs.map(({ secondsToFirstStep }) => secondsToFirstStep)),
      peakRssBytes: peaks.length ? Math.max(...peaks) : undefined,
      gflopPerSecond: gflopPerEpoch / median(seconds),
      productGflopPerSecond: products.length ? gflopPerEpoch / median(products) : undefined,
      productShare: shares.length ? Math.min(1, median(shares)) : undefined,
    } satisfies Row;
    return [row];
  });
  const { name, hidden, batchSize } = work;
  return { work: name, hidden, batchSize, gflopPerEpoch, rows, absent, rounds };
}

/**
 * The ratio of two contenders' times: the median of the rounds' ratios, because noise in a round affects both.
 * A contender of one round only is compared in that round.
 * @param of what to compare: the time of an epoch, or of its products alone
 * @returns undefined if one of them is missing
 */
export function ratio(
  { rounds }: WorkResult,
  name: string,
  other: string,
  of: (measured: Measured) => number | undefined = ({ secondsPerEpoch }) => secondsPerEpoch,
): number | undefined {
  const ratios = rounds.flatMap(({ measured }) => {
    const find = (wanted: string) => measured.filter((one) => one.name === wanted).map(of)[0];
    const [a, b] = [find(name), find(other)];
    return a === undefined || b === undefined ? [] : [a / b];
  });
  return ratios.length ? median(ratios) : undefined;
}

/** The computing library and its version: `torch 2.13.0+cpu`. */
export function versionText({ about: { versions = {} }, backend }: Row): string {
  // For handgrad, the version of the backend's library; native is handgrad itself.
  const known = Object.entries(versions).filter(([name]) => !backend || !['node', 'tfjs-core'].includes(name));
  const [name, version] = (backend ? known.at(-1) : known[0]) ?? [];
  return name === undefined ? '' : `${name} ${version}`;
}

/** The load of other processes before the rounds. */
export function busyText({ works }: BenchResult): string {
  const busy = works.flatMap(({ rounds }) => rounds.map(({ busyBefore }) => 100 * busyBefore));
  const range = `${Math.min(...busy).toFixed(0)} to ${Math.max(...busy).toFixed(0)}%`;
  return `Other processes took ${range} of the machine before the rounds.`;
}
