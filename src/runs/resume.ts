import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BACKENDS, type BackendName } from '../backends';
import { HandgradError } from '../errors';
import { startOf } from '../files/appendLog';
import type { EpochEvent } from '../training/train';
import { plural, quoted } from '../words';
import type { RunIdentity } from './checkpoint';
import { type FoundCheckpoint, newestCheckpoint } from './checkpointFolder';
import {
  type Config,
  type ConfigKey,
  lastEpoch,
  pick,
  RECORDED_KEYS,
  resolveConfig,
  type Resolved,
  settings,
} from './config';
import { parseModelConfig, recordedSettings } from './modelConfig';
import { findRun, type RunData } from './readRun';
import { RUN_FILES } from './runFolder';

/** The point from which a run is resumed. */
export interface ResumePoint {
  /** The run's config, with the changes that were requested. */
  readonly config: Config;
  readonly earlier: RunData;
  /**
   * The checkpoint to resume from; undefined when the run was stopped before the first: it then starts from scratch.
   */
  readonly found: FoundCheckpoint | undefined;
  /** The epochs that the checkpoint includes, and the byte offset where they end in `metrics.jsonl`. */
  readonly epochs: readonly EpochEvent[];
  readonly metricsBytes: number;
  /** The end event, if nothing is left to do. */
  readonly end: RunData['end'];
}

/**
 * Finds the point from which a run can be resumed, and checks the requested changes. Writes nothing.
 * @throws HandgradError 'usage' naming every setting that may not change, 'model' when no checkpoint is valid
 */
export async function findResumePoint(dir: string, asked: Resolved): Promise<ResumePoint> {
  if (!(await stat(dir).catch(() => undefined))?.isDirectory()) {
    throw new HandgradError('usage', `There is no run folder ${dir}; give the folder of a run that was started.`);
  }
  const earlier = await findRun(dir);
  if (!earlier) {
    throw new HandgradError(
      'usage',
      `${dir} holds no run to resume (it has no ${RUN_FILES.config}); give the folder of a run that was started.`,
    );
  }
  const before = parseConfig(earlier.config, dir);
  const config = mergeConfig(dir, before, asked);
  const found = await newestCheckpoint(join(dir, RUN_FILES.checkpoints));
  if (found) {
    checkConfig(found, before, dir);
    await checkRecords(found, dir);
  }
  const done = found?.checkpoint.progress.epoch ?? 0;
  if (lastEpoch(config) < done) {
    const setting = config.epochs < done ? 'epochs' : 'stopAfter';
    throw new HandgradError(
      'usage',
      `${dir} has finished ${done} epochs, so \`${setting}\` must be at least ${done}, not ${lastEpoch(config)}.`,
    );
  }
  const epochs = earlier.epochs.filter(({ epoch }) => epoch <= done);
  const { end } = earlier;
  // A run that has stopped early has lost its patience: more epochs would change nothing.
  const stoppedEarly = end?.bestEpoch !== undefined && end.epochs < lastEpoch(before);
  const isFinished = earlier.hasModel && (lastEpoch(config) === lastEpoch(before) || stoppedEarly);
  return {
    config,
    earlier,
    found,
    epochs,
    metricsBytes: found?.checkpoint.records?.metrics.bytes ?? earlier.epochEnds[epochs.length - 1] ?? 0,
    end: isFinished ? end : undefined,
  };
}

/** The backend of the checkpoint; without a checkpoint, that of the config. */
export function backendOf({ found, config }: ResumePoint): 'auto' | BackendName {
  const backend = found?.checkpoint.run.backend;
  return backend !== undefined && Object.hasOwn(BACKENDS, backend) ? (backend as BackendName) : config.backend;
}

/**
 * Checks that the checkpoint belongs to this data and this backend.
 * @param notice called with a sentence about what may change the results
 * @throws HandgradError 'model' with the fields that differ
 */
export function checkIdentity(
  { checkpoint, path }: FoundCheckpoint,
  now: RunIdentity,
  notice: (message: string) => void,
): void {
  const [{ device: before, ...there }, { device, ...here }] = [checkpoint.run, now];
  if (withoutThreads(before) !== withoutThreads(device)) {
    notice(`The run was on ${before}, and this is ${device}: the last digits may differ from an uninterrupted run.`);
  }
  assertNoDifferences(
    differences(there, here),
    (what) =>
      new HandgradError(
        'model',
        `${path} belongs to another run: ${what}; restore its data set and backend, or start a new run.`,
      ),
  );
}

/**
 * Checks that a run without a checkpoint starts from the data that it was started with, wherever that is now.
 * @throws HandgradError 'model' when it is other data
 */
export function checkData({ earlier }: ResumePoint, { digest }: { readonly digest: string }): void {
  const { dataset } = (earlier.environment ?? {}) as { readonly dataset?: { readonly digest?: unknown } };
  if (dataset?.digest === undefined || dataset.digest === digest) return;
  throw new HandgradError('model', `${earlier.dir} was started with other data; restore it, or start a new run.`);
}

/** A device without its number of threads, which does not affect the results. */
const withoutThreads = (device: string) => device.replace(/, (one thread|\d+ threads)$/, '');

function parseConfig(content: unknown, dir: string): Config {
  const file = join(dir, RUN_FILES.config);
  try {
    return resolveConfig([{ values: content, from: { file } }]).config;
  } catch (error) {
    const why = (error as Error).message.replace(/\.$/, '');
    throw new HandgradError('model', `${file} is not a valid config for this version: ${why}. Fix the file.`, {
      cause: error,
    });
  }
}

function mergeConfig(dir: string, before: Config, { config: asked, given }: Resolved): Config {
  const merged: Record<string, unknown> = { ...before };
  const wanted: Record<string, unknown> = {};
  for (const key of given) (settings[key].resumable ? merged : wanted)[key] = asked[key];
  // Data may have been moved; its digest tells whether it is the same.
  if (given.has('dataset')) merged['dataset'] = asked.dataset;
  delete wanted['dataset'];
  // The data folder may differ: it depends on the machine.
  if (asked.dataDir !== undefined) merged['dataDir'] = asked.dataDir;
  assertNoDifferences(
    differences(pick(before, Object.keys(wanted) as ConfigKey[]), wanted, (key) => `\`${key}\``),
    (what) =>
      new HandgradError(
        'usage',
        `${dir} must be resumed with its original settings: ${what}; leave that out, or start a new run.`,
      ),
  );
  return merged as unknown as Config;
}

function checkConfig({ checkpoint, path }: FoundCheckpoint, config: Config, dir: string): void {
  const made = parseModelConfig(checkpoint.config, path);
  // The data set is checked by its digest.
  const keys = RECORDED_KEYS.filter((key) => !settings[key].resumable && key !== 'dataset');
  assertNoDifferences(
    differences(
      pick(recordedSettings({ ...config, ...pick(made, RECORDED_KEYS) }), keys),
      pick(recordedSettings(config), keys),
    ),
    (what) =>
      new HandgradError(
        'model',
        `${path} does not belong to ${join(dir, RUN_FILES.config)}: ${what}; restore the file that was changed.`,
      ),
  );
}

/**
 * Checks that the records of a run still begin with what the checkpoint includes.
 * @throws HandgradError 'model' when rows are missing or have changed
 */
async function checkRecords({ checkpoint, path }: FoundCheckpoint, dir: string): Promise<void> {
  const { records } = checkpoint;
  if (!records) return;
  const { metrics, events } = records;
  const file = join(dir, RUN_FILES.metrics);
  if ((await digestOf(file, metrics.bytes)) !== metrics.sha256) {
    const what = `does not start with the ${plural(metrics.rows, 'epoch')} that ${path} includes`;
    throw new HandgradError('model', `${file} ${what}; restore the file, or start a new run.`);
  }
  const eventFile = events && join(dir, events.file);
  if (!eventFile || !(await stat(eventFile).catch(() => undefined))) return;
  if ((await digestOf(eventFile, events.bytes)) === events.sha256) return;
  throw new HandgradError(
    'model',
    `${eventFile} does not start with the events that ${path} includes; restore the file, or remove it.`,
  );
}

/** @returns undefined when the file is shorter, or missing */
async function digestOf(path: string, bytes: number): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const piece of startOf(path, bytes)) hash.update(piece);
  } catch (error) {
    if (error instanceof HandgradError) return undefined;
    throw error;
  }
  return hash.digest('hex');
}

/** `lr is 0.1 there, not 0.2`, for every key that differs. */
function differences(
  there: Readonly<Record<string, unknown>>,
  now: object,
  nameOf: (key: string) => string = (key) => key,
): string[] {
  const here = now as Readonly<Record<string, unknown>>;
  const show = (value: unknown) =>
    value === undefined ? 'not set' : Array.isArray(value) ? `[${value.join()}]` : quoted(value);
  return [...new Set([...Object.keys(there), ...Object.keys(here)])]
    .filter((key) => JSON.stringify(there[key]) !== JSON.stringify(here[key]))
    .map((key) => `${nameOf(key)} is ${show(there[key])} there, not ${show(here[key])}`);
}

function assertNoDifferences(found: readonly string[], error: (what: string) => HandgradError): void {
  if (found.length > 0) throw error(found.join(', '));
}
