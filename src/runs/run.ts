import { join } from 'node:path';
import type { RunningBackend } from '../backends';
import type { Dataset } from '../data/samples';
import type { Guard } from '../files/atomicFile';
import { openCheckpointFolder, removeLeftovers } from './checkpointFolder';
import {
  type Config,
  CONFIG_KEYS,
  environmentSettings,
  isCrossValidation,
  keysWhere,
  pick,
  resolveConfig,
  type Settings,
} from './config';
import { createFoldsFolder, type FoldParts, foldSettings, reopenFoldsFolder, trainFolds } from './crossValidation';
import { describeEnvironment } from './environment';
import type { OpenOptions, RunEnd, RunEvent } from './events';
import { assertExpectations } from './expectations';
import { checkDataset, openBackend, openDataset, openTableOf, tableFor } from './open';
import { prepareReading, type Reading, readData, startingWeights } from './plan';
import { findRun, type RunData } from './readRun';
import { backendOf, checkData, checkIdentity, findResumePoint } from './resume';
import { type ClaimedDir, claimRunDir } from './runDir';
import {
  assertFreeForRun,
  createRunFolder,
  relabelRunFolder,
  reopenRunFolder,
  RUN_FILES,
  sealRunFolder,
} from './runFolder';
import type { RunParts } from './runParts';
import { chooseSamples, identityOf } from './samples';
import { withTableDefaults } from './tableDefaults';
import { assertTaskFits } from './task';
import { trainRun } from './trainRun';

/** One training run and its folder, which this process locks until the run ends or is closed. */
export interface Run {
  readonly dir: string;
  /** The resolved config: the content of `config.json`. */
  readonly config: Config;
  /** The data set and the backend; undefined for a run that has already finished. */
  readonly dataset?: Dataset;
  readonly backend?: RunningBackend;
  /** The end event, if the run has already finished; `train` then yields only this event, and changes nothing. */
  readonly finished?: RunEnd;
  /**
   * Trains, and yields events: `start`, a `step` after each step, an `epoch` after each epoch, and `end`. Meanwhile it
   * writes metrics, checkpoints, TensorBoard events and the model to the run's folder. Call it once.
   * @param signal when aborted, the current step is finished, the state is saved, and `stopped` is the last event.
   *   Leaving the loop early saves the state as well. In both cases, `resumeRun` continues the run
   * @throws HandgradError 'diverged' naming the last valid state; 'storage'; 'locked' when another process has taken
   *   over the folder; 'backend' when memory is exhausted, with a smaller batch size; 'failure' after the end when a
   *   figure of the end misses a setting such as `expectAccuracy` (the model is saved nevertheless)
   */
  train(signal?: AbortSignal): AsyncGenerator<RunEvent, void, void>;
  /** Unlocks the folder without training. `train` does this when it ends. */
  close(): Promise<void>;
}

/** Options for starting and resuming a run. */
export interface RunOptions extends OpenOptions {
  /** Takes the folder over from a process on another machine that has certainly ended. */
  readonly forceUnlock?: boolean;
}

/**
 * Starts a run: validates the settings, creates and locks the folder, loads the data (downloads it if it is missing)
 * and starts the backend. `run.train()` then trains.
 * @param settings those that differ from the defaults, which are the post's hyperparameters on Fashion-MNIST
 * @param options.dir the run's folder; `runs/<dataset>-<date>-<time>` when omitted
 * @throws HandgradError 'usage' naming the setting; 'data', 'backend', 'storage'; 'locked' when another process uses
 *   the folder; 'model' when `initFrom` is invalid. Nothing is left behind in that case
 */
export async function startRun(
  settings: Settings = {},
  options: RunOptions & { readonly dir?: string } = {},
): Promise<Run> {
  const { dir, forceUnlock } = options;
  const open = { ...(await prepareReading(settings, options)), options };
  const { config } = open.asked;
  const claimed = await claimRunDir(dir, config.dataset, forceUnlock);
  if (isCrossValidation(config)) return startFolds(claimed, open);
  return openClaimedRun(claimed, () => openParts(claimed, open));
}

/** What a run is opened with. */
interface Opening extends Reading {
  readonly options: RunOptions;
  /** The backend, if it is running. */
  readonly backend?: RunningBackend;
}

/** Loads the data, starts the backend and creates the files of a new run. */
async function openParts(claimed: ClaimedDir, open: Opening): Promise<RunParts> {
  const { start, options } = open;
  const { env = process.env, signal } = options;
  await assertFreeForRun(claimed.dir);
  const { config, dataset, samples } = await readData(open);
  const backend = open.backend ?? (await openBackend(config, { ...options, compile: true }));
  const environment = describeEnvironment({ backend: backend.name, device: backend.device, dataset }, env);
  signal?.throwIfAborted();
  const { lock } = claimed;
  await removeLeftovers(claimed.dir, lock.assertHeld);
  const folder = await createRunFolder(claimed.dir, { config, environment }, lock);
  const at = join(claimed.dir, RUN_FILES.checkpoints);
  const checkpoints = await openCheckpointFolder(at, undefined, lock.assertHeld);
  return { config, dataset, samples, backend, folder, checkpoints, lock, start };
}

/** Starts a cross-validation, or resumes one: its finished folds are read, and the others trained. */
async function startFolds(claimed: ClaimedDir, open: Opening, resumed = false): Promise<Run> {
  const { asked, options } = open;
  const { dir, lock } = claimed;
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= claimed.release());
  try {
    if (!resumed) await assertFreeForRun(dir);
    const table = await openTableOf(asked.config, options);
    const suited = withTableDefaults(asked, table);
    tableFor(table, foldSettings(suited, 1).config);
    const backend = await openBackend(suited.config, { ...options, compile: true });
    const openFold = async (fold: number, at: string) => {
      if ((await findRun(at)) !== undefined) return resumeRun(at, {}, options);
      const claimedFold = await claimRunDir(at, asked.config.dataset, options.forceUnlock);
      const how = { ...open, asked: foldSettings(suited, fold), table, backend };
      return openClaimedRun(claimedFold, () => openParts(claimedFold, how));
    };
    const parts: FoldParts = { dir, config: suited.config, table, backend, lock, openFold };
    const folder = resumed
      ? await reopenFoldsFolder(parts)
      : await createFoldsFolder(parts, options.env ?? process.env);
    async function* train(signal?: AbortSignal): AsyncGenerator<RunEvent, void, void> {
      try {
        yield* trainFolds(parts, folder, signal);
      } finally {
        await folder.close();
        await close();
      }
    }
    return { dir, config: suited.config, backend, train, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Resumes a run from its newest valid checkpoint. On the same backend, `run.train()` then ends with the weights and
 * metrics of an uninterrupted run, bit for bit.
 * @param dir the run's folder
 * @param changes a larger `epochs` extends the run; otherwise only settings that do not affect its results may change
 * @throws HandgradError 'usage' naming every setting that may not change; 'model' when no checkpoint is valid, or it
 *   belongs to other data or another backend; otherwise as `startRun`. The run is unchanged in that case
 */
export async function resumeRun(dir: string, changes: Settings = {}, options: RunOptions = {}): Promise<Run> {
  const { forceUnlock, env = process.env, signal } = options;
  const asked = resolveConfig([environmentSettings(env, ['dataDir']), { values: changes, from: 'options' }]);
  // Before locking: a folder without a run stays untouched.
  const { config: before, earlier: recorded } = await findResumePoint(dir, asked);
  const claimed = await claimRunDir(dir, dir, forceUnlock);
  if (isCrossValidation(before)) {
    const end = recorded.end;
    if (end) {
      return openClaimedRun(claimed, async () => {
        await relabel(recorded, before, claimed.lock.assertHeld);
        return { config: before, end };
      });
    }
    const whole = { ...asked, config: before, given: new Set(CONFIG_KEYS) };
    return startFolds(claimed, { asked: whole, kind: 'table', start: undefined, options }, true);
  }
  return openClaimedRun(claimed, async () => {
    const { lock } = claimed;
    const guard = lock.assertHeld;
    const notice = notices(options);
    const resumePoint = await findResumePoint(dir, asked);
    const { config, earlier, found } = resumePoint;
    for (const fault of found?.damaged ?? []) notice(`${fault} An earlier checkpoint is used.`);
    if (resumePoint.end) {
      // It may have been killed just before it recorded its digests.
      if (!earlier.isSealed) {
        await removeLeftovers(dir, guard);
        await sealRunFolder(dir, found?.checkpoint.records?.events?.file, guard);
      }
      await relabel(earlier, config, guard);
      return { config, end: resumePoint.end };
    }
    const kind = await checkDataset(config);
    const start = found ? undefined : await startingWeights(config);
    const dataset = await openDataset(config, kind, options);
    assertTaskFits(config, dataset);
    const samples = chooseSamples(dataset, config);
    const backend = await openBackend({ ...config, backend: backendOf(resumePoint) }, { ...options, compile: true });
    if (found) checkIdentity(found, identityOf(dataset, samples, backend), notice);
    else checkData(resumePoint, dataset);
    signal?.throwIfAborted();
    const checkpointsDir = join(dir, RUN_FILES.checkpoints);
    for (const folder of [dir, checkpointsDir]) await removeLeftovers(folder, guard);
    const { metricsBytes } = resumePoint;
    const good = found?.checkpoint.progress.step;
    const checkpoints = await openCheckpointFolder(checkpointsDir, good, guard);
    const folder = await reopenRunFolder(dir, { metricsBytes, before: earlier.config, config }, lock);
    return { config, dataset, samples, backend, folder, checkpoints, lock, start, resumePoint };
  });
}

const LABELS = keysWhere(({ label }) => label === true);

/** Writes the labels of a finished run, if they have changed; everything else stays as it was. */
async function relabel({ dir, config: before }: RunData, config: Config, guard: Guard): Promise<void> {
  const labels = pick(config, LABELS);
  const changed = Object.entries(labels).some(([key, value]) => JSON.stringify(value) !== JSON.stringify(before[key]));
  if (changed) await relabelRunFolder(dir, { ...before, ...labels }, guard);
}

const notices =
  ({ onEvent }: OpenOptions) =>
  (message: string) =>
    onEvent?.({ type: 'notice', message });

/** Opens the rest of a run in a claimed folder, and releases the folder if that fails. */
async function openClaimedRun(
  claimed: ClaimedDir,
  open: () => Promise<RunParts | { readonly config: Config; readonly end: RunEnd }>,
): Promise<Run> {
  const { dir } = claimed;
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= claimed.release());
  try {
    const opened = await open();
    const { config } = opened;
    if ('end' in opened) return { dir, config, finished: opened.end, train: () => yieldEnd(opened, close), close };
    const { dataset, backend } = opened;
    return { dir, config, dataset, backend, train: (signal) => trainAndClose(opened, signal, close), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function* trainAndClose(
  parts: RunParts,
  signal: AbortSignal | undefined,
  close: () => Promise<void>,
): AsyncGenerator<RunEvent, void, void> {
  try {
    yield* trainRun(parts, signal);
  } finally {
    await close();
  }
}

async function* yieldEnd(
  { config, end }: { readonly config: Config; readonly end: RunEnd },
  close: () => Promise<void>,
): AsyncGenerator<RunEvent, void, void> {
  await close();
  yield end;
  assertExpectations(config, end);
}
