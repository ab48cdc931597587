import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { HandgradError } from '../errors';
import { isHeld } from '../files/lock';
import { MANIFEST } from '../files/manifest';
import { DEFAULTS, keysWhere, lastEpoch, pick, withDefaults } from '../runs/config';
import { labelsOf } from '../runs/labels';
import { withoutFolders } from '../runs/modelConfig';
import { findRun, type RunData } from '../runs/readRun';
import { resultFigure } from '../runs/resultFigure';
import { RUN_FILES } from '../runs/runFolder';
import { plannedTrials } from '../sweeps/spec/samplers';
import { JOURNAL } from '../sweeps/state/journal';
import { rank } from '../sweeps/state/ranking';
import { replay } from '../sweeps/state/sweepState';
import { readSweepFolder, TRIALS } from '../sweeps/sweepFolder';

/** The state of a run or sweep. `stopped` can be resumed, also after a crash. */
export type RunState = 'finished' | 'stopped' | 'diverged' | 'running';

/** A run or a sweep in a list. */
export interface ListedRun {
  readonly kind: 'run' | 'sweep';
  /** The path of its folder, and the name of that. */
  readonly dir: string;
  readonly folder: string;
  readonly name: string | undefined;
  readonly tags: readonly string[];
  readonly note: string | undefined;
  /** When it started and when it last wrote a result, as the files say: ISO 8601, UTC. */
  readonly started: string;
  readonly changed: string;
  readonly dataset: string;
  /** The settings that affect results, with defaults; of a sweep, those that all of its trials share. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Of a sweep: what is searched. */
  readonly searched?: readonly string[];
  readonly state: RunState;
  /** Finished epochs of a run, trials of a sweep; and how many there will be, null where that is not known. */
  readonly done: number;
  readonly planned: number | null;
  readonly seconds: number;
  /**
   * Of a run: the figure of the network that it keeps, on the validation samples if there are any, else on the test
   * set. Of a sweep: the best one of its metric.
   */
  readonly best: ListedFigure | undefined;
}

/** A figure in a list. */
export interface ListedFigure {
  /** As in events: `testAccuracy`, `valRmse`, … */
  readonly name: string;
  readonly value: number;
  readonly goal: 'maximize' | 'minimize';
  /** The epoch that has it. */
  readonly epoch?: number;
}

/** The runs and sweeps in a folder, the newest first. */
export interface RunList {
  readonly runs: readonly ListedRun[];
  /** Folders without a run, and those that are damaged. */
  readonly leftOut: readonly { readonly folder: string; readonly why: string }[];
}

/** A list that can be read again and again; folders that have not changed are not read again. */
export interface RunCollection {
  readonly dir: string;
  /** Whether it can be read, without reading the runs. @throws HandgradError 'usage' when there is no such folder */
  check(): Promise<void>;
  read(): Promise<RunList>;
}

/** The settings that explain results. */
const COMPARED = keysWhere(({ compared }) => compared !== false);
/** So many folders are read at a time. */
const AT_ONCE = 8;

/**
 * Lists the runs and sweeps in a folder, or the trials in the folder of a sweep. Folders that hold neither, or are
 * damaged, are named and left out. Links are not followed.
 * @throws HandgradError 'usage' when there is no such folder
 */
export async function listRuns(dir = 'runs'): Promise<RunList> {
  return openCollection(dir).read();
}

/** A list of runs to be read again and again: see `listRuns`. */
export function openCollection(dir = 'runs'): RunCollection {
  let known = new Map<string, Read>();
  return {
    dir,
    async check() {
      await foldersIn(await rootOf(dir));
    },
    async read() {
      const root = await rootOf(dir);
      const names = await foldersIn(root);
      const read = await inTurn(names, (name) => readFolder(join(root, name), known.get(name)));
      known = new Map(names.map((name, i) => [name, read[i]!]));
      const runs = read.flatMap(({ found }) => ('why' in found ? [] : [found]));
      const leftOut = read.flatMap(({ found }, i) => ('why' in found ? [{ folder: names[i]!, why: found.why }] : []));
      return { runs: runs.sort(newestFirst), leftOut };
    },
  };
}

/** The folder whose folders are listed. */
async function rootOf(dir: string): Promise<string> {
  const holds = async (name: string) => (await lstat(join(dir, name)).catch(() => undefined)) !== undefined;
  if (await holds(JOURNAL)) return join(dir, TRIALS);
  if (!(await holds(RUN_FILES.config))) return dir;
  throw new HandgradError('usage', `${dir} is a run itself; give the folder that holds it.`);
}

/** What was read of a folder, and what its files looked like. */
interface Read {
  readonly files: string;
  readonly found: ListedRun | { readonly why: string };
}

function newestFirst(a: ListedRun, b: ListedRun): number {
  if (a.started !== b.started) return a.started < b.started ? 1 : -1;
  return a.folder < b.folder ? 1 : -1;
}

const WHY: Readonly<Record<string, string>> = { ENOENT: 'does not exist', ENOTDIR: 'is not a folder' };

/** Folders, and links that may lead to some; files and hidden folders are of no interest. */
async function foldersIn(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    const shown = entries.filter(({ name }) => !name.startsWith('.'));
    return shown.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = WHY[code ?? ''] ?? `cannot be read (${message})`;
    throw new HandgradError('usage', `The folder of runs ${dir} ${why}; give another one.`, { cause: error });
  }
}

async function inTurn<Value, Result>(
  values: readonly Value[],
  work: (value: Value) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < values.length; i = next++) results[i] = await work(values[i]!);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

/** Reads a folder, unless its files are as they were: then only whether it is in use. */
async function readFolder(dir: string, before: Read | undefined): Promise<Read> {
  try {
    if ((await lstat(dir)).isSymbolicLink()) return { files: '', found: { why: 'is a link, which is not followed' } };
    const files = await filesOf(dir);
    if (before?.files === files) {
      const { found } = before;
      if ('why' in found || (await isHeld(dir)) === (found.state === 'running')) return before;
    }
    return { files, found: (await read(dir)) ?? { why: 'holds no run' } };
  } catch (error) {
    // Another process may remove it meanwhile.
    const why = error instanceof HandgradError ? error.message : (error as Error).message;
    return { files: '', found: { why } };
  }
}

/** The identity, size and time of the files that a list is read from. */
async function filesOf(dir: string): Promise<string> {
  const names = [MANIFEST, RUN_FILES.config, RUN_FILES.metrics, JOURNAL];
  const found = await Promise.all(names.map((name) => lstat(join(dir, name)).catch(() => undefined)));
  return found.map((file) => (file ? `${file.ino} ${file.size} ${file.mtimeMs}` : '')).join();
}

async function read(dir: string): Promise<ListedRun | undefined> {
  if (await lstat(join(dir, JOURNAL)).catch(() => undefined)) return readSweep(dir);
  const run = await findRun(dir, { logs: false });
  return run && describeRun(run, await isHeld(dir));
}

async function describeRun(run: RunData, isRunning: boolean): Promise<ListedRun> {
  const { dir, epochs, end, diverged } = run;
  const config = withDefaults(withoutFolders(run.config));
  const best = resultFigure(run);
  const ended = end ? 'finished' : diverged === undefined ? 'stopped' : 'diverged';
  const planned = lastEpoch(config);
  return {
    kind: 'run',
    ...{ dir, folder: basename(dir), ...labelsOf(run.config), ...(await timesOf(dir, RUN_FILES.metrics)) },
    dataset: String(config.dataset),
    settings: pick(config, COMPARED),
    state: isRunning ? 'running' : ended,
    done: end?.epochs ?? epochs.at(-1)?.epoch ?? 0,
    planned: Number.isFinite(planned) ? planned : null,
    seconds: epochs.reduce((sum, { seconds }) => sum + seconds, 0),
    best: best && {
      name: `${best.validated ? 'val' : 'test'}${best.name === 'RMSE' ? 'Rmse' : 'Accuracy'}`,
      value: best.value,
      goal: best.name === 'RMSE' ? 'minimize' : 'maximize',
      ...(best.epoch !== undefined && { epoch: best.epoch }),
    },
  };
}

async function readSweep(dir: string): Promise<ListedRun> {
  const { spec, entries } = await readSweepFolder(dir);
  const rows = rank(replay(spec, entries));
  const done = rows.filter(({ state }) => state !== 'unfinished').length;
  const trials = plannedTrials(spec);
  const planned = Number.isFinite(trials) ? trials : null;
  const [best] = rows;
  const settings = withoutFolders(spec.fixed as Readonly<Record<string, unknown>>);
  return {
    kind: 'sweep',
    ...{ dir, folder: basename(dir), name: spec.name, tags: [], note: undefined, ...(await timesOf(dir, JOURNAL)) },
    dataset: typeof settings['dataset'] === 'string' ? settings['dataset'] : DEFAULTS.dataset,
    settings,
    searched: Object.keys(spec.parameters),
    state: (await isHeld(dir)) ? 'running' : planned !== null && done >= planned ? 'finished' : 'stopped',
    ...{ done, planned },
    seconds: rows.reduce((sum, { seconds }) => sum + seconds, 0),
    best:
      best?.value === undefined || best.state === 'failed'
        ? undefined
        : { name: spec.metric.name, value: best.value, goal: spec.metric.goal },
  };
}

/** The times of the file that is written first, and of the one that is written last. */
async function timesOf(dir: string, last: string): Promise<{ started: string; changed: string }> {
  const timeOf = async (...names: string[]): Promise<Date> => {
    for (const name of names) {
      const found = await lstat(join(dir, name)).catch(() => undefined);
      if (found) return found.mtime;
    }
    return (await lstat(dir)).mtime;
  };
  const started = await timeOf(RUN_FILES.environment, MANIFEST, RUN_FILES.config);
  const changed = await timeOf(last);
  return { started: started.toISOString(), changed: changed.toISOString() };
}

/**
 * The folder of a run: a path as it is, or else the name of a folder in `root`.
 * @returns the path as it was given when there is neither
 */
export async function findFolder(path: string, root = 'runs'): Promise<string> {
  if (await lstat(path).catch(() => undefined)) return path;
  const inside = join(root, path);
  return basename(path) === path && (await lstat(inside).catch(() => undefined)) ? inside : path;
}
