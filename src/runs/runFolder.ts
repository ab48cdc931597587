import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { HandgradError } from '../errors';
import { type AppendLog, openAppendLog } from '../files/appendLog';
import { writeFileAtomic } from '../files/atomicFile';
import type { Environment } from './environment';
import { makeFolder } from '../files/makeFolder';
import { saveModel, type Model } from '../model/modelFile';
import { storageError } from '../files/storageError';

/** The files and folders in a run folder. */
export const RUN_FILES = {
  config: 'config.json',
  environment: 'environment.json',
  metrics: 'metrics.jsonl',
  model: 'model.safetensors',
  checkpoints: 'checkpoints',
} as const;

/** A run folder that this process writes. */
export interface RunFolder {
  readonly dir: string;
  /**
   * Appends one event to `metrics.jsonl` as a line of JSON, and returns when it is on disk. Non-finite values become
   * null.
   * @throws HandgradError `storage`; no part of the line is left behind
   */
  appendMetrics(event: object): Promise<void>;
  /**
   * Writes `model.safetensors`.
   * @returns its path
   */
  saveModel(model: Model): Promise<string>;
  close(): Promise<void>;
}

/**
 * Creates a run folder with `config.json` and `environment.json`, so that a folder that is not writable is detected now
 * and not after an hour of training.
 * @param config the resolved config; `--config` with it repeats the run
 * @throws HandgradError `usage` when the folder already holds a run, because runs are never overwritten; `storage` when
 *   it cannot be written. Nothing is left behind in that case
 */
export async function createRunFolder(
  dir: string,
  { config, environment }: { readonly config: unknown; readonly environment: Environment },
): Promise<RunFolder> {
  const existed = !(await makeFolder(dir));
  if (existed) await assertNoEarlierRun(dir);
  try {
    // The config last: its presence means that the folder holds a run.
    await writeFileAtomic(join(dir, RUN_FILES.environment), jsonText(environment));
    await writeFileAtomic(join(dir, RUN_FILES.config), jsonText(config));
  } catch (error) {
    if (existed) await rm(join(dir, RUN_FILES.environment), { force: true });
    else await rm(dir, { recursive: true, force: true });
    throw error;
  }
  return openRunFolder(dir);
}

/**
 * Opens the folder of a resumed run. Lines of `metrics.jsonl` after the checkpoint are truncated, because those epochs
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
): Promise<RunFolder> {
  const log = await openAppendLog(join(dir, RUN_FILES.metrics), metricsBytes);
  try {
    // After truncating: an "end" line means that all epochs of the config are done.
    if (jsonText(before) !== jsonText(config)) await writeFileAtomic(join(dir, RUN_FILES.config), jsonText(config));
  } catch (error) {
    await log.close();
    throw error;
  }
  return openRunFolder(dir, log);
}

function openRunFolder(dir: string, log?: AppendLog): RunFolder {
  let opening = log && Promise.resolve(log);
  return {
    dir,
    async appendMetrics(event) {
      opening ??= openAppendLog(join(dir, RUN_FILES.metrics), 0);
      await (await opening).append(`${JSON.stringify(event)}\n`);
    },
    async saveModel(model) {
      const path = join(dir, RUN_FILES.model);
      await saveModel(path, model);
      return path;
    },
    close: async () => (await opening?.catch(() => undefined))?.close(),
  };
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
