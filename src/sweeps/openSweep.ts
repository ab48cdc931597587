import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { HandgradError } from '../errors';
import { type Guard, removeUnfinished, writeFileAtomic } from '../files/atomicFile';
import { readConfigFile } from '../files/configFile';
import { assertFree, writeManifest } from '../files/manifest';
import { type ClaimedDir, claimRunDir } from '../runs/runDir';
import { readSweep, type ReadSweepOptions, type SweepSpec } from './spec/sweepFile';
import { type Entry, type Journal, JOURNAL, openJournal, readJournal } from './state/journal';
import { SWEEP_FILES } from './state/summary';
import { replay, type SweepState } from './state/sweepState';
import { readSweepFolder, TRIALS } from './sweepFolder';

/** A sweep whose folder this process has locked. */
export interface OpenSweep {
  readonly id: string;
  readonly dir: string;
  readonly state: SweepState;
  readonly journal: Journal;
  /** To be called before every change of the folder. */
  readonly guard: Guard;
  /** Closes the journal and unlocks the folder; an empty one is removed. */
  readonly close: () => Promise<void>;
}

/** A sweep file: its path (YAML or JSON), or its content. */
export type SweepSource = string | Readonly<Record<string, unknown>>;

/**
 * Reads and validates a sweep file.
 * @throws HandgradError 'usage' naming every key that cannot be used and what it takes
 */
export async function readSweepSource(source: SweepSource, options: ReadSweepOptions = {}): Promise<SweepSpec> {
  return readSweep(typeof source === 'string' ? await readConfigFile(source) : source, options);
}

/** The source with another number of trials. */
export async function withRunCap(source: SweepSource, runCap: number | undefined): Promise<SweepSource> {
  if (runCap === undefined) return source;
  const content = typeof source === 'string' ? await readConfigFile(source) : source;
  const name = typeof source === 'string' ? { name: basename(source, extname(source)) } : {};
  return { ...name, ...content, run_cap: runCap };
}

/** The content of the copy in the sweep's folder; JSON is YAML. */
async function textOf(source: SweepSource): Promise<Uint8Array | string> {
  return typeof source === 'string' ? readFile(source) : `${JSON.stringify(source, null, 2)}\n`;
}

/**
 * Creates a sweep: its folder, with a copy of the file and a journal whose first entry describes it.
 * @param given the folder; `runs/sweep-<name>-<date>-<time>` when omitted
 * @throws HandgradError 'usage' when the folder is not empty, because nothing is overwritten; 'storage', 'locked'
 */
export async function createSweep(
  source: SweepSource,
  spec: SweepSpec,
  given: string | undefined,
  forceUnlock = false,
): Promise<OpenSweep> {
  const name = spec.name ?? (typeof source === 'string' ? basename(source, extname(source)) : 'sweep');
  const { dir, lock, release } = await claimRunDir(given, `sweep-${name}`, forceUnlock);
  const guard = lock.assertHeld;
  try {
    if (await holdsSweep(dir)) {
      throw new HandgradError('usage', `${dir} holds a sweep already; resume it, or choose another folder.`);
    }
    await assertFree(dir, 'sweep', [SWEEP_FILES.file, JOURNAL]);
    await removeUnfinished(dir, guard);
    // First: it marks the folder as ours.
    await writeManifest(dir, 'sweep', { guard });
    await writeFileAtomic(join(dir, SWEEP_FILES.file), await textOf(source), guard);
    const id = randomBytes(8).toString('hex');
    const first: Entry = { type: 'sweep', version: 1, id, spec };
    const journal = await openJournal(dir, 0, { guard });
    return await closeOnFailure(journal, async () => {
      await journal.append(first);
      return { id, dir, state: replay(spec, [first]), journal, guard, close: createClose(journal, release) };
    });
  } catch (error) {
    await release();
    throw error;
  }
}

async function holdsSweep(dir: string): Promise<boolean> {
  return readJournal(dir).then(
    ({ entries }) => entries.length > 0,
    (error: HandgradError) => error.kind !== 'usage',
  );
}

/** What a resumed sweep changes. */
export interface ResumeChanges {
  /** The sweep file from now on; the copy in the sweep's folder when omitted. */
  readonly source?: SweepSource;
  /** The number of trials, with `extend`; that of the file when omitted. */
  readonly runCap?: number;
  /** Accepts a file that has other values or more trials than before. */
  readonly extend?: boolean;
  /** Retries failed trials. */
  readonly retryFailed?: boolean;
}

/**
 * Opens a sweep that was stopped or killed.
 * @throws HandgradError 'usage' when the folder holds none, or the file has been edited; 'model' for a damaged journal
 */
export async function reopenSweep(dir: string, changes: ResumeChanges, forceUnlock = false): Promise<OpenSweep> {
  // Before locking: a folder without a sweep stays untouched.
  await readSweepFolder(dir);
  const claimed = await claimRunDir(dir, dir, forceUnlock);
  try {
    return await openJournaled(dir, changes, claimed);
  } catch (error) {
    await claimed.release();
    throw error;
  }
}

async function openJournaled(
  dir: string,
  { source: given, runCap, extend = false, retryFailed = false }: ResumeChanges,
  { lock, release }: ClaimedDir,
): Promise<OpenSweep> {
  const guard = lock.assertHeld;
  for (const folder of [dir, join(dir, TRIALS)]) await removeUnfinished(folder, guard);
  // Read again under the lock.
  const { id, spec: known, entries, bytes } = await readSweepFolder(dir);
  const copy = join(dir, SWEEP_FILES.file);
  const source = runCap === undefined ? given : await withRunCap(given ?? copy, runCap);
  const current = source ?? copy;
  const spec = await readSweepSource(current, { endless: known.runCap === null });
  const edited = changedKeys(known, spec).length > 0;
  if (edited) assertExtends(known, spec, typeof current === 'string' ? current : 'The sweep', dir, extend);
  const journal = await openJournal(dir, bytes, { guard });
  return closeOnFailure(journal, async () => {
    if (edited) {
      // The copy first: without the entry, the same changes extend the sweep again.
      if (source !== undefined) await writeFileAtomic(join(dir, SWEEP_FILES.file), await textOf(source), guard);
      await journal.append({ type: 'extended', spec });
    }
    let state = replay(spec, entries);
    if (retryFailed) {
      const revived = state.trials.flatMap(({ number, failed }): Entry[] =>
        failed === undefined ? [] : [{ type: 'revived', trial: number }],
      );
      await Promise.all(revived.map((entry) => journal.append(entry)));
      state = replay(spec, [...entries, ...revived]);
    }
    return { id, dir, state, journal, guard, close: createClose(journal, release) };
  });
}

async function closeOnFailure(journal: Journal, work: () => Promise<OpenSweep>): Promise<OpenSweep> {
  try {
    return await work();
  } catch (error) {
    await journal.close();
    throw error;
  }
}

function createClose(journal: Journal, release: () => Promise<void>): () => Promise<void> {
  let closed: Promise<void> | undefined;
  return () => (closed ??= journal.close().then(release));
}

/** What may change while earlier and later results stay comparable. */
const EXTENSIBLE: readonly (keyof SweepSpec)[] = ['name', 'parameters', 'runCap'];

function changedKeys(known: SweepSpec, spec: SweepSpec): (keyof SweepSpec)[] {
  const keys = [...new Set([...Object.keys(known), ...Object.keys(spec)])] as (keyof SweepSpec)[];
  return keys.filter((key) => JSON.stringify(known[key]) !== JSON.stringify(spec[key]));
}

/** Whether both search the same parameters: earlier trials have no value for others. */
function sameParameters(known: SweepSpec, spec: SweepSpec): boolean {
  const names = ({ parameters }: SweepSpec) => JSON.stringify(Object.keys(parameters).sort());
  return names(known) === names(spec);
}

/** The file's names of the spec's keys. */
const FILE_KEYS: Partial<Record<keyof SweepSpec, string>> = { halving: 'early_terminate', runCap: 'run_cap' };

function assertExtends(known: SweepSpec, spec: SweepSpec, path: string, dir: string, extend: boolean): void {
  const changed = changedKeys(known, spec);
  const names = changed.map((key) => FILE_KEYS[key] ?? key).join(', ');
  if (!extend) {
    throw new HandgradError(
      'usage',
      `${path} has been edited since the sweep in ${dir} was started (${names}); undo that, ` +
        `or resume it with \`extend\`.`,
    );
  }
  if (changed.every((key) => EXTENSIBLE.includes(key)) && sameParameters(known, spec)) return;
  throw new HandgradError(
    'usage',
    `${path} differs from the sweep in ${dir} in more than the values of its parameters and run_cap (${names}), ` +
      'so results would not be comparable; start a new sweep.',
  );
}
