import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { HandgradError } from '../errors';
import { type AppendLog, type LogContent, openAppendLog } from '../files/appendLog';
import { type Guard, writeFileAtomic } from '../files/atomicFile';
import type { Lock } from '../files/lock';
import { makeFolder } from '../files/makeFolder';
import { assertFree, MANIFEST, readManifest, writeManifest } from '../files/manifest';
import { storageError } from '../files/storageError';
import { encodeModel, type Model } from '../model/modelFile';
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
  /** Writes `model.safetensors`. */
  saveModel(model: Model): Promise<void>;
  /**
   * Records the digests of all files, once nothing is left to do and everything is on disk.
   * @param eventFile the name of the event file, if there is one
   */
  seal(eventFile: string | undefined): Promise<void>;
  close(): Promise<void>;
}

/** What of a lock a run folder needs: it is asked before every change. */
type Held = Pick<Lock, 'assertHeld'>;

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
  lock?: Held,
): Promise<RunFolder> {
  const existed = !(await makeFolder(dir));
  if (existed) await assertFreeForRun(dir);
  const guard = lock?.assertHeld;
  try {
    // The manifest first: it marks the folder as ours. The config last: its presence means that the folder holds a run.
    await writeManifest(dir, 'run', { guard });
    await writeFileAtomic(join(dir, RUN_FILES.environment), jsonText(environment), guard);
    await writeFileAtomic(join(dir, RUN_FILES.config), jsonText(config), guard);
  } catch (error) {
    // Nothing in a folder that was taken over is this process's to remove.
    if (error instanceof HandgradError && error.kind === 'locked') throw error;
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
  lock?: Held,
): Promise<RunFolder> {
  // Before anything changes: from now on, digests no longer hold.
  const guard = lock?.assertHeld;
  await writeManifest(dir, 'run', { guard });
  const log = await openAppendLog(join(dir, RUN_FILES.metrics), metricsBytes, { guard });
  try {
    // After truncating: an "end" line means that all epochs of the config are done.
    const [old, text] = [jsonText(before), jsonText(config)];
    if (old !== text) await writeFileAtomic(join(dir, RUN_FILES.config), text, guard);
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
export async function sealRunFolder(dir: string, eventFile: string | undefined, guard?: Guard): Promise<void> {
  const { config, environment, metrics, model } = RUN_FILES;
  const names = [config, environment, metrics, model, ...(eventFile ? [eventFile] : [])];
  await writeManifest(dir, 'run', { names, guard });
}

/** What a log holds that was never opened. */
const NOTHING: LogContent = {
  bytes: 0,
  sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
};

function openRunFolder(dir: string, lock: Held | undefined, log?: AppendLog): RunFolder {
  const guard = lock?.assertHeld;
  let opened = log;
  let opening = log && Promise.resolve(log);
  return {
    dir,
    async appendMetrics(event) {
      opening ??= openAppendLog(join(dir, RUN_FILES.metrics), 0, { guard });
      opened = await opening;
      await opened.appendSoon(`${JSON.stringify(event)}\n`);
    },
    flush: async () => opened?.flush(),
    metrics: () => opened?.content() ?? NOTHING,
    saveModel: (model) => writeFileAtomic(join(dir, RUN_FILES.model), encodeModel(model), guard),
    async seal(eventFile) {
      await opened?.flush();
      await sealRunFolder(dir, eventFile, guard);
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
export async function relabelRunFolder(dir: string, config: unknown, guard: Guard): Promise<void> {
  const eventFile = Object.keys((await readManifest(dir))?.files ?? {}).find(isEventFile);
  // From now on, digests no longer hold.
  await writeManifest(dir, 'run', { guard });
  await writeFileAtomic(join(dir, RUN_FILES.config), jsonText(config), guard);
  await sealRunFolder(dir, eventFile, guard);
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
