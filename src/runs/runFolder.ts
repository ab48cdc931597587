import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { HandgradError } from '../errors';
import { type AppendLog, type LogContent, openAppendLog } from '../files/appendLog';
import { writeFileAtomic } from '../files/atomicFile';
import { type Lock } from '../files/lock';
import { makeFolder } from '../files/makeFolder';
import { assertFree, MANIFEST, readManifest, writeManifest } from '../files/manifest';
import { storageError } from '../files/storageError';
import { saveModel, type Model } from '../model/modelFile';
import type { Environment } from './environment';
import type { Divergence } from './events';

/** The files and folders in a run folder, beside its manifest and its event files. */
export const RUN_FILES = {
  config: 'config.json',
  environment: 'environment.json',
  metrics: 'metrics.jsonl',
  model: 'model.safetensors',
  checkpoints: 'checkpoints',
} as const;

/** The folder of a fold of a cross-validation. */
export const foldDir = (dir: string, fold: number): string => join(dir, `fold-${fold}`);

/** The name of an event file, with the prefix that TensorBoard looks for. @param time of its creation, in seconds */
export const eventFileName = (time: number): string => `events.out.tfevents.${time}.handgrad`;

/** Whether a file's name is that of an event file that handgrad wrote: other programs have the same prefix. */
export const isEventFile = (name: string): boolean => /^events\.out\.tfevents\.\d{1,15}\.handgrad$/.test(name);

/** A run folder that this process writes. */
export interface RunFolder {
  readonly dir: string;
  /**
   * Appends one event to `metrics.jsonl` as a line of JSON. It is on disk within about half a second while events come,
   * and after `flush`. Non-finite values become null.
   * @throws HandgradError `storage`; no part of the line is left behind. `locked` when the folder was taken over
   */
  appendMetrics(event: object): Promise<void>;
  /**
   * Returns when every appended event is on disk.
   * @throws HandgradError as `appendMetrics` does
   */
  flush(): Promise<void>;
  /** What `metrics.jsonl` holds on disk. */
  metrics(): LogContent;
  /**
   * Writes `model.safetensors`.
   * @returns its path
   */
  saveModel(model: Model): Promise<string>;
  /**
   * Records the digests of all files, once nothing is left to do and everything is on disk.
   * @param eventFile the name of the event file, if there is one
   */
  seal(eventFile: string | undefined): Promise<void>;
  close(): Promise<void>;
}

/** The lock of a folder, which is checked before every write. */
type Guard = Pick<Lock, 'assertHeld'>;

/**
 * Checks that a new run may use a folder.
 * @throws HandgradError `usage` when the folder holds a run, or anything else: nothing is ever overwritten; `storage`
 */
export async function assertFreeForRun(dir: string): Promise<void> {
  await assertNoEarlierRun(dir);
  await assertFree(dir, 'run', [RUN_FILES.environment]);
}

/**
 * Creates a run folder with `manifest.json`, `config.json` and `environment.json`, so that a folder that is not
 * writable is detected now and not after an hour of training.
 * @param config the resolved config; `--config` with it repeats the run
 * @throws HandgradError `usage` when the folder is not empty, because nothing is ever overwritten; `storage` when it
 *   cannot be written. Nothing is left behind in that case
 */
export async function createRunFolder(
  dir: string,
  { config, environment }: { readonly config: unknown; readonly environment: Environment },
  lock?: Guard,
): Promise<RunFolder> {
  const existed = !(await makeFolder(dir));
  if (existed) await assertFreeForRun(dir);
  try {
    // The manifest first: it marks the folder as ours. The config last: its presence means that the folder holds a run.
    await writeManifest(dir, 'run');
    await writeFileAtomic(join(dir, RUN_FILES.environment), jsonText(environment));
    await writeFileAtomic(join(dir, RUN_FILES.config), jsonText(config));
  } catch (error) {
    if (!existed) await rm(dir, { recursive: true, force: true });
    else for (const name of [RUN_FILES.environment, MANIFEST]) await rm(join(dir, name), { force: true });
    throw error;
  }
  return openRunFolder(dir, lock);
}

/**
 * Opens the folder of a resumed run. Lines of `metrics.jsonl` after the checkpoint are dropped, because those epochs
 * run and are recorded again.
 * @param metricsBytes how many bytes of `metrics.jsonl` to keep
 * @param before the content of `config.json`
 * @param config the config that replaces it
 * @throws HandgradError `storage`
 */
export async function reopenRunFolder(
  dir: string,
  {
    metricsBytes,
    before,
    config,
  }: { readonly metricsBytes: number; readonly before: unknown; readonly config: unknown },
  lock?: Guard,
): Promise<RunFolder> {
  // Before anything changes: from now on, digests no longer hold.
  await writeManifest(dir, 'run');
  const log = await openAppendLog(join(dir, RUN_FILES.metrics), metricsBytes, { guard: lock?.assertHeld });
  try {
    // After truncating: an "end" line means that all epochs of the config are done.
    if (jsonText(before) !== jsonText(config)) await writeFileAtomic(join(dir, RUN_FILES.config), jsonText(config));
  } catch (error) {
    await log.close();
    throw error;
  }
  return openRunFolder(dir, lock, log);
}

/**
 * Records the digests of the files of a finished run.
 * @param eventFile the name of the event file, if there is one
 * @throws HandgradError `storage`, or `model` when a file cannot be read
 */
export async function sealRunFolder(dir: string, eventFile?: string): Promise<void> {
  const { config, environment, metrics, model } = RUN_FILES;
  await writeManifest(dir, 'run', [config, environment, metrics, model, ...(eventFile ? [eventFile] : [])]);
}

/** What a log holds that was never opened. */
const NOTHING: LogContent = {
  bytes: 0,
  sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
};

function openRunFolder(dir: string, lock: Guard | undefined, log?: AppendLog): RunFolder {
  let opened = log;
  let opening = log && Promise.resolve(log);
  return {
    dir,
    async appendMetrics(event) {
      opening ??= openAppendLog(join(dir, RUN_FILES.metrics), 0, { guard: lock?.assertHeld });
      opened = await opening;
      await opened.appendSoon(`${JSON.stringify(event)}\n`);
    },
    flush: async () => opened?.flush(),
    metrics: () => opened?.content() ?? NOTHING,
    async saveModel(model) {
      const path = join(dir, RUN_FILES.model);
      await lock?.assertHeld();
      await saveModel(path, model);
      return path;
    },
    async seal(eventFile) {
      await opened?.flush();
      await lock?.assertHeld();
      await sealRunFolder(dir, eventFile);
    },
    close: async () => (await opening?.catch(() => undefined))?.close(),
  };
}

/**
 * Records that the training has diverged, so that lists of runs can tell. Does nothing for another error, and never
 * fails: the error itself matters more.
 */
export async function recordDivergence(error: unknown, folder: Pick<RunFolder, 'appendMetrics'>): Promise<void> {
  if (!(error instanceof HandgradError) || error.kind !== 'diverged') return;
  const row: Divergence = { type: 'diverged', message: error.message };
  await folder.appendMetrics(row).catch(() => undefined);
}

/**
 * Replaces the config of a finished run by one with other labels, and records the digests again.
 * @throws HandgradError `storage`; `model` when the manifest is damaged
 */
export async function relabelRunFolder(dir: string, config: unknown, lock: Guard): Promise<void> {
  await lock.assertHeld();
  const eventFile = Object.keys((await readManifest(dir))?.files ?? {}).find(isEventFile);
  // From now on, digests no longer hold.
  await writeManifest(dir, 'run');
  await writeFileAtomic(join(dir, RUN_FILES.config), jsonText(config));
  await sealRunFolder(dir, eventFile);
}

/** Any trace of a run counts, to protect a folder whose config was deleted as well. */
async function assertNoEarlierRun(dir: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(dir);
  } catch (error) {
    throw await storageError(error, dir);
  }
  const traces: readonly string[] = [RUN_FILES.config, RUN_FILES.metrics, RUN_FILES.model, RUN_FILES.checkpoints];
  const trace = names.find((name) => traces.includes(name));
  if (trace === undefined) return;
  throw new HandgradError(
    'usage',
    `${dir} holds an earlier run (${trace}), which is never overwritten; resume it, or choose another folder.`,
  );
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
