import { HandgradError } from '../errors';
import { didYouMean, quoted } from '../words';
import type { OpenOptions } from '../runs/events';
import { type SweepSource, readSweepSource, withRunCap } from './openSweep';
import { type Configuration, configurationKey, nextConfiguration, plannedTrials } from './spec/samplers';
import type { SweepSpec } from './spec/sweepFile';
import { type Ranked, rank } from './state/ranking';
import { replay } from './state/sweepState';
import { readSweepFolder } from './sweepFolder';
import { countRuns } from './workers/queue/queueExecutor';
import { connectRedis, type RedisAddress } from './workers/queue/redis';
import { announceSweep, type ListedSweep, type ListedWorker, listSweeps, listWorkers } from './workers/queue/registry';

/** The progress of a sweep. */
export interface SweepStatus {
  readonly sweep: string;
  readonly spec: SweepSpec;
  /** The number of trials; null when it is not known in advance. */
  readonly trials: number | null;
  /** Trials that have a result. */
  readonly done: number;
  /** Those of them that halving stopped before the last epoch, so far. */
  readonly stopped: number;
  readonly failed: number;
  readonly unfinished: number;
  /** The trials so far, best first. */
  readonly rows: readonly Ranked[];
}

/**
 * Reads the progress of a sweep from its folder, whether or not the sweep is running.
 * @throws HandgradError 'usage' when the folder holds none, 'model' for a damaged journal
 */
export async function sweepStatus(dir: string): Promise<SweepStatus> {
  const { id, spec, entries } = await readSweepFolder(dir);
  const rows = rank(replay(spec, entries));
  const planned = plannedTrials(spec);
  const count = (state: Ranked['state']) => rows.filter((row) => row.state === state).length;
  return {
    ...{ sweep: id, spec, rows, trials: Number.isFinite(planned) ? planned : null },
    ...{ done: count('done') + count('stopped'), stopped: count('stopped') },
    ...{ failed: count('failed'), unfinished: count('unfinished') },
  };
}

/** The content of a queue. */
export interface QueueStatus {
  readonly sweeps: readonly {
    readonly sweep: string;
    readonly name: string | null;
    readonly state: ListedSweep['state'];
    /** Runs that wait, that are training, and that have ended but are not yet recorded by the sweep. */
    readonly waiting: number;
    readonly training: number;
    readonly ended: number;
  }[];
  readonly workers: readonly ListedWorker[];
}

/**
 * The sweeps and workers of a queue.
 * @param only the id of one sweep
 * @throws HandgradError 'backend' when no queue answers, 'usage' when there is no such sweep
 */
export async function queueStatus(queue: RedisAddress, only?: string): Promise<QueueStatus> {
  const redis = await connectRedis(queue);
  try {
    const listed = await listSweeps(redis);
    if (only !== undefined && !listed.has(only)) throw unknownSweep(only, [...listed.keys()]);
    const sweeps = [];
    for (const [id, { name, state }] of listed) {
      if (only !== undefined && id !== only) continue;
      sweeps.push({ sweep: id, name: name ?? null, state, ...(await countRuns(redis, id)) });
    }
    return { sweeps, workers: await listWorkers(redis) };
  } finally {
    redis.disconnect();
  }
}

/**
 * Stops a sweep through its queue: its runs save their state and wait, and its own process ends.
 * @throws HandgradError 'backend' when no queue answers, 'usage' when there is no such sweep
 */
export async function stopSweep(queue: RedisAddress, id: string): Promise<void> {
  const redis = await connectRedis(queue);
  try {
    const sweeps = await listSweeps(redis);
    const sweep = sweeps.get(id);
    if (!sweep) throw unknownSweep(id, [...sweeps.keys()]);
    await announceSweep(redis, id, { ...sweep, state: 'stopped' });
  } finally {
    redis.disconnect();
  }
}

/** What a sweep would train. */
export interface SweepPlan {
  readonly spec: SweepSpec;
  /** The maximum number of trials. */
  readonly trials: number;
  /** In order; undefined when each depends on earlier results. */
  readonly configurations: Iterable<Configuration> | undefined;
}

/**
 * Lists what a sweep would train. Nothing is written or trained.
 * @param options.runCap the number of trials; that of the file when omitted
 * @throws HandgradError 'usage' naming the key and what it takes
 */
export async function planSweep(
  source: SweepSource,
  options: OpenOptions & { readonly runCap?: number } = {},
): Promise<SweepPlan> {
  const { runCap, onEvent } = options;
  const notice = (message: string) => onEvent?.({ type: 'notice', message });
  const spec = await readSweepSource(await withRunCap(source, runCap), { notice });
  const trials = plannedTrials(spec);
  return { spec, trials, configurations: spec.method === 'bayes' ? undefined : configurationsOf(spec, trials) };
}

function* configurationsOf(spec: SweepSpec, trials: number): Generator<Configuration, void, void> {
  const made = new Set<string>();
  let cursor = 0;
  for (let trial = 0; trial < trials; trial++) {
    const next = nextConfiguration(spec, made, cursor);
    if (!next) return;
    made.add(configurationKey(next.configuration));
    cursor = next.cursor;
    yield next.configuration;
  }
}

function unknownSweep(id: string, known: readonly string[]): HandgradError {
  const hint = known.length === 0 ? '; it holds none.' : didYouMean(id, known);
  return new HandgradError('usage', `There is no sweep ${quoted(id)} in this queue${hint}`);
}
