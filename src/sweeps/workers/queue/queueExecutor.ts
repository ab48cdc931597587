import type { Job as QueuedJob, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { resultSchema } from '../../state/journal';
import type { Executor, TrialRun } from '../../runTrials';
import type { SweepSpec } from '../../spec/sweepFile';
import type { Progress } from '../trainMessages';
import type { Outcome } from '../trainProcess';
import { needsOf } from './fitness';
import { payloadOf } from './payload';
import { endConnection, PREFIX, unlessAway } from './redis';
import { announceSweep, listSweeps, listWorkers, withdrawSweep } from './registry';

/** How often results are polled, in milliseconds, because an event can be lost. */
const COLLECT_MS = 2000;
/** How long the listener waits for an event at a time, and so at most for a Redis that is away when it is closed. */
const LISTEN_MS = 1000;
/** How often sent runs are checked, in milliseconds: a Redis without persistence forgets them. */
const CHECK_MS = 5000;
/** Runs queued per slot of a worker, when the next decision depends on results. */
const AHEAD = 2;
/** Runs queued at a time, when it does not. */
const MOST_QUEUED = 1000;
const PAGE = 200;

const FOREIGN = 'The queue has entries that are no runs of this sweep; they are removed.';
const NO_WORKER = 'No worker trains the runs of this sweep; they wait until one is started.';

const outcomeSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('result'), result: resultSchema }),
  z.object({
    type: z.literal('failure'),
    reason: z.string().max(2000),
    code: z.union([z.number(), z.string().max(100)]),
    retry: z.boolean(),
  }),
]);

interface Sent {
  readonly run: TrialRun;
  readonly onProgress: (progress: Progress) => void;
  readonly resolve: (outcome: Outcome) => void;
}

/** What `jobIdOf` makes. */
const JOB_ID = /^\d+-\d+-\d+-\d+$/;

/** The name of a sweep's queue. */
export const queueName = (sweep: string) => `sweep-${sweep}`;

/** How many runs of a sweep wait, are training, and have ended but are not yet in the journal. */
export async function countRuns(
  redis: Redis,
  sweep: string,
): Promise<{ waiting: number; training: number; ended: number }> {
  const { Queue } = await import('bullmq');
  const queue = new Queue(queueName(sweep), { connection: redis, prefix: PREFIX });
  const {
    waiting = 0,
    active = 0,
    completed = 0,
    failed = 0,
  } = await queue.getJobCounts('waiting', 'active', 'completed', 'failed');
  await queue.close();
  return { waiting, training: active, ended: completed + failed };
}

/** Executes runs through a queue. */
export interface QueueExecutor extends Executor {
  /** Registers a callback for when the sweep is stopped through its queue. */
  readonly onStopped: (stop: () => void) => void;
  /** Removes a finished sweep from Redis. */
  readonly remove: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Sends runs to the sweep's queue and collects their outcomes. The id of a queued run names the run and the attempt, so
 * sending it again after a restart of either side has no effect.
 * @param onNotice called with a sentence about a worker that cannot train
 */
export async function queueExecutor(
  redis: Redis,
  sweep: string,
  spec: SweepSpec,
  onNotice: (message: string) => void,
): Promise<QueueExecutor> {
  const { Queue, QueueEvents } = await import('bullmq');
  const queue = new Queue(queueName(sweep), { connection: redis, prefix: PREFIX });
  // Connects at once: BullMQ gives up a listener whose first attempt failed, and never closes it.
  const eventsRedis = redis.duplicate({ lazyConnect: false });
  eventsRedis.on('error', ignore);
  // Otherwise BullMQ makes a copy, which cannot be closed from here.
  eventsRedis.duplicate = () => eventsRedis;
  const listening = { connection: eventsRedis, prefix: PREFIX, blockingTimeout: LISTEN_MS };
  const events = new QueueEvents(queueName(sweep), listening);
  // The connection itself reports that Redis is lost.
  queue.on('error', ignore);
  events.on('error', ignore);
  const sent = new Map<string, Sent>();
  /** Results that were delivered but are not yet known to be in the journal. */
  const waitingForJournal = new Set<string>();
  let slots = 1;
  let stopped: (() => void) | undefined;
  let removed = false;
  const listed = { name: spec.name, metric: spec.metric.name, state: 'active' as const, needs: needsOf(spec) };
  await announceSweep(redis, sweep, listed);

  const payload = (run: TrialRun) => payloadOf(sweep, run, spec.metric.name, spec.seeds);
  const add = (id: string, run: TrialRun) =>
    queue.add('trial', payload(run), {
      jobId: id,
      attempts: 1,
      removeOnComplete: false,
      removeOnFail: false,
    });
  const named = new Set<string>();
  const noticeOnce = (message: string) => {
    if (!named.has(message)) onNotice(message);
    named.add(message);
  };
  const collect = coalesced(async () => {
    for (;;) {
      const ids = await endedRuns(queue, redis);
      for (const id of ids) {
        const one = sent.get(id);
        sent.delete(id);
        if (one) one.resolve(await outcomeOf(queue, id, one.run));
        // A duplicate, or not from this sweep: it does not count.
        else if (!waitingForJournal.has(id)) {
          if (!JOB_ID.test(id)) noticeOnce(FOREIGN);
          await discard(queue, redis, id);
        }
        if (one) waitingForJournal.add(id);
      }
      if (ids.length < PAGE || ids.every((id) => waitingForJournal.has(id))) return;
    }
  });
  let checksWithout = 0;
  const check = coalesced(async () => {
    const workers = await listWorkers(redis);
    const fit = workers.filter(({ host, pid, problem, unfit = {} }) => {
      const why = problem ?? (Object.hasOwn(unfit, sweep) ? unfit[sweep] : undefined);
      if (why !== undefined) noticeOnce(`Worker ${pid} on ${host} cannot train: ${why}.`);
      return why === undefined;
    });
    slots = Math.max(
      1,
      fit.reduce((sum, worker) => sum + worker.slots, 0),
    );
    checksWithout = fit.length > 0 || sent.size === 0 ? 0 : checksWithout + 1;
    if (checksWithout === 0) named.delete(NO_WORKER);
    if (checksWithout > 1) noticeOnce(NO_WORKER);
    const state = (await listSweeps(redis)).get(sweep)?.state;
    if (state === 'stopped') return stopped?.();
    if (state === undefined && !removed) await announceSweep(redis, sweep, listed);
    const expected = new Map([...sent].map(([id, { run }]) => [id, JSON.stringify(payload(run))]));
    for (const [id, fault] of await faultsOf(queue, redis, expected)) {
      const one = sent.get(id);
      if (!one) continue;
      await discard(queue, redis, id);
      if (fault !== 'damaged') await add(id, one.run);
      else {
        sent.delete(id);
        waitingForJournal.add(id);
        one.resolve({ type: 'failure', reason: 'its entry in the queue was damaged', code: 'damaged', retry: true });
      }
    }
  });
  events.on('completed', collect);
  events.on('failed', collect);
  events.on('progress', ({ jobId, data }) => {
    const progress = data as { epoch?: unknown; value?: unknown };
    if (typeof progress?.epoch !== 'number') return;
    sent
      .get(jobId)
      ?.onProgress({ epoch: progress.epoch, value: typeof progress.value === 'number' ? progress.value : null });
  });
  const timers = [setInterval(collect, COLLECT_MS), setInterval(check, CHECK_MS)];
  check();

  // One listener for all runs, of which there may be thousands.
  const listened = new WeakSet<AbortSignal>();
  const listen = (signal: AbortSignal) => {
    if (listened.has(signal)) return;
    listened.add(signal);
    signal.addEventListener('abort', () => {
      for (const { resolve } of sent.values()) resolve({ type: 'interrupted' });
    });
  };

  return {
    // If decisions do not depend on results, many runs are queued, and workers seldom need this process.
    capacity: () => (spec.halving || spec.method === 'bayes' ? slots * AHEAD : MOST_QUEUED),
    run(run, onProgress, signal) {
      const id = jobIdOf(run);
      listen(signal);
      return new Promise((resolve, reject) => {
        sent.set(id, { run, onProgress, resolve });
        add(id, run).then(collect, reject);
        if (signal.aborted) resolve({ type: 'interrupted' });
      });
    },
    async settled(run) {
      const id = jobIdOf(run);
      await discard(queue, redis, id);
      waitingForJournal.delete(id);
    },
    onStopped: (stop) => (stopped = stop),
    async remove() {
      removed = true;
      // Off the list first, so that no worker opens a queue that is about to be deleted.
      await withdrawSweep(redis, sweep);
      // Pauses the queue first, which a Redis that restarts in between has forgotten.
      for (let attempt = 1; ; attempt++) {
        const error = await queue.obliterate({ force: true }).catch((reason: unknown) => reason as Error);
        if (!(error instanceof Error)) return;
        if (attempt === 3) return onNotice(`The queue of this sweep could not be removed (${error.message}).`);
      }
    },
    async close() {
      timers.forEach(clearInterval);
      await unlessAway(Promise.allSettled([events.close(), queue.close()]));
      endConnection(eventsRedis);
    },
  };
}

/** The id of a run in BullMQ, which allows no colon. */
function jobIdOf({ trial, seed, rung, failures }: TrialRun): string {
  return `${trial}-${seed}-${rung}-${failures}`;
}

/** The outcome of a run that has ended. */
async function outcomeOf(queue: Queue, id: string, { settings }: TrialRun): Promise<Outcome> {
  const { Job } = await import('bullmq');
  const job: QueuedJob | undefined = await Job.fromId(queue, id).catch(() => undefined);
  if (job?.failedReason) {
    const reason = String(job.failedReason).slice(0, 500);
    const refused = reason.startsWith('refused');
    return { type: 'failure', reason, code: refused ? 'refused' : 'worker lost', retry: !refused };
  }
  return readOutcome(job?.returnvalue, settings);
}

/** Validates what a worker sent. Its settings are those that were sent to it, whatever came back. */
export function readOutcome(sent: unknown, settings: TrialRun['settings']): Outcome {
  const parsed = outcomeSchema.safeParse(sent);
  if (!parsed.success)
    return { type: 'failure', reason: 'a worker sent an invalid result', code: 'result', retry: true };
  if (parsed.data.type === 'failure') return parsed.data;
  return { type: 'result', result: { ...parsed.data.result, config: settings } };
}

/** Where BullMQ keeps the ids of runs, by their state. */
const LISTS = ['wait', 'paused', 'active'];
const SETS = ['completed', 'failed', 'delayed', 'prioritized'];

/** The ids of runs that have ended. */
async function endedRuns(queue: Queue, redis: Redis): Promise<string[]> {
  const pages = ['completed', 'failed'].map((name) =>
    redis.zrange(queue.toKey(name), '0', String(PAGE - 1)).catch(() => []),
  );
  return (await Promise.all(pages)).flat().slice(0, PAGE);
}

/** Removes a run from the queue, whatever its state, and however damaged it is. */
async function discard(queue: Queue, redis: Redis, id: string): Promise<void> {
  const pipeline = redis.multi();
  for (const name of LISTS) pipeline.lrem(queue.toKey(name), 0, id);
  for (const name of SETS) pipeline.zrem(queue.toKey(name), id);
  pipeline.del(queue.toKey(id), `${queue.toKey(id)}:lock`, `${queue.toKey(id)}:logs`);
  await pipeline.exec();
}

/**
 * What is wrong with runs that were sent: Redis has forgotten them (without persistence), they are in no list, or they
 * are not what was sent. One transaction, so that no run is between two lists. A list of the wrong type is removed.
 * @param expected their data, by id
 */
async function faultsOf(
  queue: Queue,
  redis: Redis,
  expected: ReadonlyMap<string, string>,
): Promise<(readonly [id: string, fault: 'missing' | 'lost' | 'damaged'])[]> {
  const ids = [...expected.keys()];
  const asked = redis.multi();
  for (const name of LISTS) asked.lrange(queue.toKey(name), 0, -1);
  for (const name of SETS) asked.zrange(queue.toKey(name), '0', '-1');
  for (const id of ids) asked.type(queue.toKey(id)).hgetall(queue.toKey(id));
  // Errors of single commands are in the answers.
  const answers = (await asked.exec()) ?? [];
  const names = [...LISTS, ...SETS];
  const known = new Set<unknown>();
  for (const [i, name] of names.entries()) {
    const [error, found] = answers[i] ?? [];
    if (error) await redis.del(queue.toKey(name));
    else for (const id of (found as string[] | undefined) ?? []) known.add(id);
  }
  return ids.flatMap((id, i): (readonly [string, 'missing' | 'lost' | 'damaged'])[] => {
    const at = names.length + 2 * i;
    const [, type] = answers[at] ?? [];
    if (type === 'none') return [[id, 'missing']];
    const [error, fields] = answers[at + 1] ?? [];
    const { data, opts, progress, parent } = (error ? {} : fields) as Partial<Record<string, string>>;
    // BullMQ parses the last two whenever it reads the entry.
    const isReadable = data === expected.get(id) && isMapping(parsed(opts)) && [progress, parent].every(isAbsentOrJson);
    if (!isReadable) return [[id, 'damaged']];
    return known.has(id) ? [] : [[id, 'lost']];
  });
}

const isMapping = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

const isAbsentOrJson = (text: string | undefined) => !text || parsed(text) !== undefined;

/** The value of a JSON text; undefined when it is none. */
function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

/**
 * Never runs `work` concurrently: calls during a run cause one more run. Errors of Redis are ignored: it is called
 * again.
 */
function coalesced(work: () => Promise<void>): () => void {
  let running = false;
  let again = false;
  const run = () => {
    if (running) {
      again = true;
      return;
    }
    running = true;
    void work()
      .catch(ignore)
      .finally(() => {
        running = false;
        if (again) {
          again = false;
          run();
        }
      });
  };
  return run;
}

function ignore(): void {}
