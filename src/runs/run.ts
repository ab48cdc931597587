import { join } from 'node:path';
import type { RunningBackend } from '../backends';
import type { Dataset } from '../data/samples';
import { assertSettingsApply } from './assertSettingsApply';
import { openCheckpointFolder, removeLeftovers } from './checkpointFolder';
import { type Config, environmentSettings, resolveConfig, type Settings } from './config';
import { describeEnvironment } from './environment';
import type { OpenOptions, RunEnd, RunEvent } from './events';
import { openModel, type OpenedModel } from './modelConfig';
import { checkDataset, openBackend, openDataset } from './open';
import { backendOf, checkIdentity, findResumePoint } from './resume';
import { type ClaimedDir, claimRunDir } from './runDir';
import { createRunFolder, reopenRunFolder, RUN_FILES } from './runFolder';
import type { RunParts } from './runParts';
import { chooseSamples, fitConfig, identityOf } from './samples';
import { assertExpectedAccuracy, trainRun } from './trainRun';

/** One training run and its folder, in which this process alone works until the run ends or is closed. */
export interface Run {
  readonly dir: string;
  /** Complete and resolved: the content of `config.json`. */
  readonly config: Config;
  /** What it trains on, and what computes; undefined for a run that had finished before, which needs neither. */
  readonly dataset?: Dataset;
  readonly backend?: RunningBackend;
  /** How the run ended, when nothing was left to do: `train` yields this event alone, and changes nothing. */
  readonly finished?: RunEnd;
  /**
   * Trains, and yields what happens as it happens: `start`, a `step` after each step, an `epoch` after each epoch,
   * and `end`. Metrics, checkpoints, TensorBoard's events and the model are written into the run's folder
   * meanwhile. To be called once.
   * @param signal aborted: the step in progress is finished, the state saved, and `stopped` is the last event; a loop
   *   that is left early saves the state as well. `resumeRun` continues the run in both cases
   * @throws HandgradError 'diverged' naming the last good state; 'storage'; 'locked' when another process has taken the
   *   folder over; 'backend' when its memory is full, with a smaller batch size; 'failure' after the end when the test
   *   accuracy is below the setting `expectAccuracy`: the model is saved then all the same
   */
  train(signal?: AbortSignal): AsyncGenerator<RunEvent, void, void>;
  /** Gives the folder back without training. A run that was trained, or whose loop was left, has done so. */
  close(): Promise<void>;
}

/** How a run is opened. */
export interface RunOptions extends OpenOptions {
  /** Takes the folder over from a process on another machine that has surely ended. */
  readonly forceUnlock?: boolean;
}

/**
 * Starts a run: checks the settings, makes and locks its folder,
 * loads the data (downloads it first when it is missing) and starts the backend. `run.train()` then trains.
 * @param settings those that differ from the defaults, which are the post's hyperparameters on Fashion-MNIST
 * @param options.dir the run's folder; `runs/<dataset>-<date>-<time>` when left out
 * @throws HandgradError 'usage' naming the setting; 'data', 'backend', 'storage'; 'locked' when another process works
 *   in the folder; 'model' for weights to start from that are not valid. Nothing stays behind then
 */
export async function startRun(
  settings: Settings = {},
  options: RunOptions & { readonly dir?: string } = {},
): Promise<Run> {
  const { dir, forceUnlock, env = process.env, signal } = options;
  const asked = resolveConfig([environmentSettings(env), { values: settings, from: 'options' }]);
  assertSettingsApply(asked.config);
  const kind = await checkDataset(asked.config);
  const start = await startingWeights(asked.config);
  const claimed = await claimRunDir(dir, asked.config.dataset, forceUnlock);
  return openClaimedRun(claimed, async () => {
    const dataset = await openDataset(asked.config, options);
    const samples = chooseSamples(dataset, asked.config);
    const config = fitConfig(asked, kind, dataset, samples, start, notices(options));
    const backend = await openBackend(config, { ...options, compile: true });
    const environment = describeEnvironment({ backend: backend.name, device: backend.device, dataset }, env);
    signal?.throwIfAborted();
    await removeLeftovers(claimed.dir);
    const folder = await createRunFolder(claimed.dir, { config, environment });
    const checkpoints = await openCheckpointFolder(join(claimed.dir, RUN_FILES.checkpoints));
    return { config, dataset, samples, backend, folder, checkpoints, lock: claimed.lock, start };
  });
}

/**
 * Opens a run where its newest good checkpoint stands: `run.train()` then ends with the weights and metrics of an
 * uninterrupted run, to the bit, on the same backend.
 * @param dir the run's folder
 * @param changes a larger `epochs` extends the run; beside it, only settings that change none of its numbers may differ
 * @throws HandgradError 'usage' naming every setting that may not change; 'model' when no checkpoint can be used, or it
 *   is of other data or another backend; otherwise as `startRun`. The run is unchanged then
 */
export async function resumeRun(dir: string, changes: Settings = {}, options: RunOptions = {}): Promise<Run> {
  const { forceUnlock, env = process.env, signal } = options;
  const asked = resolveConfig([environmentSettings(env, ['dataDir']), { values: changes, from: 'options' }]);
  // Before the lock is made: where no run is, nothing is left behind.
  await findResumePoint(dir, asked);
  const claimed = await claimRunDir(dir, dir, forceUnlock);
  return openClaimedRun(claimed, async () => {
    const notice = notices(options);
    const resumePoint = await findResumePoint(dir, asked);
    const { config, earlier, found } = resumePoint;
    for (const fault of found?.damaged ?? []) notice(`${fault} An earlier checkpoint is used.`);
    if (resumePoint.end) return { config, end: resumePoint.end };
    await checkDataset(config);
    const start = found ? undefined : await startingWeights(config);
    const dataset = await openDataset(config, options);
    const samples = chooseSamples(dataset, config);
    const backend = await openBackend({ ...config, backend: backendOf(resumePoint) }, { ...options, compile: true });
    if (found) checkIdentity(found, identityOf(dataset, samples, backend), notice);
    signal?.throwIfAborted();
    const checkpointsDir = join(dir, RUN_FILES.checkpoints);
    for (const folder of [dir, checkpointsDir]) await removeLeftovers(folder);
    const { metricsBytes } = resumePoint;
    const folder = await reopenRunFolder(dir, { metricsBytes, before: earlier.config, config });
    const checkpoints = await openCheckpointFolder(checkpointsDir, found?.checkpoint.progress.step);
    return { config, dataset, samples, backend, folder, checkpoints, lock: claimed.lock, start, resumePoint };
  });
}

async function startingWeights({ initFrom }: Config): Promise<OpenedModel | undefined> {
  return initFrom === undefined ? undefined : openModel(initFrom);
}

const notices =
  ({ onEvent }: OpenOptions) =>
  (message: string) =>
    onEvent?.({ type: 'notice', message });

/** Opens the rest of a run in a folder that this process has claimed, and gives the folder back when that fails. */
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
  assertExpectedAccuracy(config, end);
}
