import { constants, type FileHandle, lstat, open, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { MAX_THREADS } from '../../backends/backend';
import { type ErrorKind, EXIT_CODES, HandgradError } from '../../errors';
import { type Guard, writeFileAtomic } from '../../files/atomicFile';
import { makeFolder } from '../../files/makeFolder';
import { programFile } from '../../files/places';
import { withStorageErrors } from '../../files/storageError';
import type { Value } from '../spec/distributions';
import { isHeldElsewhere, lockFolder } from '../../files/lock';
import { assertFreeForRun } from '../../runs/runFolder';
import { findRun, type RunData } from '../../runs/readRun';
import { type Ended, type ExitMeaning, meaningOf } from './exitMeaning';
import { type RunResult, runResult } from './runResult';
import { hasSettings, lastError, type Progress, progressOf, stopsAtRung } from './trainMessages';
import type { Result } from '../state/journal';

/** The program that trains. */
export interface Program {
  /** The script to start with this process's Node. */
  readonly path: string;
  /** Variables added to the environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Its exit code for each kind of error. */
  readonly exitCodes: Readonly<Record<ErrorKind, number>>;
  /** The settings that give the backend this many threads. */
  readonly threads: (count: number) => Readonly<Record<string, Value>>;
}

/** This program: compiled, or the sources in a checkout. */
export const trainProgram = (): Program => ({
  path: programFile(),
  env: {},
  exitCodes: EXIT_CODES,
  threads: (count) => ({ threads: Math.min(count, MAX_THREADS) }),
});

/** One run on this machine, ready to start. */
export interface LocalRun {
  /** The folder that holds the run's folder and, beside it, its settings and its log. */
  readonly folder: string;
  /** The run's name there. */
  readonly name: string;
  /** The settings of `train`, as in a config file, including `epochs`. */
  readonly settings: Readonly<Record<string, Value>>;
  /** The epoch after which it ends. */
  readonly epochs: number;
  readonly metric: string;
  /** Whether to take the run over from a process on another machine that has lost it. */
  readonly takeOver?: boolean;
  /** Called before a process starts, and before a file or folder is replaced: the run may have another owner now. */
  readonly guard?: Guard;
}

/** A child process's share of the machine. */
export interface MachineShare {
  /** Threads of the backend. */
  readonly threads: number;
  /** The GPU it sees; undefined leaves the choice to the backend. */
  readonly gpu: string | undefined;
}

/** The outcome of a run. */
export type Outcome =
  | { readonly type: 'result'; readonly result: Result }
  | ({ readonly type: 'failure' } & ExitMeaning)
  /** The sweep was stopped. The run has saved its state, and can be resumed. */
  | { readonly type: 'interrupted' };

/** How long a run may take to save its state after SIGTERM, in milliseconds. */
const GRACE_MS = 60_000;
/** How often a folder that another process uses is tried again, in milliseconds. */
const LOCK_WAIT_MS = 500;
/**
 * Trains in a separate process, so a crash affects only this run, and all of its memory is freed. Resumes from the
 * run's checkpoint if there is one, and starts nothing if the run has finished.
 * @param signal when aborted, the run saves its state and ends
 */
export async function trainInProcess(
  program: Program,
  run: LocalRun,
  share: MachineShare,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const started = performance.now();
  const dir = join(run.folder, run.name);
  await makeFolder(run.folder);
  let fromScratch = !(await hasSettings(`${dir}.json`, run.settings));
  const before = fromScratch ? undefined : await recordOf(dir);
  if (before === 'damaged') fromScratch = true;
  else if (before?.isSealed && (before.end?.epochs ?? 0) >= run.epochs) {
    const result = runResult(before, run.metric);
    if (result) return outcomeOf(result, run, 0, `${dir}.log`);
  }
  while (!signal.aborted) {
    const ended = await attempt(program, run, dir, fromScratch, share, onProgress, signal);
    if (!ended) {
      const record = await recordOf(dir);
      const result = record && record !== 'damaged' ? runResult(record, run.metric) : undefined;
      return outcomeOf(result, run, (performance.now() - started) / 1000, `${dir}.log`);
    }
    if (signal.aborted) break;
    const { locked, model } = program.exitCodes;
    if (ended.exitCode === locked && !(await isHeldElsewhere(dir))) {
      // By the process of a sweep that was just killed, which ends soon, or by hand. It is no failure of this run.
      await delay(LOCK_WAIT_MS, undefined, { signal }).catch(() => undefined);
    } else if (ended.exitCode === model && !fromScratch) {
      // The checkpoint is unusable here: train from scratch, which is slower but correct.
      fromScratch = true;
    } else
      return { type: 'failure', ...meaningOf(ended, program.exitCodes, await lastError(`${dir}.log`), `${dir}.log`) };
  }
  return { type: 'interrupted' };
}

/** Reads a run's folder, if it exists. A damaged one must not end the sweep. */
async function recordOf(dir: string): Promise<RunData | 'damaged' | undefined> {
  try {
    const run = await findRun(dir);
    // Without its config, it may still hold what a new run must not overwrite.
    if (!run && (await stat(dir).catch(() => undefined))) await assertFreeForRun(dir);
    return run;
  } catch (error) {
    if (error instanceof HandgradError) return 'damaged';
    throw error;
  }
}

/**
 * Trains once.
 * @param fromScratch whether to set the run's folder aside first
 * @returns undefined when the process succeeded
 */
async function attempt(
  program: Program,
  run: LocalRun,
  dir: string,
  fromScratch: boolean,
  share: MachineShare,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Ended | undefined> {
  await run.guard?.();
  if (fromScratch && !(await setAside(dir, run))) {
    return { exitCode: program.exitCodes.locked, message: 'another process trains it' };
  }
  const stops = await stopsAtRung(dir);
  const args = [
    'train',
    '--json',
    ...(stops === undefined ? await startArguments(program, run, dir, share) : resumeArguments(run, dir, stops)),
  ];
  if (run.takeOver) args.push('--force-unlock');
  const log = await openLog(`${dir}.log`);
  try {
    const child = execa(process.execPath, [program.path, ...args], {
      env: { ...program.env, ...variablesOf(share) },
      // A process group of its own: Ctrl-C reaches the sweep only, which passes it on. The IPC channel tells it when
      // the sweep has died.
      detached: true,
      stdio: ['ignore', 'pipe', log.createWriteStream({ autoClose: false }), 'ipc'],
      buffer: false,
      reject: false,
      cancelSignal: signal,
      forceKillAfterDelay: GRACE_MS,
    });
    for await (const line of createInterface({ input: child.stdout })) {
      const progress = progressOf(line, run.metric);
      if (progress) onProgress(progress);
    }
    const { failed, exitCode, signal: killedBy, shortMessage } = await child;
    return failed ? { exitCode, signal: killedBy, message: shortMessage ?? 'no reason known' } : undefined;
  } finally {
    await log.close();
  }
}

/** A run that ended at a rung resumes until the next. */
function resumeArguments({ epochs }: LocalRun, dir: string, stops: boolean): string[] {
  return ['--resume', dir, ...(stops ? ['--stop-after', String(epochs)] : [])];
}

/** Settings are passed in a file, exactly, so no shell or parser can change them. */
async function startArguments(
  program: Program,
  { settings, epochs, guard }: LocalRun,
  dir: string,
  share: MachineShare,
): Promise<string[]> {
  // A schedule follows all epochs, wherever the run stops for a comparison.
  const end = epochs === settings['epochs'] ? {} : { stopAfter: epochs };
  const complete = { ...program.threads(share.threads), ...settings, ...end };
  await writeFileAtomic(`${dir}.json`, `${JSON.stringify(complete, null, 2)}\n`, guard);
  return ['--config', `${dir}.json`, '--run-dir', dir];
}

/**
 * Renames the folder of a run that cannot be used: nothing is removed.
 * @returns false when a process uses the folder, such as one whose sweep was just killed
 */
async function setAside(dir: string, { takeOver = false, guard }: LocalRun): Promise<boolean> {
  if (!(await lstat(dir).catch(() => undefined))) return true;
  try {
    const isFolder = (await lstat(dir)).isDirectory();
    const lock = isFolder ? await lockFolder(dir, { force: takeOver }) : undefined;
    await lock?.release();
    await withStorageErrors(dir, async () => {
      for (let number = 1; ; number++) {
        const aside = `${dir}.aside-${number}`;
        if (await lstat(aside).catch(() => undefined)) continue;
        await guard?.();
        await rename(dir, aside);
        return;
      }
    });
    return true;
  } catch (error) {
    if (error instanceof HandgradError && error.kind === 'locked') return false;
    throw error;
  }
}

/** Environment variables that set the threads of some backends, and the GPU. */
function variablesOf({ threads, gpu }: MachineShare): Record<string, string> {
  const count = String(threads);
  const shared = { OMP_NUM_THREADS: count, TF_NUM_INTRAOP_THREADS: count, TF_NUM_INTEROP_THREADS: '1' };
  return gpu === undefined ? shared : { ...shared, CUDA_VISIBLE_DEVICES: gpu };
}

/** Opens a log for appending. What has another name as well is not ours to write to: that name keeps it. */
async function openLog(path: string): Promise<FileHandle> {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  // 0 on Windows, which has no such flag.
  const append = () => open(path, O_APPEND | O_CREAT | O_WRONLY | O_NONBLOCK | (O_NOFOLLOW ?? 0));
  return withStorageErrors(path, async () => {
    const log = await append();
    if ((await log.stat()).nlink === 1) return log;
    await log.close();
    await rm(path);
    return append();
  });
}

function outcomeOf(
  record: RunResult | undefined,
  { folder, name, metric }: LocalRun,
  seconds: number,
  logPath: string,
): Outcome {
  if (!record)
    return { type: 'failure', reason: `ended without a result; see ${logPath}`, code: 'no result', retry: true };
  const { value } = record;
  if (value === undefined) {
    return { type: 'failure', reason: `gives no finite ${metric}; see ${logPath}`, code: 'no metric', retry: false };
  }
  return { type: 'result', result: { ...record, value, seconds, runDir: join(basename(folder), name) } };
}
