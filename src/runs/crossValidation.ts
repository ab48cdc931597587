import type { RunningBackend } from '../backends';
import type { TypedTable } from '../data/tables/typedTable';
import type { EndEvent, EpochEvent } from '../training/train';
import type { Config, Resolved } from './config';
import { describeEnvironment } from './environment';
import type { FoldEvent, RunEnd, RunEvent, Spread } from './events';
import { assertExpectations } from './expectations';
import { readRun } from './readRun';
import { createRunFolder, foldDir, recordDivergence, reopenRunFolder, type RunFolder } from './runFolder';
import type { Lock } from '../files/lock';

// Cross-validation: a run for each fold, in its own folder, `fold-1`, `fold-2`, …, and a folder around them whose
// records are the means over the folds. So everything that reads a run reads a cross-validation: sweeps, comparisons,
// resuming.

/** The run of a fold. */
interface FoldRun {
  train(signal?: AbortSignal): AsyncGenerator<RunEvent, void, void>;
}

/** The parts of a cross-validation that its folds share. */
export interface FoldParts {
  readonly dir: string;
  /** Without `fold`. */
  readonly config: Config;
  readonly table: TypedTable;
  readonly backend: RunningBackend;
  readonly lock: Lock;
  /** Opens the run of a fold: a new one, or the one that was interrupted. */
  readonly openFold: (fold: number, dir: string) => Promise<FoldRun>;
}

/** The settings of one fold. What is expected is expected of the mean. */
export function foldSettings({ config, given, origins }: Resolved, fold: number): Resolved {
  const none = { expectAccuracy: undefined, expectRmse: undefined, expectMae: undefined, expectR2: undefined };
  return { config: { ...config, ...none, fold }, given: new Set([...given, 'fold']), origins };
}

/**
 * Trains the folds one after the other. Yields `start`, the steps of each fold, a `fold` event at its end, and `end`
 * with the mean and the standard deviation of each figure.
 * @param folder the records around the folds
 */
export async function* trainFolds(
  { dir, config, openFold }: FoldParts,
  folder: RunFolder,
  signal: AbortSignal | undefined,
): AsyncGenerator<RunEvent, void, void> {
  const folds = config.folds!;
  const ends: RunEnd[] = [];
  for (let fold = 1; fold <= folds; fold++) {
    const run = await openFold(fold, foldDir(dir, fold));
    try {
      for await (const event of run.train(signal)) {
        if (event.type === 'start' && fold === 1) yield { ...event, config, runDir: dir };
        else if (event.type === 'step') yield event;
        else if (event.type === 'stopped') {
          yield { ...event, runDir: dir };
          return;
        } else if (event.type === 'end') {
          ends.push(event);
          yield { ...event, type: 'fold', fold, folds } satisfies FoldEvent;
        }
      }
    } catch (error) {
      await recordDivergence(error, folder);
      throw error;
    }
  }
  const runs = await Promise.all(ends.map((_, i) => readRun(foldDir(dir, i + 1))));
  for (const epoch of meanEpochs(runs.map(({ epochs }) => epochs))) await folder.appendMetrics(epoch);
  const end = { ...meanOf<EndEvent>(ends), ...spreadOf(ends), runDir: dir } as RunEnd;
  await folder.appendMetrics(end);
  await folder.seal(undefined);
  yield end;
  assertExpectations(config, end);
}

/** The means of each epoch, as far as every fold has it: early stopping may end one sooner. */
function meanEpochs(folds: readonly (readonly EpochEvent[])[]): EpochEvent[] {
  const shortest = Math.min(...folds.map(({ length }) => length));
  return Array.from({ length: shortest }, (_, i) => meanOf(folds.map((epochs) => epochs[i]!)));
}

/** The record of means: of every number that all of them have. */
function meanOf<Row extends EpochEvent | EndEvent>(rows: readonly Row[]): Row {
  const mean = Object.entries(rows[0]!).map(([key, value]): [string, unknown] => [
    key,
    typeof value === 'number' ? average(rows.map((row) => (row as unknown as Record<string, number>)[key]!)) : value,
  ]);
  const row = Object.fromEntries(mean) as unknown as Row;
  // Counts stay whole; a run takes as long as all of its folds.
  const seconds = rows.reduce((sum, one) => sum + one.seconds, 0);
  return {
    ...row,
    seconds,
    ...('epochs' in row && { epochs: Math.round(row.epochs) }),
    ...('step' in row && { step: Math.round(row.step) }),
    ...('bestEpoch' in row && { bestEpoch: undefined }),
  };
}

function spreadOf(ends: readonly RunEnd[]): Spread {
  const keys = Object.keys(ends[0]!).filter((key) => key.startsWith('test'));
  const of = (reduce: (values: readonly number[]) => number) =>
    Object.fromEntries(
      keys.map((key) => [key, reduce(ends.map((end) => (end as unknown as Record<string, number>)[key]!))]),
    );
  return { folds: ends.length, mean: of(average), std: of(deviation) };
}

const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The standard deviation of a sample. */
function deviation(values: readonly number[]): number {
  const mean = average(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** Creates the folder around the folds. */
export async function createFoldsFolder(
  { dir, config, backend, table, lock }: FoldParts,
  env: Readonly<Record<string, string | undefined>>,
): Promise<RunFolder> {
  const { count, name, digest } = table.table;
  const dataset = { name, digest, train: { count }, test: { count } };
  const environment = describeEnvironment({ backend: backend.name, device: backend.device, dataset }, env);
  return createRunFolder(dir, { config, environment }, lock);
}

/** Opens the folder around folds that were interrupted: its means are computed at the end. */
export async function reopenFoldsFolder({ dir, config, lock }: FoldParts): Promise<RunFolder> {
  const { config: before } = await readRun(dir);
  return reopenRunFolder(dir, { metricsBytes: 0, before, config }, lock);
}
