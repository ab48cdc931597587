import os from 'node:os';
import type { Absent, Contender } from './contenders';
import { median, type Round } from './rounds';
import { gflopOf, type Work } from './work';

/** One contender's figures: medians over the rounds, the peak the largest of them. */
export interface Row {
  readonly name: string;
  readonly backend?: string;
  readonly device?: string;
  readonly threads?: number;
  readonly secondsPerEpoch: number;
  /** Fewest and most seconds over the rounds. */
  readonly range: readonly [number, number];
  readonly secondsToFirstStep: number;
  readonly peakRssBytes?: number;
  /** What the arithmetic of the products makes of an epoch, and of the products by themselves. */
  readonly gflopPerSecond: number;
  readonly productGflopPerSecond?: number;
  /** The part of an epoch that its products take at the backend's own rate, at most 1. */
  readonly productShare?: number;
  /** Where it was slow: timed on the first samples only, in one round, and multiplied. */
  readonly samples?: number;
}

/** All that was found out about one work. */
export interface WorkResult {
  readonly work: Work['name'];
  readonly hidden: readonly number[];
  readonly batchSize: number;
  readonly gflopPerEpoch: number;
  readonly rows: readonly Row[];
  readonly absent: readonly Absent[];
  readonly rounds: readonly Round[];
}

/** The machine, for whoever reads the figures elsewhere. */
export interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
}

export interface BenchResult {
  readonly machine: Machine;
  readonly works: readonly WorkResult[];
}

export function thisMachine(): Machine {
  return {
    processor: os.cpus()[0]?.model.trim() ?? 'unknown',
    processors: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    system: `${os.type()} ${os.arch()}`,
    node: process.versions.node,
  };
}

/** Puts the rounds together. */
export function summarize(
  work: Work,
  contenders: readonly Contender[],
  rounds: readonly Round[],
  absent: readonly Absent[],
): WorkResult {
  const gflopPerEpoch = gflopOf(work);
  const rows = contenders.map(({ name, backend, device, threads, samples }): Row => {
    const runs = rounds.flatMap(({ measured }) => measured.filter((one) => one.name === name));
    const seconds = runs.map(({ secondsPerEpoch }) => secondsPerEpoch);
    const known = <T>(values: readonly (T | undefined)[]) => values.filter((value) => value !== undefined);
    const peaks = known(runs.map(({ peakRssBytes }) => peakRssBytes));
    const products = known(runs.map(({ productSeconds }) => productSeconds));
    const shares = runs.flatMap(({ productSeconds, secondsPerEpoch }) =>
      productSeconds === undefined ? [] : [productSeconds / secondsPerEpoch],
    );
    return {
      name,
      backend,
      device,
      threads,
      samples,
      secondsPerEpoch: median(seconds),
      range: [Math.min(...seconds), Math.max(...seconds)],
      secondsToFirstStep: median(runs.map(({ secondsToFirstStep }) => secondsToFirstStep)),
      peakRssBytes: peaks.length ? Math.max(...peaks) : undefined,
      gflopPerSecond: gflopPerEpoch / median(seconds),
      productGflopPerSecond: products.length ? gflopPerEpoch / median(products) : undefined,
      productShare: shares.length ? Math.min(1, median(shares)) : undefined,
    };
  });
  const { name, hidden, batchSize } = work;
  return { work: name, hidden, batchSize, gflopPerEpoch, rows, absent, rounds };
}

/**
 * How many times as long one contender took as another: the median of what each round says, because what disturbs a round
 * disturbs both. A contender that was in one round only is compared by that one.
 * @returns undefined when one of them is not there
 */
export function ratio({ rounds }: WorkResult, name: string, other: string): number | undefined {
  const ratios = rounds.flatMap(({ measured }) => {
    const find = (wanted: string) => measured.find((one) => one.name === wanted)?.secondsPerEpoch;
    const [a, b] = [find(name), find(other)];
    return a === undefined || b === undefined ? [] : [a / b];
  });
  return ratios.length ? median(ratios) : undefined;
}
