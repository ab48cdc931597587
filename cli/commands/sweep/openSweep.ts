import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { HandgradError } from '../../../src/errors';
import { writeFileAtomic } from '../../../src/files/atomicFile';
import { type Entry, type Journal, openJournal, readJournal } from '../../../src/sweeps/state/journal';
import { SWEEP_FILES } from '../../../src/sweeps/state/summary';
import { readSweep, type SweepSpec } from '../../../src/sweeps/spec/sweepFile';
import { readSweepFolder } from '../../../src/sweeps/sweepFolder';
import { replay, type SweepState } from '../../../src/sweeps/state/sweepState';
import { readConfigFile } from '../../../src/files/configFile';
import { claimRunDir } from '../../../src/runs/runDir';

/** A sweep that this process carries on. */
export interface OpenSweep {
  readonly id: string;
  readonly dir: string;
  readonly state: SweepState;
  readonly journal: Journal;
  /** Puts the folder back as it was if nothing came of it. */
  readonly release: () => Promise<void>;
}

/** Reads and checks a sweep file. */
export async function readSweepFile(path: string): Promise<SweepSpec> {
  return readSweep(await readConfigFile(path));
}

/** Begins a sweep: its folder with the file and a journal that says what it is. */
export async function beginSweep(file: string, spec: SweepSpec, given: string | undefined): Promise<OpenSweep> {
  const name = spec.name ?? basename(file, extname(file));
  const claimed = await claimRunDir(given, `sweep-${name}`);
  const { dir } = claimed;
  try {
    if (await holdsSweep(dir)) {
      throw new HandgradError(
        'usage',
        `${dir} holds a sweep already; go on with it by "sweep --resume ${dir}", or choose another folder with --run-dir.`,
      );
    }
    await writeFileAtomic(join(dir, SWEEP_FILES.file), await readFile(file));
    const id = randomBytes(8).toString('hex');
    const first: Entry = { type: 'sweep', version: 1, id, spec };
    const journal = await openJournal(dir, 0);
    await journal.append(first);
    return { id, dir, state: replay(spec, [first]), journal, release: () => claimed.release() };
  } catch (error) {
    await claimed.release();
    throw error;
  }
}

async function holdsSweep(dir: string): Promise<boolean> {
  return readJournal(dir).then(
    ({ entries }) => entries.length > 0,
    (error: HandgradError) => error.kind !== 'usage',
  );
}

/**
 * Goes on with a sweep.
 * @param file the sweep file; else the copy in the sweep's folder
 * @param extend whether a file that is not the sweep's any more is taken all the same
 * @throws HandgradError 'usage' when the file has been edited
 */
export async function resumeSweep(
  dir: string,
  file: string | undefined,
  { extend, retryFailed }: { extend: boolean; retryFailed: boolean },
): Promise<OpenSweep> {
  await readSweepFolder(dir);
  const claimed = await claimRunDir(dir, dir);
  try {
    return await reopenSweep(dir, file, { extend, retryFailed }, () => claimed.release());
  } catch (error) {
    await claimed.release();
    throw error;
  }
}

async function reopenSweep(
  dir: string,
  file: string | undefined,
  { extend, retryFailed }: { extend: boolean; retryFailed: boolean },
  release: () => Promise<void>,
): Promise<OpenSweep> {
  // Once it is this process's own: nobody writes any more.
  const { id, spec: known, entries, bytes } = await readSweepFolder(dir);
  const path = file ?? join(dir, SWEEP_FILES.file);
  const spec = await readSweepFile(path);
  const edited = changedKeys(known, spec).length > 0;
  if (edited) refuseChange(known, spec, path, dir, extend);
  const journal = await openJournal(dir, bytes);
  try {
    if (edited) {
      await journal.append({ type: 'extended', spec });
      if (file !== undefined) await writeFileAtomic(join(dir, SWEEP_FILES.file), await readFile(file));
    }
    let state = replay(spec, entries);
    if (retryFailed) {
      const revived = state.trials.flatMap(({ number, failed }): Entry[] =>
        failed === undefined ? [] : [{ type: 'revived', trial: number }],
      );
      await Promise.all(revived.map((entry) => journal.append(entry)));
      state = replay(spec, [...entries, ...revived]);
    }
    return { id, dir, state, journal, release };
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/** What may change without making earlier results incomparable with later ones. */
const EXTENSIBLE: readonly (keyof SweepSpec)[] = ['name', 'parameters', 'runCap'];

function changedKeys(known: SweepSpec, spec: SweepSpec): (keyof SweepSpec)[] {
  const keys = [...new Set([...Object.keys(known), ...Object.keys(spec)])] as (keyof SweepSpec)[];
  return keys.filter((key) => JSON.stringify(known[key]) !== JSON.stringify(spec[key]));
}

/** Other parameters are another search: the earlier trials have no value for them. */
function sameParameters(known: SweepSpec, spec: SweepSpec): boolean {
  const names = ({ parameters }: SweepSpec) => JSON.stringify(Object.keys(parameters).sort());
  return names(known) === names(spec);
}

/** The spec's keys in the words of the file. */
const FILE_KEYS: Partial<Record<keyof SweepSpec, string>> = { halving: 'early_terminate', runCap: 'run_cap' };

function refuseChange(known: SweepSpec, spec: SweepSpec, path: string, dir: string, extend: boolean): void {
  const changed = changedKeys(known, spec);
  const names = changed.map((key) => FILE_KEYS[key] ?? key).join(', ');
  if (!extend) {
    throw new HandgradError(
      'usage',
      `${path} has been edited since the sweep in ${dir} began (${names}); undo that, or go on with it by --extend.`,
    );
  }
  if (changed.every((key) => EXTENSIBLE.includes(key)) && sameParameters(known, spec)) return;
  throw new HandgradError(
    'usage',
    `${path} differs from the sweep in ${dir} in more than the values of its parameters and run_cap (${names}), so that its results would not compare; start it as a new sweep.`,
  );
}
