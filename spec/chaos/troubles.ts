import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { childrenOf, journalOf, kill, type Started } from '../sweeps/program';
import { DAMAGED } from '../sweeps/workers/queue/damage';
import { startRedis } from '../sweeps/workers/queue/redisServer';
import { assertAllEnded, Breach, endOf, pick, type Round } from './round';
import { assertDoneOnce, prepare } from './sweeps';

// A sweep through a queue to which everything comes that troubles it, in any order: a damaged run, a damaged result, a
// worker whose runs fail at once, one that is stopped until it has lost its run; and one that is well and trains all.

/** What comes, each once. */
export const TROUBLES = [
  'damaged run',
  'damaged result',
  'burning worker',
  'stopped worker',
  'healthy worker',
] as const;
type Trouble = (typeof TROUBLES)[number];

/** Longer than the lease of a worker, which is 2 seconds, and than it takes others to notice. */
const STOPPED_MS = 4500;

interface Queued {
  readonly round: Round;
  readonly redis: Redis;
  /** The sweep's keys begin with this. */
  readonly queue: string;
  /** Starts a worker that ends when no sweep is left. */
  readonly work: (datasets: string, runRoot: string) => Started;
}

/** A run that waits, as its id in the queue. */
async function waitingRun({ redis, queue, round: { random } }: Queued): Promise<string | undefined> {
  const ids = await redis.lrange(`${queue}wait`, 0, -1);
  return ids.length === 0 ? undefined : pick(random, ids);
}

/** What each does. @returns the worker that it starts, or the kind of damage */
const COMES: Readonly<Record<Trouble, (queued: Queued) => Promise<Started | string | undefined>>> = {
  async 'damaged run'(queued) {
    const id = await waitingRun(queued);
    if (id === undefined) return undefined;
    const [kind, damage] = pick(queued.round.random, Object.entries(DAMAGED));
    await damage(queued.redis, queued.queue, id);
    return `${kind}, of run ${id}`;
  },
  async 'damaged result'(queued) {
    const { redis, queue, round } = queued;
    const id = await waitingRun(queued);
    // One of no run of this sweep, too.
    for (const one of id === undefined ? ['forged'] : ['forged', id]) {
      const returnvalue = pick(round.random, ['{', '7', 'null', '[[[[', '{"type":"result","result":{}}']);
      await redis
        .multi()
        .lrem(`${queue}wait`, 0, one)
        .hset(queue + one, { returnvalue })
        .exec();
      await redis.zadd(`${queue}completed`, 1, one);
    }
    return `of run ${id}`;
  },
  'burning worker': ({ work }) => Promise.resolve(work('burning', 'burnt')),
  async 'stopped worker'({ work, round: { random } }) {
    const one = work('.', 'shared');
    const pid = one.child.pid!;
    while (childrenOf(pid).length === 0 && one.child.exitCode === null) await delay(50);
    const stopped = random.integer(2) === 0 ? [pid] : [pid, ...childrenOf(pid)];
    stopped.forEach((each) => kill(each, 'SIGSTOP'));
    void delay(STOPPED_MS).then(() => stopped.forEach((each) => kill(each, 'SIGCONT')));
    return one;
  },
  'healthy worker': ({ work }) => Promise.resolve(work('.', 'shared')),
};

/**
 * Runs the sweep.
 * @param order in which they come
 * @param between waits after each, with what it has started
 * @throws Breach
 */
export async function troubleQueue(
  round: Round,
  order: readonly Trouble[] = shuffled(round),
  between: (started: Started | string | undefined) => Promise<unknown> = () => delay(round.random.uniform() * 1000),
): Promise<void> {
  const { folder, count, start } = round;
  const { sweep, outside } = await prepare(round);
  mkdirSync(join(folder, 'burning'));
  // A worker that checks whether it has the data finds nothing wrong with it.
  writeFileSync(join(folder, 'burning', 'points.csv'), 'species,x\nant,1\nbee,"');
  const before = outside();
  const server = await startRedis();
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  const workers: Started[] = [];
  const work = (datasets: string, runRoot: string) => {
    const flags = ['--workers', '1', '--lease', '2', '--until-done', '--datasets', datasets, '--run-root', runRoot];
    const one = start(['worker', '--queue', server.url, ...flags]);
    workers.push(one);
    return one;
  };
  try {
    const one = start(['sweep', 'sweep.yaml', '--run-dir', sweep, '--queue', server.url]);
    let lists: string[] = [];
    while (lists.length === 0) {
      await delay(50);
      if (one.child.exitCode !== null) throw new Breach(`the sweep ended at its start: ${one.stderr()}`);
      lists = await redis.keys('handgrad:sweep-*:wait');
    }
    const queued = { round, redis, queue: lists[0]!.slice(0, -'wait'.length), work };
    const came: string[] = [];
    for (const trouble of order) {
      const started = await COMES[trouble](queued);
      if (started === undefined) continue;
      count(trouble);
      came.push(typeof started === 'string' ? `${trouble} (${started})` : trouble);
      await between(started);
    }
    const what = came.join(', ');
    const code = await endOf(one, what);
    const entries = await journalOf(sweep);
    const failures = entries.filter((entry) => entry.type === 'failure');
    const lost = failures.filter(({ retry }) => !retry).map(({ trial }) => trial);
    if (code !== (lost.length > 0 ? 1 : 0)) throw new Breach(`ended with ${code} after ${what}: ${one.stderr()}`);
    // One damaged run, at most.
    if (lost.length > 1) throw new Breach(`after ${what}, trials ${lost.join(', ')} are lost: ${one.stderr()}`);
    await assertDoneOnce(sweep, lost);
    // What was set aside is on the screen, and in the summary.
    const summary = readFileSync(join(sweep, 'summary.csv'), 'utf8');
    for (const { trial, reason, retry } of failures) {
      if (!one.stdout().includes(`Trial ${trial}: failed${retry ? ', will be retried' : ''}`))
        throw new Breach(`after ${what}, the screen does not say that trial ${trial} failed (${reason})`);
      if (!retry && !summary.includes('refused')) throw new Breach(`the summary does not say ${reason}: ${summary}`);
    }
    const ends = await Promise.all(workers.map((worker) => endOf(worker, what)));
    const isWell = (worker: Started, i: number) =>
      ends[i] === 0 || (ends[i] === 4 && worker.stderr().includes('This worker ends: 3 runs in a row failed'));
    if (!workers.every(isWell) || ends.filter((end) => end !== 0).length > 1) {
      throw new Breach(`the workers ended with ${ends.join(', ')}: ${workers.map((each) => each.stderr()).join('\n')}`);
    }
    if (outside() !== before) throw new Breach(`after ${what}, something outside the runs has changed`);
    count('sweeps compared');
  } finally {
    redis.disconnect();
    server.stop();
  }
  await assertAllEnded(round);
}

function shuffled({ random }: Round): Trouble[] {
  const left: Trouble[] = [...TROUBLES];
  return TROUBLES.map(() => left.splice(random.integer(left.length), 1)[0]!);
}
