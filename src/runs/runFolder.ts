import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { HandgradError } from '../errors';
import { type AppendLog, openAppendLog } from '../files/appendLog';
import { writeFileAtomic } from '../files/atomicFile';
import type { Environment } from './environment';
import { makeFolder } from '../files/makeFolder';
import { saveModel, type Model } from '../model/modelFile';
import { storageError } from '../files/storageError';

/** The names in a run folder. */
export const RUN_FILES = {
  config: 'config.json',
  environment: 'environment.json',
  metrics: 'metrics.jsonl',
  model: 'model.safetensors',
  checkpoints: 'checkpoints',
} as const;

/** A run folder that this process has begun. */
export interface RunFolder {
  readonly dir: string;
  /**
   * Appends one event to `metrics.jsonl`, a line of JSON, on the disk when this returns. Numbers that are not finite
   * become null, as JSON has no word for them.
   * @throws HandgradError `storage`; no part of the line stays behind then
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
 * Begins a run folder: makes it, and writes `config.json` and `environment.json` into it,
 * so that a folder that cannot be written is found now and not after an hour of training.
 * @param config complete and resolved: `--config` of it starts the same run
 * @throws HandgradError `usage` when the folder holds a run already: nobody's earlier run is ever overwritten;
 *   `storage` when it cannot be written; nothing stays behind then
 */
export async function createRunFolder(
  dir: string,
  { config, environment }: { readonly config: unknown; readonly environment: Environment },
): Promise<RunFolder> {
  const existed = !(await makeFolder(dir));
  if (existed) await assertNoEarlierRun(dir);
  try {
    // The config last: where it stands, the folder holds a run that began.
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
 * Opens the folder of a run that is resumed. Lines of `metrics.jsonl` about what comes after the checkpoint are cut
 * off: it happens again, and is recorded again.
 * @param metricsBytes how many bytes of `metrics.jsonl` stay
 * @param before the content of `config.json`
 * @param config what replaces it
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
    // After the cut: a line that says "end" means that all the epochs of the config are there.
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

/** Any trace of a run counts, so that a folder whose config was deleted is safe as well. */
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
    `${dir} holds an earlier run (${trace}), which is not overwritten; go on with it by --resume, ` +
      `or choose another folder with --run-dir.`,
  );
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
