import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { HandgradError } from '../errors';
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
}

/**
 * Begins a run folder: makes it, and writes `config.json` and `environment.json` into it, so that a folder that cannot be
 * written is found now and not after an hour of training.
 * @param config complete and resolved: `--config` of it starts the same run
 * @throws HandgradError `usage` when the folder holds a run already: nobody's earlier run is ever overwritten;
 *   `storage` when it cannot be written; nothing stays behind then
 */
export async function createRunFolder(
  dir: string,
  { config, environment }: { readonly config: unknown; readonly environment: Environment },
): Promise<RunFolder> {
  const existed = !(await makeFolder(dir));
  if (existed) await refuseEarlierRun(dir);
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

/** What an earlier process left of a run that is to go on. */
export interface EarlierRun {
  /** The content of `config.json`, not looked into. */
  readonly config: unknown;
  /** The whole lines of `metrics.jsonl`. */
  readonly metrics: readonly MetricsRow[];
}

/** A line of `metrics.jsonl`, and the byte after it. */
export interface MetricsRow {
  readonly event: Readonly<Record<string, unknown>>;
  readonly end: number;
}

/**
 * Reads what a run that began has written so far, and changes nothing.
 * @throws HandgradError `usage` when the folder holds no run, `model` when its files are not what handgrad writes
 */
export async function readEarlierRun(dir: string): Promise<EarlierRun> {
  const path = join(dir, RUN_FILES.config);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? `there is no ${path}` : message;
    throw new HandgradError(
      'usage',
      `${dir} holds no run that could go on (${why}); give the folder of one that began.`,
    );
  }
  return { config: parseLine(text, path), metrics: await readMetrics(join(dir, RUN_FILES.metrics)) };
}

/**
 * Opens the folder of a run that goes on after `epoch` finished epochs. Lines of `metrics.jsonl` about what comes after
 * are cut off: it happens again, and is told again.
 * @param config replaces `config.json`
 * @throws HandgradError `storage`
 */
export async function reopenRunFolder(
  dir: string,
  { metrics }: EarlierRun,
  epoch: number,
  config: unknown,
): Promise<RunFolder> {
  const last = metrics.findLast(({ event }) => event['type'] === 'epoch' && Number(event['epoch']) <= epoch);
  await cutFile(join(dir, RUN_FILES.metrics), last?.end ?? 0);
  // After the cut: a line that says "end" means that all the epochs of the config are there.
  const text = jsonText(config);
  const path = join(dir, RUN_FILES.config);
  if ((await readFile(path, 'utf8')) !== text) await writeFileAtomic(path, text);
  return openRunFolder(dir);
}

async function readMetrics(path: string): Promise<MetricsRow[]> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw new HandgradError('model', `${path} cannot be read (${error.message}); make it readable.`);
  });
  const rows: MetricsRow[] = [];
  // What stands after the last line feed was being written when the process ended.
  for (let begin = 0, end; (end = bytes.indexOf(10, begin) + 1) > 0; begin = end) {
    const event = parseLine(bytes.toString('utf8', begin, end), path);
    if (typeof event !== 'object' || event === null) throw damaged(path);
    rows.push({ event: event as MetricsRow['event'], end });
  }
  return rows;
}

function parseLine(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw damaged(path);
  }
}

function damaged(path: string): HandgradError {
  return new HandgradError('model', `${path} is damaged: handgrad wrote JSON there; bring back the file as it was.`);
}

async function cutFile(path: string, length: number): Promise<void> {
  try {
    const handle = await open(path, 'a');
    try {
      if ((await handle.stat()).size === length) return;
      await handle.truncate(length);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw await storageError(error, path);
  }
}

function openRunFolder(dir: string): RunFolder {
  const metrics = join(dir, RUN_FILES.metrics);
  // One line after the other, even when the caller does not wait: two at once could change places.
  let last: Promise<void> = Promise.resolve();
  return {
    dir,
    appendMetrics(event) {
      const line = `${JSON.stringify(event)}\n`;
      const append = () => appendLine(metrics, line);
      return (last = last.then(append, append));
    },
    async saveModel(model) {
      const path = join(dir, RUN_FILES.model);
      await saveModel(path, model);
      return path;
    },
  };
}

async function appendLine(path: string, line: string): Promise<void> {
  try {
    const handle = await open(path, 'a');
    try {
      const { size } = await handle.stat();
      try {
        await handle.appendFile(line);
        await handle.sync();
      } catch (error) {
        // On a full disk a part of the line may be there, and the next line would be joined to it.
        await handle.truncate(size);
        throw error;
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw await storageError(error, path, Buffer.byteLength(line));
  }
}

/** Any trace of a run counts, so that a folder whose config was deleted is safe as well. */
async function refuseEarlierRun(dir: string): Promise<void> {
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
    `${dir} holds an earlier run (${trace}), which is not overwritten; go on with it by --resume, or choose another folder with --run-dir.`,
  );
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
