import { HandgradError } from '../errors';
import type { SweepSpec } from './spec/sweepFile';
import { type Entry, readJournal, type RunId } from './state/journal';

/** The folder of the runs, inside the sweep's. */
export const TRIALS = 'trials';

/** The name of a run's folder: `0007`, or `0007-s2` if trials have several seeds. */
export function runName({ trial, seed }: Pick<RunId, 'trial' | 'seed'>, seeds: number): string {
  const number = String(trial).padStart(4, '0');
  return seeds === 1 ? number : `${number}-s${seed}`;
}

/** Reads a sweep's journal. @throws HandgradError 'usage' when the folder holds none, 'model' when it is damaged */
export async function readSweepFolder(
  dir: string,
): Promise<{ id: string; spec: SweepSpec; entries: readonly Entry[]; bytes: number }> {
  const { entries, bytes } = await readJournal(dir);
  const first = entries[0];
  if (first?.type !== 'sweep')
    throw new HandgradError('usage', `The sweep in ${dir} was stopped before it started; start a new one.`);
  const { spec } = entries.findLast((entry) => entry.type === 'extended') ?? first;
  return { id: first.id, spec, entries, bytes };
}
