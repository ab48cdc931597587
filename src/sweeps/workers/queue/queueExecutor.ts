import type { Job as QueuedJob, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { resultSchema } from '../../state/journal';
import type { Executor, TrialRun } from '../../runTrials';
import type { SweepSpec } from '../../spec/sweepFile';
import type { Outcome, Progress } from '../trainProcess';
import { payloadOf } from './payload';
import { PREFIX, unlessAway } from './redis';
import { announceSweep, listSweeps, listWorkers, withdrawSweep } from './registry';

/** How often results are polled, in milliseconds, because an event can be lost. */
const COLLECT_MS = 2000;
/** How often sent runs are checked, in milliseconds: a Redis without persistence forgets them. */
const CHECK_MS = 5000;
/** Runs queued per slot of a worker, when the next decision depends on results. */
const AHEAD = 2;
const PAGE = 200;

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
 */
export async function queueExecutor(redis: Redis, sweep: string, spec: SweepSpec): Promise<QueueExecutor> {
  const { Queue, QueueEvents } = await import('bullmq');
  const queue = new Queue(queueName(sweep), { connection: redis, prefix: PREFIX });
  const eventsRedis = redis.duplicate();
  eventsRedis.on('error', ignore);
  const events = new QueueEvents(queueName(sweep), { connection: eventsRedis, prefix: PREFIX });
  // The connection itself reports that Redis is lost.
  queue.on('error', ignore);
  events.on('error', ignore);
  const sent = new Map<string, Sent>();
  /** Results that were delivered but are not yet known to be in the journal. */
  const waitingForJournal = new Set<string>();
  let slots = 1;
  let stopped: (() => void) | undefined;
  let removed = false;
  const listed = { name: spec.name, metric: spec.metric.name, state: 'active' as const };
  await announceSweep(redis, sweep, listed);

  const add = (id: string, run: TrialRun) =>
    queue.add('trial', payloadOf(sweep, run, spec.metric.name, spec.seeds), {
      jobId: id,
      attempts: 1,
      removeOnComplete: false,
      removeOnFail: false,
    });
  const collect = coalesced(async () => {
    for (;;) {
      const jobs = await queue.getJobs(['completed', 'failed'], 0, PAGE - 1, true);
      const known = jobs.filter((job): job is QueuedJob => job?.id !== undefined);
      for (const job of known) {
        const one = sent.get(job.id!);
        sent.delete(job.id!);
        if (one) one.resolve(outcomeOf(job));
        // A duplicate, or not from this sweep: it does not count.
        else if (!waitingForJournal.has(job.id!)) await job.remove().catch(ignore);
        if (one) waitingForJournal.add(job.id!);
      }
      if (jobs.length < PAGE || known.every((job) => waitingForJournal.has(job.id!))) return;
    }
  });
  const check = coalesced(async () => {
    slots = Math.max(
      1,
      (await listWorkers(redis)).reduce((sum, worker) => sum + worker.slots, 0),
    );
    const state = (await listSweeps(redis)).get(sweep)?.state;
    if (state === 'stopped') return stopped?.();
    if (state === undefined && !removed) await announceSweep(redis, sweep, listed);
    for (const [id, { run }] of await missing(queue, redis, sent)) if (sent.has(id)) await add(id, run);
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
    // If decisions do not depend on results, all runs are queued at once, and workers do not need this process.
    capacity: () => (spec.halving || spec.method === 'bayes' ? slots * AHEAD : Infinity),
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
      await queue.remove(id);
      waitingForJournal.delete(id);
    },
    onStopped: (stop) => (stopped = stop),
    async remove() {
      removed = true;
      // Off the list first, so that no worker opens a queue that is about to be deleted.
      await withdrawSweep(redis, sweep);
      await queue.obliterate({ force: true });
    },
    async close() {
      timers.forEach(clearInterval);
      // A listener that was waiting for Redis reconnects once more, which would keep the process alive.
      eventsRedis.on('connect', () => eventsRedis.disconnect());
      await unlessAway(Promise.allSettled([events.close(), queue.close()]));
      eventsRedis.disconnect();
    },
  };
}

/** The id of a run in BullMQ, which allows no colon. */
function jobIdOf({ trial, seed, rung, failures }: TrialRun): string {
  return `${trial}-${seed}-${rung}-${failures}`;
}

function outcomeOf(job: QueuedJob): Outcome {
  if (job.failedReason) {
    const refused = job.failedReason.startsWith('refused');
    return {
      type: 'failure',
      reason: job.failedReason.slice(0, 500),
      code: refused ? 'refused' : 'worker lost',
      retry: !refused,
    };
  }
  const parsed = outcomeSchema.safeParse(job.returnvalue);
  if (parsed.success) return parsed.data;
  return { type: 'failure', reason: 'a worker sent an invalid result', code: 'result', retry: true };
}

/** The runs that Redis has forgotten. */
async function missing(
  queue: Queue,
  redis: Redis,
  sent: ReadonlyMap<string, Sent>,
): Promise<(readonly [string, Sent])[]> {
  const entries = [...sent];
  const pipeline = redis.pipeline();
  for (const [id] of entries) pipeline.exists(queue.toKey(id));
  const answers = (await pipeline.exec()) ?? [];
  return entries.filter((_, i) => answers[i]?.[1] === 0);
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
