import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { busyShare } from './busyShare';
import type { Absent, Contender } from './contenders';
import { timedRun, type TimedRun } from './timedRun';
import { DATA, productsOf, type Work } from './work';

/** One contender's result in one round. */
export interface Measured {
  readonly name: string;
  /** The median over the run's epochs, training and evaluation. */
  readonly secondsPerEpoch: number;
  readonly secondsToFirstStep: number;
  readonly peakRssBytes?: number;
  /** The time of the epoch's matrix products alone, measured just before. */
  readonly productSeconds?: number;
}

export interface Round {
  /** The load of other processes just before: the round is unreliable unless it is near 0. */
  readonly busyBefore: number;
  readonly measured: readonly Measured[];
  /** Contenders that failed in this round; the others' figures are valid. */
  readonly failed: readonly Absent[];
}

/**
 * Runs every contender once, in turn; every other round in reverse order, so that none always follows the same one.
 * Slow ones take part in the first round only.
 */
export async function runRound(
  number: number,
  contenders: readonly Contender[],
  work: Work,
  how: { data: string; epochs: number; onContender: (name: string) => void },
  signal: AbortSignal,
): Promise<Round> {
  const busyBefore = await busyShare();
  const present = contenders.filter(({ samples }) => samples === undefined || number === 1);
  const measured: Measured[] = [];
  const failed: Absent[] = [];
  for (const contender of number % 2 === 1 ? present : present.toReversed()) {
    how.onContender(contender.name);
    try {
      measured.push(await measureContender(contender, work, how, signal));
    } catch (error) {
      signal.throwIfAborted();
      const reason = `it failed in round ${number}: ${(error as Error).message.split('\n').at(-1)}`;
      failed.push({ name: contender.name, reason });
    }
  }
  return { busyBefore, measured, failed };
}

async function measureContender(
  contender: Contender,
  work: Work,
  how: { data: string; epochs: number },
  signal: AbortSignal,
): Promise<Measured> {
  const productSeconds = await contender.products?.(productsOf(work), signal);
  const run = await inTemporaryFolder((folder) =>
    timedRun(contender.program({ ...how, runDir: path.join(folder, 'run') }), signal),
  );
  return {
    name: contender.name,
    secondsPerEpoch: epochSeconds(run, contender.samples),
    secondsToFirstStep: run.secondsToFirstStep,
    peakRssBytes: run.peakRssBytes,
    productSeconds,
  };
}

/** The time of an epoch, extrapolated to all samples if only some were trained on. */
function epochSeconds({ seconds, trainSeconds }: TimedRun, samples: number = DATA.trainSamples): number {
  const whole = seconds.map((all, i) => all + (trainSeconds[i] ?? 0) * (DATA.trainSamples / samples - 1));
  return median(whole);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

export async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'handgrad-bench-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
