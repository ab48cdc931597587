import type { Redis } from 'ioredis';
import { datasetNames, isDatasetName } from '../data/catalog';
import { download } from '../data/download/download';
import { HandgradError } from '../errors';
import { environmentSettings } from '../runs/config';
import type { OpenOptions } from '../runs/events';
import { quoted } from '../words';
import type { SweepEnd, SweepEvent, SweepStart } from './events';
import { eventsOf } from './eventsOf';
import { divideMachine, type Machine } from './machine';
import {
  createSweep,
  type OpenSweep,
  readSweepSource,
  reopenSweep,
  withRunCap,
  type ResumeChanges,
  type SweepSource,
} from './openSweep';
import { optunaAdvisor } from './optuna';
import { isOutOfPatience, runTrials, type Executor, type TrialRunEvent } from './runTrials';
import { probesOf } from './spec/distributions';
import { plannedTrials } from './spec/samplers';
import type { SweepSpec } from './spec/sweepFile';
import { importance } from './state/importance';
import type { Ranked } from './state/ranking';
import { writeSummary } from './state/summary';
import type { SweepState } from './state/sweepState';
import { localExecutor } from './workers/localExecutor';
import { unqueueableReason } from './workers/queue/payload';
import { type QueueExecutor, queueExecutor } from './workers/queue/queueExecutor';
import { connectRedis, type RedisAddress } from './workers/queue/redis';
import { trainProgram } from './workers/trainProcess';

/** How often a crashed run is retried by default. */
export const RETRIES = 2;

/** Options for opening a sweep. */
export interface SweepOptions extends OpenOptions {
  /** The workers of this queue train the runs; without it, this machine does. */
  readonly queue?: RedisAddress;
  /** Takes the sweep and its runs over from processes on another machine that have certainly ended. */
  readonly forceUnlock?: boolean;
}

/** Options for running a sweep. */
export interface SweepRunOptions extends Partial<Machine> {
  /** How often a crashed run is retried; 2 when omitted. */
  readonly retries?: number;
  /** Starts no further trial once so many in a row were not better than the best one. */
  readonly earlyStopSweep?: number;
}

/** A hyperparameter sweep and its folder, which this process locks until the sweep ends or is closed. */
export interface Sweep {
  readonly id: string;
  readonly dir: string;
  /** The complete, validated sweep file. */
  readonly spec: SweepSpec;
  /** The state of its trials; it changes while the sweep runs. */
  readonly state: SweepState;
  /**
   * Trains the trials, each run in a separate process, until nothing is left to do, and yields events. Everything is
   * written to the sweep's journal first; `summary.csv` and `best.json` are written at the end, also after an error.
   * Call it once.
   * @param signal when aborted, or when the loop is left early, no further run starts, the current ones save their
   *   state and end, and `resumeSweep` continues the sweep. Runs in a queue stay there, and its workers continue
   * @throws HandgradError 'usage' for an invalid `workers`, `threads`, `gpus` or `retries`; 'data' when data is
   *   unavailable; 'backend' when the program that chooses configurations fails; 'storage'
   */
  run(options?: SweepRunOptions, signal?: AbortSignal): AsyncGenerator<SweepEvent, void, void>;
  /** Unlocks the folder without running. `run` does this when it ends. */
  close(): Promise<void>;
}

/**
 * Starts a sweep: validates the sweep file, and creates and locks the sweep's folder. `sweep.run()` then trains.
 * @param source the path of a sweep file (YAML or JSON, in the keys of W&B), or its content
 * @param options.dir the sweep's folder; `runs/sweep-<name>-<date>-<time>` when omitted
 * @param options.runCap the number of trials; that of the file when omitted
 * @param options.endless accepts a search without a number of trials, which `earlyStopSweep` or an abort ends
 * @throws HandgradError 'usage' naming every key that cannot be used; 'backend' when the queue is unreachable;
 *   'storage'; 'locked'. Nothing is left behind in that case
 */
export async function startSweep(
  source: SweepSource,
  options: SweepOptions & { readonly dir?: string; readonly runCap?: number; readonly endless?: boolean } = {},
): Promise<Sweep> {
  return withQueue(options, async () => {
    const { onEvent, endless, runCap } = options;
    const notice = (message: string) => onEvent?.({ type: 'notice', message });
    const chosen = await withRunCap(source, runCap);
    const spec = await readSweepSource(chosen, { notice, endless });
    if (options.queue) assertQueueable(spec);
    return createSweep(chosen, spec, options.dir, options.forceUnlock);
  });
}

/**
 * Resumes a sweep that was stopped or killed: finished runs never run again, the others resume or start.
 * @throws HandgradError 'usage' when the folder holds none, or its file has been edited; 'model' for a damaged journal;
 *   otherwise as `startSweep`
 */
export async function resumeSweep(
  dir: string,
  changes: ResumeChanges = {},
  options: SweepOptions = {},
): Promise<Sweep> {
  return withQueue(options, async () => {
    const sweep = await reopenSweep(dir, changes, options.forceUnlock);
    try {
      // A sweep that was started without a queue may not fit one.
      if (options.queue) assertQueueable(sweep.state.spec);
    } catch (error) {
      await sweep.close();
      throw error;
    }
    return sweep;
  });
}

/**
 * Starts and runs a sweep: `startSweep` and `sweep.run` in one.
 * @throws HandgradError as both do
 */
export async function* runSweep(
  source: SweepSource,
  options: SweepOptions & SweepRunOptions & { readonly dir?: string } = {},
): AsyncGenerator<SweepEvent, void, void> {
  const sweep = await startSweep(source, options);
  yield* sweep.run(options, options.signal);
}

/** Connects to the queue first, then opens the sweep, so that an unreachable queue leaves nothing behind. */
async function withQueue(options: SweepOptions, open: () => Promise<OpenSweep>): Promise<Sweep> {
  const { queue, onEvent } = options;
  const notice = (message: string) => onEvent?.({ type: 'notice', message });
  const redis =
    queue &&
    (await connectRedis(queue, (lost) =>
      notice(lost ? 'The connection to Redis is lost; the sweep waits for it.' : 'The connection to Redis is back.'),
    ));
  try {
    const sweep = await open();
    const close = async () => {
      await sweep.close();
      redis?.disconnect();
    };
    const { id, dir, state } = sweep;
    const run: Sweep['run'] = async function* (how = {}, signal) {
      try {
        const { retries = RETRIES } = how;
        if (!(Number.isInteger(retries) && retries >= 0 && retries <= 100)) {
          throw new HandgradError('usage', `\`retries\` must be a whole number from 0 to 100, not ${quoted(retries)}.`);
        }
        assertEnds(state.spec, how.earlyStopSweep);
        const machine = redis ? undefined : divideMachine(how);
        yield* eventsOf<SweepEvent>(
          (emit, stop) =>
            runOpenSweep({ sweep, redis, machine, retries, patience: how.earlyStopSweep, options, emit, signal: stop }),
          signal,
        );
      } finally {
        await close();
      }
    };
    return { id, dir, spec: state.spec, state, run, close };
  } catch (error) {
    redis?.disconnect();
    throw error;
  }
}

interface Running {
  readonly sweep: OpenSweep;
  readonly redis: Redis | undefined;
  readonly machine: Machine | undefined;
  readonly retries: number;
  readonly patience: number | undefined;
  readonly options: SweepOptions;
  readonly emit: (event: SweepEvent) => void;
  readonly signal: AbortSignal;
}

/** Runs a sweep to its end, and writes the summary. */
async function runOpenSweep(running: Running): Promise<void> {
  const { sweep, redis, machine, retries, patience, options, emit, signal } = running;
  const { dir, state, journal, guard } = sweep;
  const { env = process.env } = options;
  const started = performance.now();
  if (machine) await fetchDatasets(state.spec, { ...options, env, signal, onEvent: emit });
  const advisor =
    state.spec.method === 'bayes'
      ? await optunaAdvisor(state.spec, dir, env['HANDGRAD_OPTUNA'] || 'optuna', () => state.trials.length)
      : undefined;
  const queued =
    redis && (await queueExecutor(redis, sweep.id, state.spec, (message) => emit({ type: 'notice', message })));
  const { executor, stopping, stoppedElsewhere } = executorOf(running, queued);
  try {
    emit(startEvent(sweep, machine));
    let rows: readonly Ranked[];
    try {
      const onEvent = (event: TrialRunEvent) => emitRunEvent(event, emit);
      await runTrials({ state, journal, executor, advisor, retries, patience, onEvent, signal: stopping });
    } finally {
      rows = await writeSummary(state, dir, guard);
    }
    if (stopping.aborted) {
      emit({ type: 'stopped', elsewhere: stoppedElsewhere(), done: doneTrials(state), sweepDir: dir });
      return;
    }
    await queued?.remove();
    const stoppedEarly = isOutOfPatience(state, patience) && state.trials.length < plannedTrials(state.spec);
    emit({
      ...endEvent(state, rows, dir, (performance.now() - started) / 1000),
      ...(stoppedEarly && { stoppedEarly }),
    });
  } finally {
    await queued?.close();
  }
}

/** @throws HandgradError 'usage' when nothing would end the sweep */
function assertEnds(spec: SweepSpec, patience: number | undefined): void {
  if (patience !== undefined && !(Number.isInteger(patience) && patience >= 1)) {
    throw new HandgradError(
      'usage',
      `\`earlyStopSweep\` must be a whole number of at least 1, not ${quoted(patience)}.`,
    );
  }
  if (patience !== undefined || Number.isFinite(plannedTrials(spec))) return;
  throw new HandgradError(
    'usage',
    'The sweep has no run_cap, so `earlyStopSweep` has to end it; give a number of trials.',
  );
}

/** Chooses who trains, this machine or the workers of a queue; and combines the signals that stop it. */
function executorOf({ sweep, machine, options, signal }: Running, queued: QueueExecutor | undefined) {
  const { metric, seeds } = sweep.state.spec;
  const elsewhere = new AbortController();
  queued?.onStopped(() => elsewhere.abort());
  const executor: Executor =
    queued ??
    localExecutor(trainProgram(), sweep.dir, machine!, {
      ...{ metric: metric.name, seeds, takeOver: options.forceUnlock, guard: sweep.guard },
    });
  return {
    executor,
    stopping: AbortSignal.any([signal, elsewhere.signal]),
    stoppedElsewhere: () => elsewhere.signal.aborted && !signal.aborted,
  };
}

/** Downloads the data sets once, before the runs start. */
async function fetchDatasets(spec: SweepSpec, { env, onEvent, signal }: OpenOptions): Promise<void> {
  const searched = spec.parameters['dataset'] && probesOf(spec.parameters['dataset']);
  const names = searched ?? [spec.fixed['dataset'] ?? 'fashion-mnist'];
  const fromEnvironment = environmentSettings(env!, ['dataDir']).values as { dataDir?: string };
  const dataDir = (spec.fixed['dataDir'] as string | undefined) ?? fromEnvironment.dataDir;
  const source = spec.fixed['source'] as string | undefined;
  for (const name of datasetNames) {
    if (names.includes(name) && isDatasetName(name)) await download(name, { dataDir, source, onEvent, signal });
  }
}

/** @throws HandgradError 'usage' when a setting has a meaning on this machine only, so a queue cannot carry it */
function assertQueueable({ fixed, parameters }: SweepSpec): void {
  const values = [
    ...Object.entries(fixed),
    ...Object.entries(parameters).flatMap(([key, parameter]) =>
      probesOf(parameter).map((value) => [key, value] as const),
    ),
  ];
  for (const [key, value] of values) {
    const reason = unqueueableReason(key, value, datasetNames);
    if (reason) throw new HandgradError('usage', `The sweep cannot use a queue: ${reason}.`);
  }
}

function emitRunEvent(event: TrialRunEvent, emit: (event: SweepEvent) => void): void {
  const { trial, seed, rung, epochs, settings } = event.run;
  const id = { trial, seed, rung };
  if (event.type === 'started') return emit({ type: 'trial', ...id, epochs, settings });
  if (event.type === 'progress') return emit({ type: 'epoch', ...id, ...event.progress });
  const { outcome } = event;
  if (outcome.type === 'failure') return emit({ ...outcome, ...id });
  if (outcome.type === 'interrupted') return;
  const { value, seconds, trainingSeconds, runDir } = outcome.result;
  emit({ type: 'result', ...id, value, epochs: outcome.result.epochs, seconds, trainingSeconds, runDir });
}

function startEvent({ id, dir, state }: OpenSweep, machine: Machine | undefined): SweepStart {
  const { name, method, metric, seeds, halving } = state.spec;
  const planned = plannedTrials(state.spec);
  return {
    type: 'start',
    sweep: id,
    name,
    method,
    metric,
    trials: Number.isFinite(planned) ? planned : null,
    seeds,
    rungs: halving?.rungs,
    workers: machine?.workers,
    threads: machine?.threads,
    gpus: machine?.gpus ?? [],
    finished: state.trials.reduce((sum, { results }) => sum + results.flat().filter(Boolean).length, 0),
    sweepDir: dir,
  };
}

function endEvent(state: SweepState, rows: readonly Ranked[], dir: string, seconds: number): SweepEnd {
  const failed = rows.filter((row) => row.state === 'failed').length;
  const [best] = rows;
  return {
    type: 'end',
    state: failed > 0 ? 'partial' : 'complete',
    done: rows.length - failed,
    stopped: rows.filter((row) => row.state === 'stopped').length,
    failed,
    best:
      best?.value === undefined || best.state === 'failed'
        ? null
        : { trial: best.trial, value: best.value, configuration: best.configuration },
    importance: importance(rows, state.spec.parameters),
    seconds,
    sweepDir: dir,
  };
}

function doneTrials({ trials, running, due }: SweepState): number {
  return trials.length - new Set([...running.values(), ...due.values()].map(({ trial }) => trial)).size;
}
