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

/** How often an idle worker looks for runs, in milliseconds. */
const IDLE_MS = 500;
const ANNOUNCE_MS = 5000;
/** A run fails after this many workers have vanished while training it. */
const MAX_LOST_WORKERS = 3;

/** An event of a worker. */
export type TrialEvent =
  | { readonly type: 'started'; readonly payload: Payload }
  | { readonly type: 'progress'; readonly payload: Payload; readonly progress: Progress }
  | { readonly type: 'ended'; readonly payload: Payload; readonly outcome: Outcome }
  | { readonly type: 'refused'; readonly sweep: string; readonly reason: string }
  /** The run belongs to another worker, or soon will: its lease has expired, or Redis is unreachable. */
  | { readonly type: 'lost'; readonly payload: Payload };

export interface ConsumeOptions {
  readonly redis: Redis;
  /** The sweep to work for; undefined for all. */
  readonly only: string | undefined;
  /** The number of concurrent runs. */
  readonly slots: number;
  /** After how many silent milliseconds a worker loses its run to another. */
  readonly leaseMs: number;
  /** Whether to end when no sweep is left. */
  readonly untilDone: boolean;
  /** Validates data from the queue of a sweep. */
  readonly read: (data: unknown, sweep: string) => Payload | { readonly refused: string };
  readonly train: (payload: Payload, onProgress: (progress: Progress) => void, signal: AbortSignal) => Promise<Outcome>;
  readonly onEvent: (event: TrialEvent) => void;
  /** When aborted, the worker takes no more runs, and finishes the current ones. */
  readonly drain: AbortSignal;
  /** When aborted, the current runs save their state and return to the queue. */
  readonly stop: AbortSignal;
}

/**
 * Takes runs from the queues of sweeps, round robin, and trains them in separate processes, so that this one is free to
 * renew their leases.
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
      // A sweep that waits for results is still listed; one that is starting may not be yet.
      if (options.untilDone && running.size === 0 && queues.count() === 0) {
        idleSince ??= performance.now();
        if (performance.now() - idleSince > 2 * IDLE_MS) break;
      }
      await changed.wait(IDLE_MS);
    }
    await Promise.all(running);
  } finally {
    clearInterval(timer);
    // If Redis is unreachable, the entries of this worker expire.
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
      // 0: another worker has it, or it was removed from Redis.
      if ((await job.extendLock(token, leaseMs)) === 0) {
        mine = false;
        giveUp.abort();
      } else if (!(await queues.wanted(sweep))) giveUp.abort();
    } catch {
      // Redis is unreachable; the run continues meanwhile.
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
    // BullMQ refuses the outcome, because the lease expired while Redis was unreachable.
    onEvent({ type: 'lost', payload });
  } finally {
    clearInterval(timer);
    stop.removeEventListener('abort', abort);
  }
}

interface Queues {
  readonly take: (token: string) => Promise<{ job: Job; sweep: string } | undefined>;
  /** Whether a sweep is still active. */
  readonly wanted: (sweep: string) => Promise<boolean>;
  readonly count: () => number;
  readonly close: () => Promise<void>;
}

/** The queues of all active sweeps, polled round robin so that none waits for another to end. */
async function openQueues({ redis, only, leaseMs }: ConsumeOptions): Promise<Queues> {
  const { Worker } = await import('bullmq');
  const open = new Map<string, Worker>();
  // The check for stalled runs writes to the queue, perhaps after the sweep has ended and deleted its queue.
  const leave = async (id: string, worker: Worker) => {
    // By force: a connection waiting for Redis would keep the process alive. Nothing is lost.
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
