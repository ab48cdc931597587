import type { Redis } from 'ioredis';
import { z } from 'zod';
import { PREFIX } from './redis';

const SWEEPS = `${PREFIX}:sweeps`;
const WORKERS = `${PREFIX}:workers`;
/** After how many silent seconds a worker counts as gone. */
const ALIVE_S = 15;

const sweepSchema = z.object({
  name: z.string().max(64).optional(),
  metric: z.string().max(64),
  state: z.enum(['active', 'stopped']),
  /** What a machine must have to train its runs. */
  needs: z
    .object({
      version: z.string().max(64),
      datasets: z.array(z.string().max(4096)).max(1000).readonly(),
      backends: z.array(z.string().max(64)).max(64).readonly(),
    })
    .optional(),
});

const workerSchema = z.object({
  host: z.string().max(256),
  pid: z.number(),
  slots: z.number().min(1).max(1024),
  running: z.number(),
  /** Why this worker cannot train; its runs return to the queue. */
  problem: z.string().max(1000).optional(),
  /** Why it cannot train the runs of some sweeps, by their ids. */
  unfit: z.record(z.string().max(64), z.string().max(1000)).optional(),
});

/** A sweep's entry in Redis. */
export type ListedSweep = z.output<typeof sweepSchema>;
export type ListedWorker = z.output<typeof workerSchema>;

/** Adds a sweep to the list, so that workers find it. */
export async function announceSweep(redis: Redis, id: string, sweep: ListedSweep): Promise<void> {
  await redis.hset(SWEEPS, id, JSON.stringify(sweep));
}

/** Removes a sweep from the list. */
export async function withdrawSweep(redis: Redis, id: string): Promise<void> {
  await redis.hdel(SWEEPS, id);
}

/** The sweeps in Redis, by id. Invalid entries are skipped. */
export async function listSweeps(redis: Redis): Promise<Map<string, ListedSweep>> {
  const rows = Object.entries(await redis.hgetall(SWEEPS)).map(
    ([id, text]) => [id, parsed(sweepSchema, text)] as const,
  );
  return new Map(
    rows.filter((row): row is [string, ListedSweep] => /^[0-9a-f]{16}$/.test(row[0]) && row[1] !== undefined),
  );
}

/** Marks a worker as alive, for `ALIVE_S` seconds. */
export async function announceWorker(redis: Redis, id: string, worker: ListedWorker): Promise<void> {
  await redis.multi().sadd(WORKERS, id).set(`${WORKERS}:${id}`, JSON.stringify(worker), 'EX', ALIVE_S).exec();
}

/** Removes a worker from the list. */
export async function withdrawWorker(redis: Redis, id: string): Promise<void> {
  await redis.multi().srem(WORKERS, id).del(`${WORKERS}:${id}`).exec();
}

/** The workers that are alive. */
export async function listWorkers(redis: Redis): Promise<ListedWorker[]> {
  const ids = await redis.smembers(WORKERS);
  if (ids.length === 0) return [];
  const texts = await redis.mget(ids.map((id) => `${WORKERS}:${id}`));
  const gone = ids.filter((_, i) => texts[i] === null);
  if (gone.length > 0) await redis.srem(WORKERS, ...gone);
  return texts.flatMap((text) => parsed(workerSchema, text ?? '') ?? []);
}

function parsed<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
