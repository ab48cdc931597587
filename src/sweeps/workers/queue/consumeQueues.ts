import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import type { Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { createAutoResetEvent } from '../../autoResetEvent';
import type { Outcome, Progress } from '../trainProcess';
import type { Payload } from './payload';
import { queueName } from './queueExecutor';
import { PREFIX, unlessAway } from './redis';
import { announceWorker, listSweeps, withdrawWorker } from './registry';

/** How often a worker without work looks for some, in milliseconds. */
const IDLE_MS = 500;
const ANNOUNCE_MS = 5000;
/** A trial whose workers vanish again and again is taken from the queue after this many. */
const MAX_LOST_WORKERS = 3;

/** What a worker tells. */
export type TrialEvent =
  | { readonly type: 'started'; readonly payload: Payload }
  | { readonly type: 'progress'; readonly payload: Payload; readonly progress: Progress }
  | { readonly type: 'ended'; readonly payload: Payload; readonly outcome: Outcome }
  | { readonly type: 'refused'; readonly sweep: string; readonly reason: string }
  /** The trial is another worker's now, or will be: its lease ran out, or runs out because Redis is away. */
  | { readonly type: 'lost'; readonly payload: Payload };

export interface ConsumeOptions {
  readonly redis: Redis;
  /** The sweep to work for; undefined for all. */
  readonly only: string | undefined;
  /** Trials at once. */
  readonly slots: number;
  /** How long a trial stays with a worker that is not heard of, in milliseconds. */
  readonly leaseMs: number;
  /** Whether to end when no sweep is left. */
  readonly untilDone: boolean;
  /** Checks what came from the queue of a sweep. */
  readonly read: (data: unknown, sweep: string) => Payload | { readonly refused: string };
  readonly train: (payload: Payload, onProgress: (progress: Progress) => void, signal: AbortSignal) => Promise<Outcome>;
  readonly onEvent: (event: TrialEvent) => void;
  /** Aborted: takes no more trials, and finishes those it has. */
  readonly drain: AbortSignal;
  /** Aborted: those it has save, and go back to the queue. */
  readonly stop: AbortSignal;
}

/**
 * Takes trials from the queues of sweeps, in turn, and trains them.
 * Trials train in processes of their own, so that this one is free to say that it still has them.
 */
export async function consumeQueues(options: ConsumeOptions): Promise<void> {
  const { redis, slots, drain, stop } = options;
  const id = randomBytes(8).toString('hex');
  const token = id;
  const queues = await openQueues(options);
  const running = new Set<Promise<void>>();
  const changed = createAutoResetEvent();
  for (const signal of [drain, stop]) signal.addEventListener('abort', changed.set, { once: true });
  setMaxListeners(0, stop);
  const ending = () => drain.aborted || stop.aborted;
  const announce = () =>
    announceWorker(redis, id, { host: hostname(), pid: process.pid, slots, running: running.size }).catch(ignore);
  await unlessAway(announce(), drain);
  const timer = setInterval(() => void announce(), ANNOUNCE_MS);
  let idleSince: number | undefined;
  try {
    while (!ending()) {
      const taken = running.size < slots ? await unlessAway(queues.take(token), drain) : undefined;
      if (taken) {
        idleSince = undefined;
        const run = handle(taken.job, taken.sweep, token, options, queues).finally(() => {
          running.delete(run);
          changed.set();
        });
        running.add(run);
        continue;
      }
      // A sweep that waits for results is still listed, and one that begins may not be yet.
      if (options.untilDone && running.size === 0 && queues.count() === 0) {
        idleSince ??= performance.now();
        if (performance.now() - idleSince > 2 * IDLE_MS) break;
      }
      await changed.wait(IDLE_MS);
    }
    await Promise.all(running);
  } finally {
    clearInterval(timer);
    // Without a Redis the worker is forgotten in time, and so is the rest.
    await unlessAway(Promise.allSettled([queues.close(), withdrawWorker(redis, id)]));
  }
}

async function handle(job: Job, sweep: string, token: string, options: ConsumeOptions, queues: Queues): Promise<void> {
  const { leaseMs, read, train, onEvent, stop } = options;
  const payload = read(job.data, sweep);
  if ('refused' in payload) {
    onEvent({ type: 'refused', sweep, reason: payload.refused });
    await job.moveToFailed(new Error(`refused: ${payload.refused}`), token, false).catch(ignore);
    return;
  }
  const giveUp = new AbortController();
  const abort = () => giveUp.abort();
  stop.addEventListener('abort', abort, { once: true });
  if (stop.aborted) abort();
  let mine = true;
  let asking = false;
  const keep = async () => {
    if (asking) return;
    asking = true;
    try {
      // 0: another worker has it, or it was taken out of Redis.
      if ((await job.extendLock(token, leaseMs)) === 0) {
        mine = false;
        giveUp.abort();
      } else if (!(await queues.wanted(sweep))) giveUp.abort();
    } catch {
      // Redis is away, and the trial goes on meanwhile.
    } finally {
      asking = false;
    }
  };
  const timer = setInterval(() => void keep(), Math.min(leaseMs / 3, 2000));
  try {
    onEvent({ type: 'started', payload });
    const tell = (progress: Progress) => {
      onEvent({ type: 'progress', payload, progress });
      void job.updateProgress({ ...progress }).catch(ignore);
    };
    const outcome = await train(payload, tell, giveUp.signal).catch((error: Error): Outcome => ({
      type: 'failure',
      reason: `the worker: ${error.message}`.slice(0, 1000),
      code: 'worker',
      retry: true,
    }));
    if (!mine) return onEvent({ type: 'lost', payload });
    const handBack = async () => {
      if (outcome.type === 'interrupted') await job.moveToWait(token);
      else await job.moveToCompleted(outcome, token, false);
      return true;
    };
    onEvent((await unlessAway(handBack(), stop)) ? { type: 'ended', payload, outcome } : { type: 'lost', payload });
  } catch {
    // BullMQ refuses what this worker may not say any more: the lease ran out while Redis was away.
    onEvent({ type: 'lost', payload });
  } finally {
    clearInterval(timer);
    stop.removeEventListener('abort', abort);
  }
}

interface Queues {
  readonly take: (token: string) => Promise<{ job: Job; sweep: string } | undefined>;
  /** Whether a sweep is still to be worked for. */
  readonly wanted: (sweep: string) => Promise<boolean>;
  readonly count: () => number;
  readonly close: () => Promise<void>;
}

/** The queues of the sweeps that there are, asked in turn so that none waits for another's end. */
async function openQueues({ redis, only, leaseMs }: ConsumeOptions): Promise<Queues> {
  const { Worker } = await import('bullmq');
  const open = new Map<string, Worker>();
  // Looking for stalled trials writes to the queue, which may happen after the sweep ended and took its queue out of
  // Redis.
  const leave = async (id: string, worker: Worker) => {
    // By force: a connection that waits for a Redis that is away would keep the process alive. Nothing is lost by it.
    await worker.close(true).catch(ignore);
    if ((await listSweeps(redis)).has(id)) return;
    await redis.del(['meta', 'stalled-check', 'events'].map((name) => worker.toKey(name)));
  };
  let refreshed = -Infinity;
  let closed = false;
  let turn = 0;
  const refresh = async () => {
    const sweeps = await listSweeps(redis);
    if (closed) return;
    refreshed = performance.now();
    const active = [...sweeps]
      .filter(([id, { state }]) => state === 'active' && (only === undefined || id === only))
      .map(([id]) => id);
    for (const [id, worker] of open) {
      if (active.includes(id)) continue;
      open.delete(id);
      await leave(id, worker);
    }
    for (const id of active) {
      if (open.has(id)) continue;
      const worker = new Worker(queueName(id), null, {
        connection: redis,
        prefix: PREFIX,
        autorun: false,
        lockDuration: leaseMs,
        stalledInterval: Math.ceil(leaseMs / 2),
        maxStalledCount: MAX_LOST_WORKERS,
      });
      worker.on('error', ignore);
      open.set(id, worker);
      await worker.startStalledCheckTimer();
    }
  };
  let refreshing: Promise<void> | undefined;
  const refreshOnce = () => (refreshing ??= refresh().finally(() => (refreshing = undefined)));
  return {
    async take(token) {
      if (performance.now() - refreshed > IDLE_MS) await refreshOnce();
      const ids = [...open.keys()];
      for (let i = 0; i < ids.length; i++) {
        const sweep = ids[turn++ % ids.length]!;
        const job = (await open.get(sweep)!.getNextJob(token, { block: false })) as Job | undefined;
        if (job) return { job, sweep };
      }
      return undefined;
    },
    async wanted(sweep) {
      if (performance.now() - refreshed > IDLE_MS) await refreshOnce();
      return open.has(sweep);
    },
    count: () => open.size,
    async close() {
      closed = true;
      await Promise.allSettled([...open].map(([id, worker]) => leave(id, worker)));
    },
  };
}

function ignore(): void {}
