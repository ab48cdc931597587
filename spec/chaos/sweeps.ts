import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { resultOf } from '../runs/pointsRun';
import {
  childrenOf,
  journalOf,
  kill,
  POINTS,
  resultsOf,
  type Started,
  writePoints,
  writeSweep,
} from '../sweeps/program';
import { DAMAGED, HARMLESS } from '../sweeps/workers/queue/damage';
import { type RedisServer, startRedis } from '../sweeps/workers/queue/redisServer';
import { assertAllEnded, assertSame, Breach, contentOf, endOf, fillDisk, pick, type Round } from './round';

// Sweeps that are disturbed and resumed until they end: on this machine, and through a queue.

const TRIALS = 5;
const CONTENT = {
  method: 'grid',
  parameters: { lr: { values: Array.from({ length: TRIALS }, (_, trial) => 0.01 + trial / 100) } },
  fixed: { ...POINTS, epochs: 12, 'checkpoint-every': '3epochs' },
};
/** No act counts as a failure of the trial for ever. */
const RETRIES = ['--retries', '100'];
/** The time between acts, on average, in milliseconds. */
const MEAN_MS = 1200;
const MOST_ACTS = 12;

type Values = Readonly<Record<string, readonly number[]>>;
type Records = ReturnType<typeof resultOf>;
let whole: { values: Values; records: Map<string, Records> } | undefined;

/** What the sweep gives when nothing happens: its values, and the records of its runs. */
async function undisturbed({ folder, start }: Round): Promise<NonNullable<typeof whole>> {
  const one = start(['sweep', 'sweep.yaml', '--run-dir', 'whole', '--workers', '2']);
  if ((await one.ended) !== 0) throw new Error(`the undisturbed sweep failed: ${one.stderr()}`);
  const trials = join(folder, 'whole', 'trials');
  const names = readdirSync(trials).filter((name) => /^\d{4}$/.test(name));
  return {
    values: await resultsOf(join(folder, 'whole')),
    records: new Map(names.map((name) => [name, resultOf(join(trials, name))])),
  };
}

/** Writes the table, the sweep file and what others have beside them. */
export async function prepare(round: Round): Promise<{ sweep: string; outside: () => string; again: () => string[] }> {
  const { folder } = round;
  writePoints(folder);
  writeSweep(folder, CONTENT);
  whole ??= await undisturbed(round);
  writeFileSync(join(folder, 'bystander'), 'not yours');
  const sweep = join(folder, 'disk', 's');
  return {
    sweep,
    outside: () => contentOf(folder, ['disk', 'whole', 'own', 'shared', 'burning', 'burnt']),
    // A sweep that was killed in its first moments has no journal yet, and begins again.
    again: () =>
      existsSync(join(sweep, 'journal.jsonl')) && readFileSync(join(sweep, 'journal.jsonl')).includes('\n')
        ? ['--resume', sweep]
        : ['sweep.yaml', '--run-dir', sweep],
  };
}

/** @throws Breach */
export async function disturbSweep(round: Round): Promise<void> {
  const { random, count, over, lacks } = round;
  const { sweep, outside, again } = await prepare(round);
  const before = outside();
  const damaged = new Set<string>();
  const acts = ['KILL', 'KILL a run', 'KILL both', 'TERM', 'INT', 'HUP', 'STOP a run', 'STOP'];
  if (lacks['disk'] === undefined) acts.push('disk');
  const begin = () => {
    const argv = again();
    if (argv[0] === '--resume') count('resumes');
    return round.start(['sweep', ...argv, '--workers', '2', ...RETRIES]);
  };
  for (let done = 0, one = begin(); ; one = begin()) {
    const acted: string[] = [];
    let undo = () => {};
    while (done < MOST_ACTS && !over()) {
      if ((await Promise.race([one.ended, delay(waiting(round))])) !== undefined) break;
      const act = pick(random, acts);
      acted.push(act);
      count(act);
      done++;
      const pid = one.child.pid!;
      const runs = childrenOf(pid);
      if (act === 'KILL a run') runs.slice(0, 1).forEach((run) => kill(run));
      else if (act === 'STOP a run' || act === 'STOP') {
        const stopped = act === 'STOP' ? pid : (runs[0] ?? pid);
        kill(stopped, 'SIGSTOP');
        await delay(random.uniform() * 3000);
        kill(stopped, 'SIGCONT');
      } else if (act === 'disk') undo = fillDisk(round);
      else {
        if (act === 'KILL both') runs.forEach((run) => kill(run));
        kill(pid, `SIG${act.split(' ')[0]}` as NodeJS.Signals);
        break;
      }
      if (act === 'disk') break;
    }
    const ended = await endOf(one, acted.join(', ')).finally(undo);
    assertCode(ended, acted, one);
    if (outside() !== before) throw new Breach(`after ${acted.join(', ')}, something outside the sweep has changed`);
    if (ended === 0) break;
    await damageSweep(round, sweep, damaged);
  }
  await assertDoneOnce(sweep, []);
  for (const [name, records] of whole!.records) {
    if (damaged.has(name)) continue;
    assertSame(resultOf(join(sweep, 'trials', name)), records, `the records of run ${name}`);
    count('runs compared');
  }
  await assertAllEnded(round);
}

/** What an act on the sweep's own process may make it end with. */
const CODES: Readonly<Record<string, readonly (number | string)[]>> = {
  KILL: ['SIGKILL'],
  'KILL both': ['SIGKILL'],
  TERM: [143, 'SIGTERM'],
  HUP: [143, 'SIGHUP'],
  INT: [130, 'SIGINT'],
  disk: [6],
};

function assertCode(ended: number | string, acted: readonly string[], one: Started): void {
  if (ended === 0 || acted.some((act) => CODES[act]?.includes(ended))) return;
  throw new Breach(`ended with ${ended} after ${acted.join(', ') || 'nothing'}: ${one.stderr()}`);
}

/** Between two processes of a sweep: a torn line of the journal, a damaged file of a run that has no result yet. */
async function damageSweep({ random, count }: Round, sweep: string, damaged: Set<string>): Promise<void> {
  const journal = join(sweep, 'journal.jsonl');
  if (!existsSync(journal) || random.integer(3) > 0) return;
  if (random.integer(2) === 0) {
    count('torn journal');
    return appendFileSync(journal, '{"type":"sta');
  }
  const entries = await journalOf(sweep);
  const done = new Set(entries.flatMap((entry) => (entry.type === 'result' ? [entry.trial] : [])));
  const name = String(random.integer(TRIALS)).padStart(4, '0');
  const file = join(sweep, 'trials', name, pick(random, ['config.json', 'metrics.jsonl']));
  if (done.has(Number(name)) || !existsSync(file)) return;
  count('damaged run');
  damaged.add(name);
  truncateSync(file, Math.floor(readFileSync(file).length / 2));
}

/** Every trial has its result once, and it is what it is when nothing happens; but for those named. */
export async function assertDoneOnce(sweep: string, but: readonly number[]): Promise<void> {
  const found = await resultsOf(sweep);
  for (const [key, values] of Object.entries(whole!.values)) {
    const [got, mayBeMissing] = [found[key], but.includes(Number(key.split('.')[0]))];
    if (mayBeMissing && got === undefined) continue;
    if (JSON.stringify(got) !== JSON.stringify(values)) {
      throw new Breach(`trial ${key} has the results ${JSON.stringify(got)}, not ${JSON.stringify(values)}`);
    }
  }
}

/** @throws Breach */
export async function disturbQueue(round: Round): Promise<void> {
  const { random, folder, count, over } = round;
  const { sweep, outside, again } = await prepare(round);
  const before = outside();
  mkdirSync(join(folder, 'burning'));
  const server = await startRedis();
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  redis.on('error', () => {});
  const queue = ['--queue', server.url];
  /** Two workers share their folder, one has its own, and one has no data. */
  const work = (i: number) =>
    round.start([
      ...[
        'worker',
        ...queue,
        '--workers',
        '1',
        '--lease',
        '2',
        '--datasets',
        i === 3 ? join(folder, 'burning') : folder,
      ],
      ...['--run-root', i < 2 ? 'shared' : 'own'],
    ]);
  const begin = () => round.start(['sweep', ...again(), ...queue, ...RETRIES]);
  const workers = [0, 1, 2, 3].map(work);
  let one = begin();
  let forged: readonly number[] = [];
  try {
    for (let done = 0; done < 2 * MOST_ACTS && !over(); done++) {
      if ((await Promise.race([one.ended, delay(waiting(round))])) !== undefined) {
        if (!foundNoRedis(one)) break;
        one = begin();
      }
      const i = random.integer(3);
      const worker = workers[i]!.child.pid!;
      const act = pick(random, Object.keys(QUEUE_ACTS));
      count(act);
      const said = await QUEUE_ACTS[act]!({ round, server, redis, sweep: one, worker });
      if (typeof said === 'number') forged = [...forged, said];
      if (act === 'KILL the sweep' || act === 'INT the sweep') {
        const code = await endOf(one, act);
        if (!foundNoRedis(one)) assertQueueCode(code, [act], one, forged);
        one = begin();
        count('resumes');
      }
      if (act.endsWith('a worker')) {
        await endOf(workers[i]!, act);
        workers[i] = work(i);
      }
      if (outside() !== before) throw new Breach(`after ${act}, something outside the runs has changed`);
    }
    let code = await endOf(one, 'everything');
    if (foundNoRedis(one)) code = await endOf((one = begin()), 'everything');
    assertQueueCode(code, [], one, forged);
    await assertDoneOnce(sweep, forged);
    for (const worker of workers) kill(worker.child.pid!, 'SIGTERM');
    const codes = await Promise.all(workers.map((worker) => endOf(worker, 'SIGTERM')));
    // The one without data has ended by itself, with its reason; one that was just started handles no signals yet.
    const isWell = (each: Started, i: number) =>
      codes[i] === 143 ||
      (codes[i] === 'SIGTERM' && each.stderr() === '') ||
      foundNoRedis(each) ||
      (i === 3 && codes[i] === 4 && each.stderr().includes('This worker ends'));
    if (!workers.every(isWell)) {
      throw new Breach(
        `the workers ended with ${codes.join(', ')}: ${workers.map((each) => each.stderr()).join('\n')}`,
      );
    }
    count('sweeps compared');
  } finally {
    redis.disconnect();
    server.stop();
  }
  await assertAllEnded(round);
}

/** A program that starts while Redis is away says so, and ends. */
const foundNoRedis = (one: Started) => one.child.exitCode === 4 && one.stderr().includes('No Redis answers');

function assertQueueCode(
  ended: number | string,
  acted: readonly string[],
  one: Started,
  forged: readonly number[],
): void {
  // A run that was forged is refused, which makes the sweep partial.
  if (!(ended === 1 && forged.length > 0 && one.stderr().includes('The sweep is partial'))) {
    assertCode(
      ended,
      acted.map((act) => act.split(' ')[0]!),
      one,
    );
  }
}

interface InQueue {
  readonly round: Round;
  readonly server: RedisServer;
  readonly redis: Redis;
  readonly sweep: Started;
  /** A worker that can train. */
  readonly worker: number;
}

const stopFor = async (pid: number, ms: number) => {
  kill(pid, 'SIGSTOP');
  await delay(ms);
  kill(pid, 'SIGCONT');
};

/** @returns the trial that a damaged entry may make fail for good */
const damageEntry = async (
  { redis, round: { random } }: InQueue,
  kinds: typeof DAMAGED,
): Promise<number | undefined> => {
  const [list] = await redis.keys('handgrad:sweep-*:wait');
  const id = list && (await redis.type(list)) === 'list' ? (await redis.lrange(list, 0, -1))[0] : undefined;
  if (list === undefined || id === undefined) return undefined;
  const queue = list.slice(0, -'wait'.length);
  // What an earlier act has removed stays so: a field of it would be a run without data.
  if ((await redis.type(queue + id)) !== 'hash' || !(await redis.hexists(queue + id, 'data'))) return undefined;
  await pick(random, Object.values(kinds))(redis, queue, id);
  return Number(id.split('-')[0]);
};

const QUEUE_ACTS: Readonly<Record<string, (context: InQueue) => unknown>> = {
  'KILL the sweep': ({ sweep }) => kill(sweep.child.pid!),
  'INT the sweep': ({ sweep }) => kill(sweep.child.pid!, 'SIGINT'),
  'STOP the sweep': ({ sweep, round }) => stopFor(sweep.child.pid!, round.random.uniform() * 3000),
  'KILL a worker': ({ worker }) => kill(worker),
  'TERM a worker': ({ worker }) => kill(worker, 'SIGTERM'),
  'INT a worker': ({ worker }) => kill(worker, 'SIGINT'),
  'KILL a run': ({ worker }) => childrenOf(worker).forEach((run) => kill(run)),
  // Longer than its lease: another one takes its run over.
  'STOP and lose a run': ({ worker }) => stopFor(worker, 4500),
  'Redis restarts': ({ server }) => server.restart(),
  'Redis forgets': ({ server }) => server.restart({ empty: true }),
  'damaged run': (context) => damageEntry(context, DAMAGED),
  'damaged entry': async (context) => void (await damageEntry(context, HARMLESS)),
  'damaged result': async ({ redis, round: { random } }) => {
    const [meta] = await redis.keys('handgrad:sweep-*:meta');
    if (meta === undefined) return;
    const queue = meta.slice(0, -'meta'.length);
    await redis.zadd(`${queue}completed`, 1, 'forged', 2, 'gone');
    await redis.hset(`${queue}forged`, { data: '{', opts: 'null', returnvalue: pick(random, ['{', '7', '[[[[']) });
  },
};

/** Exponential, so that acts come close together as well as far apart. */
function waiting({ random }: Round): number {
  return Math.min(5 * MEAN_MS, -MEAN_MS * Math.log(1 - random.uniform()));
}
