import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import type { Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { HandgradError } from '../../../errors';
import { createAutoResetEvent } from '../../autoResetEvent';
import { isMachineFault } from '../exitMeaning';
import type { Progress } from '../trainMessages';
import type { Outcome } from '../trainProcess';
import type { Needs } from './fitness';
import type { Payload } from './payload';
import { queueName } from './queueExecutor';
import { PREFIX, unlessAway } from './redis';
import { announceWorker, listSweeps, withdrawWorker } from './registry';

/** How often an idle worker looks for runs, in milliseconds. */
const IDLE_MS = 500;
const ANNOUNCE_MS = 5000;
/** A worker ends after this many runs in a row that failed because of its machine; it waits longer after each. */
const MAX_MACHINE_FAULTS = 3;
const BACK_OFF_MS = 1000;
/** A run that failed because of the machines of this many workers fails: it must be the run. */
const MAX_UNFIT_WORKERS = 3;
/** How long it is remembered which workers could not train a run. */
const UNFIT_S = 24 * 60 * 60;
/** How long a queue is left alone that gave something damaged, in milliseconds. */
const DAMAGED_MS = 2000;
/** A run fails after this many workers have vanished while training it. */
const MAX_LOST_WORKERS = 3;

/** An event of a worker. */
export type TrialEvent =
  | { readonly type: 'started'; readonly payload: Payload }
  | { readonly type: 'progress'; readonly payload: Payload; readonly progress: Progress }
  | { readonly type: 'ended'; readonly payload: Payload; readonly outcome: Outcome }
  | { readonly type: 'refused'; readonly sweep: string; readonly reason: string }
  /** This machine cannot train the runs of a sweep, of which it takes none. */
  | { readonly type: 'unfit'; readonly sweep: string; readonly reason: string }
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
  /** Why this machine cannot train the runs of a sweep, as a clause; undefined when it can. All when omitted. */
  readonly unfit?: (needs: Needs) => Promise<string | undefined>;
  /** Trains a run. Its guard is called before anything is changed: it rejects once another worker has the run. */
  readonly train: (
    payload: Payload,
    onProgress: (progress: Progress) => void,
    signal: AbortSignal,
    guard: () => Promise<void>,
  ) => Promise<Outcome>;
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
  const running = new Set<Promise<void>>();
  const changed = createAutoResetEvent();
  for (const signal of [drain, stop]) signal.addEventListener('abort', changed.set, { once: true });
  setMaxListeners(0, stop);
  const ending = () => drain.aborted || stop.aborted;
  const faults: Faults = { inARow: 0, until: 0, last: undefined };
  const announce = () => {
    const problem = faults.last?.slice(0, 500);
    const about = { host: hostname(), pid: process.pid, slots, running: running.size, ...(problem && { problem }) };
    const reasons = [...unfit].map(([sweep, { reason }]) => [sweep, reason.slice(0, 500)] as const);
    return announceWorker(redis, id, { ...about, unfit: Object.fromEntries(reasons) }).catch(ignore);
  };
  const unfit = new Map<string, Unfit>();
  const queues = await openQueues(options, unfit, () => void announce());
  await unlessAway(announce(), drain);
  const timer = setInterval(() => void announce(), ANNOUNCE_MS);
  let idleSince: number | undefined;
  try {
    while (!ending()) {
      if (faults.inARow >= MAX_MACHINE_FAULTS || queues.uselessness() !== undefined) break;
      const isFree = running.size < slots && performance.now() >= faults.until;
      const taken = isFree ? await unlessAway(queues.take(token), drain) : undefined;
      if (taken) {
        idleSince = undefined;
        const run = handle(taken.job, taken.sweep, token, options, queues, faults).finally(() => {
          if (faults.last !== undefined) void announce();
          running.delete(run);
          changed.set();
        });
        running.add(run);
        continue;
      }
      // A sweep that waits for results is still listed; one that is starting may not be yet.
      if (options.untilDone && running.size === 0 && queues.count() === 0 && unfit.size === 0) {
        idleSince ??= performance.now();
        if (performance.now() - idleSince > 2 * IDLE_MS) break;
      }
      await changed.wait(IDLE_MS);
    }
    await Promise.all(running);
    if (faults.inARow >= MAX_MACHINE_FAULTS) {
      await unlessAway(announce());
      throw new HandgradError(
        'backend',
        `This worker ends: ${MAX_MACHINE_FAULTS} runs in a row failed because of this machine (${faults.last}); ` +
          'correct that, and start it again.',
      );
    }
    const useless = queues.uselessness();
    if (useless !== undefined && !ending()) {
      await unlessAway(announce());
      throw new HandgradError('backend', `This worker ends: ${useless}; correct that, and start it again.`);
    }
  } finally {
    clearInterval(timer);
    // If Redis is unreachable, the entries of this worker expire.
    // A problem stays listed until its entry expires, so that sweeps show it.
    const withdrawn = faults.last === undefined && unfit.size === 0 ? withdrawWorker(redis, id) : undefined;
    await unlessAway(Promise.allSettled([queues.close(), withdrawn]));
  }
}

/** The runs in a row that failed because of this machine. */
interface Faults {
  inARow: number;
  /** No run is taken before. */
  until: number;
  /** Why the last one failed. */
  last: string | undefined;
}

/** Data of any depth or kind is refused, never a defect. */
function readSafely(read: ConsumeOptions['read'], data: unknown, sweep: string): ReturnType<ConsumeOptions['read']> {
  try {
    return read(data, sweep);
  } catch (error) {
    return { refused: `it is damaged (${(error as Error).message})`.slice(0, 300) };
  }
}

async function handle(
  job: Job,
  sweep: string,
  token: string,
  options: ConsumeOptions,
  queues: Queues,
  faults: Faults,
): Promise<void> {
  const { redis, leaseMs, read, train, onEvent, stop } = options;
  const payload = readSafely(read, job.data, sweep);
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
  const renew = async () => {
    // 0: another worker has it, or it was removed from Redis.
    if ((await job.extendLock(token, leaseMs)) !== 0) return;
    mine = false;
    giveUp.abort();
  };
  const keep = async () => {
    if (asking) return;
    asking = true;
    try {
      await renew();
      if (mine && !(await queues.wanted(sweep))) giveUp.abort();
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
    const guard = async () => {
      // Without an answer of Redis, the run is taken to be still this worker's.
      await unlessAway(renew(), giveUp.signal).catch(ignore);
      if (!mine) throw new HandgradError('locked', 'Another worker has this run.');
    };
    const outcome = await train(payload, tell, giveUp.signal, guard).catch((error: Error): Outcome => ({
      type: 'failure',
      reason: `the worker: ${error.message}`.slice(0, 1000),
      code: 'worker',
      retry: true,
    }));
    if (!mine) return onEvent({ type: 'lost', payload });
    const isForOthers = async (failed: Exclude<Outcome, { type: 'interrupted' }>) => {
      if (failed.type === 'result' || !isMachineFault(failed)) {
        Object.assign(faults, { inARow: 0, until: 0, last: undefined });
        return false;
      }
      faults.inARow++;
      faults.until = performance.now() + BACK_OFF_MS * 2 ** faults.inARow;
      faults.last = failed.reason;
      const key = `${PREFIX}:unfit:${sweep}:${job.id}`;
      const answers = await redis.multi().sadd(key, token).scard(key).expire(key, UNFIT_S).exec();
      return Number(answers?.[1]?.[1]) < MAX_UNFIT_WORKERS;
    };
    const handBack = async () => {
      if (outcome.type === 'interrupted' || (await isForOthers(outcome))) await job.moveToWait(token);
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
  /** Why this machine can do nothing, after it has checked itself several times; undefined when it can, or may yet. */
  readonly uselessness: () => string | undefined;
  readonly close: () => Promise<void>;
}

/** A sweep that this machine cannot train for: it checks itself again, later each time. */
interface Unfit {
  readonly reason: string;
  readonly checks: number;
  readonly until: number;
}

/**
 * The queues of all active sweeps, polled round robin so that none waits for another to end; but for those that this
 * machine cannot train for.
 * @param unfit is kept up to date: those sweeps
 * @param onFitness called when that, or the reason, changes for a sweep
 */
async function openQueues(
  { redis, only, leaseMs, unfit: check = () => Promise.resolve(undefined), onEvent }: ConsumeOptions,
  unfit: Map<string, Unfit>,
  onFitness: () => void,
): Promise<Queues> {
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
  const damaged = new Map<string, number>();
  const reported = new Set<string>();
  /** The next run of a queue. One that cannot be read is set aside by its sweep, and the others go on. */
  const next = async (sweep: string, token: string): Promise<Job | undefined> => {
    if (performance.now() < (damaged.get(sweep) ?? 0)) return undefined;
    try {
      return (await open.get(sweep)!.getNextJob(token, { block: false })) as Job | undefined;
    } catch (error) {
      const reason = `it is damaged (${(error as Error).message})`.slice(0, 300);
      damaged.set(sweep, performance.now() + DAMAGED_MS);
      if (!reported.has(sweep + reason)) onEvent({ type: 'refused', sweep, reason });
      reported.add(sweep + reason);
      return undefined;
    }
  };
  /** Whether this machine can train for a sweep, as far as it is known. */
  const isFit = async (sweep: string, needs: Needs | undefined): Promise<boolean> => {
    const before = unfit.get(sweep);
    if (!needs || (before && performance.now() < before.until)) return !before;
    const reason = await check(needs);
    if (reason === undefined) {
      if (unfit.delete(sweep)) onFitness();
      return true;
    }
    const checks = (before?.checks ?? 0) + 1;
    unfit.set(sweep, { reason, checks, until: performance.now() + BACK_OFF_MS * 2 ** checks });
    if (before?.reason !== reason) {
      onFitness();
      onEvent({ type: 'unfit', sweep, reason });
    }
    return false;
  };
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
    for (const id of unfit.keys()) {
      if (!active.includes(id) && unfit.delete(id)) onFitness();
    }
    for (const id of active) {
      if (open.has(id) || !(await isFit(id, sweeps.get(id)!.needs)) || closed) continue;
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
        const job = await next(sweep, token);
        if (job) return { job, sweep };
      }
      return undefined;
    },
    async wanted(sweep) {
      if (performance.now() - refreshed > IDLE_MS) await refreshOnce();
      return open.has(sweep);
    },
    count: () => open.size,
    uselessness() {
      const reasons = [...unfit.values()];
      const isFinal = open.size === 0 && reasons.every(({ checks }) => checks >= MAX_MACHINE_FAULTS);
      return isFinal ? reasons[0]?.reason : undefined;
    },
    async close() {
      closed = true;
      await Promise.allSettled([...open].map(([id, worker]) => leave(id, worker)));
    },
  };
}

function ignore(): void {}
