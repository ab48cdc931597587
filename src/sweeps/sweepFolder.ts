import { HandgradError } from '../errors';
import type { SweepSpec } from './spec/sweepFile';
import { type Entry, readJournal } from './state/journal';

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
