import { expect } from 'chai';
import { Redis } from 'ioredis';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { failure } from '../../../failure';
import { need } from '../../../need';
import type { TrialRun } from '../../../../src/sweeps/runTrials';
import {
  consumeQueues,
  type ConsumeOptions,
  type TrialEvent,
} from '../../../../src/sweeps/workers/queue/consumeQueues';
import { readPayload } from '../../../../src/sweeps/workers/queue/payload';
import { type QueueExecutor, queueExecutor } from '../../../../src/sweeps/workers/queue/queueExecutor';
import type { Outcome } from '../../../../src/sweeps/workers/trainProcess';
import { DAMAGED, HARMLESS } from './damage';
import { specOf } from '../../spec/specOf';
import { redisLacks, type RedisServer, startRedis } from './redisServer';

const SWEEP = 'a'.repeat(16);
const key = (name: string | number) => `handgrad:sweep-${SWEEP}:${name}`;
const spec = specOf({ method: 'grid', parameters: { lr: { values: [0.1] } }, fixed: { epochs: 1 } });
const run = (trial: number, failures = 0): TrialRun => ({
  ...{ trial, seed: 0, rung: 0, failures, epochs: 1 },
  settings: { lr: 0.1, epochs: 1 },
});
const result = (config: object = {}): Outcome => ({
  type: 'result',
  result: { value: 1, curve: [1], epochs: 1, seconds: 1, trainingSeconds: 1, config: { ...config } },
});

describe('a queue with damaged entries and workers that cannot train', function () {
  this.timeout(60_000);
  let server: RedisServer;
  let redis: Redis;
  let executor: QueueExecutor;
  let notices: string[];
  before(async function () {
    need(this, redisLacks());
    server = await startRedis();
  });
  beforeEach(async () => {
    redis = new Redis(server.url, { maxRetriesPerRequest: null });
    notices = [];
    executor = await queueExecutor(redis, SWEEP, spec, (message) => notices.push(message));
  });
  afterEach(async () => {
    await executor.close();
    await redis.flushall();
    redis.disconnect();
  });
  after(() => server?.stop());

  const worker = (
    train: ConsumeOptions['train'],
    onEvent: (event: TrialEvent) => void = () => {},
    unfit?: ConsumeOptions['unfit'],
  ) => {
    const stop = new AbortController();
    const done = consumeQueues({
      ...{
        redis,
        only: undefined,
        slots: 1,
        leaseMs: 2000,
        untilDone: false,
        train,
        unfit,
        onEvent,
        stop: stop.signal,
      },
      read: (data, sweep) => readPayload(data, sweep, []),
      drain: stop.signal,
    });
    return { done, stop: () => (stop.abort(), done) };
  };
  const send = (one: TrialRun) => executor.run(one, () => {}, new AbortController().signal);

  it('F97 each damaged entry counts as a failure of its run, once; all others are trained', async () => {
    const all = [...Object.entries(DAMAGED), ...Object.entries(HARMLESS)];
    const healthy = all.flatMap((_, trial) => (trial < Object.keys(DAMAGED).length ? [] : [trial]));
    const outcomes = all.map((_, trial) => send(run(trial)));
    while ((await redis.llen(key('wait'))) < all.length) await delay(20);
    for (const [trial, [, harm]] of all.entries()) await harm(redis, key(''), `${trial}-0-0-0`);
    const trained: number[] = [];
    const one = worker(async ({ trial }) => {
      trained.push(trial);
      return Promise.resolve(result());
    });
    for (const [trial, [what]] of all.entries()) {
      const { type, ...more } = await outcomes[trial]!;
      expect(type, what).to.equal(what in DAMAGED ? 'failure' : 'result');
      if (what in DAMAGED) {
        expect(['damaged', 'refused', 'worker lost'], what).to.include((more as { code: string }).code);
      }
      await executor.settled!(run(trial));
    }
    expect(healthy.filter((trial) => !trained.includes(trial))).to.deep.equal([]);
    await one.stop();
  });

  it('F97 lists of the wrong type are removed, and malformed completed entries do not hide results', async () => {
    await redis.zadd(key('completed'), 1, 'broken', 2, 'gone');
    await redis.hset(key('broken'), { data: '{', opts: 'null', returnvalue: '{' });
    await redis.xadd(key('events'), '*', 'event', 'completed', 'jobId', '0-0-0-0', 'returnvalue', '{');
    await redis.xadd(key('events'), '*', 'event', 'progress', 'jobId', '0-0-0-0', 'data', '{');
    await redis.xadd(key('events'), '*', 'x', 'y');
    const outcomes = [0, 1].map((trial) => send(run(trial)));
    while ((await redis.llen(key('wait'))) < 2) await delay(20);
    await redis.del(key('wait'));
    await redis.set(key('wait'), 'x');
    const one = worker(() => Promise.resolve(result({ dataset: '/etc/passwd' })));
    for (const outcome of await Promise.all(outcomes)) {
      expect(outcome).to.deep.equal(result({ lr: 0.1, epochs: 1 }));
    }
    await one.stop();
    expect(await redis.zrange(key('completed'), '0', '-1')).to.not.include('broken');
  });

  it('F97 a queue that another one stops from being removed is no defect', async () => {
    await redis.set(key('meta'), 'x');
    await executor.remove();
    expect(notices).to.have.length(1);
    expect(notices[0]).to.match(/^The queue of this sweep could not be removed \(/);
  });

  it('works as a user of Redis who may touch its keys only, as docs/sweeps.md says', async () => {
    const docs = readFileSync(join(__dirname, '../../../../docs/sweeps.md'), 'utf8');
    const [, rule] = /ACL SETUSER (handgrad .*)/.exec(docs)!;
    await redis.call('ACL', ['SETUSER', ...rule!.replace('PASSWORD', 'secret').split(' ')]);
    const url = server.url.replace('redis://', 'redis://handgrad:secret@');
    const user = new Redis(url, { maxRetriesPerRequest: null });
    const own = await queueExecutor(user, 'b'.repeat(16), spec, () => {});
    try {
      const stop = new AbortController();
      const working = consumeQueues({
        ...{ redis: user, only: undefined, slots: 1, leaseMs: 2000, untilDone: false, onEvent: () => {} },
        ...{ stop: stop.signal, drain: stop.signal, train: () => Promise.resolve(result()) },
        read: (data, sweep) => readPayload(data, sweep, []),
      });
      expect((await own.run(run(0), () => {}, stop.signal)).type).to.equal('result');
      await own.settled!(run(0));
      await own.remove();
      stop.abort();
      await working;
      expect(await user.set('other', '1').catch((error: Error) => error.message)).to.match(/No permissions|NOPERM/);
      expect(await user.call('FLUSHALL').catch((error: Error) => error.message)).to.match(/no permissions|NOPERM/i);
    } finally {
      await own.close();
      user.disconnect();
    }
  });

  it('F93 a worker that has lost its lease is not to change anything of the run', async () => {
    const outcome = send(run(0));
    const events: TrialEvent[] = [];
    let refused: unknown;
    const one = worker(
      async (_payload, _tell, _signal, guard) => {
        await guard();
        if (refused === undefined) {
          await redis.set(key('0-0-0-0:lock'), 'another');
          refused = await guard().catch((error: unknown) => error);
          await redis.del(key('0-0-0-0:lock'));
        }
        return result();
      },
      (event) => events.push(event),
    );
    // The queue gives the run to a worker again, once.
    expect((await outcome).type).to.equal('result');
    await one.stop();
    expect(refused).to.have.property('kind', 'locked');
    expect(events.map(({ type }) => type)).to.deep.equal(['started', 'lost', 'started', 'ended']);
  });

  it('F109 no connection stays open where Redis was away when it was opened', async () => {
    const own = await startRedis();
    const one = new Redis(own.url, { maxRetriesPerRequest: null, lazyConnect: true });
    one.on('error', () => {});
    try {
      await one.connect();
      process.kill(own.pid(), 'SIGKILL');
      await delay(100);
      const opening = queueExecutor(one, 'c'.repeat(16), spec, () => {});
      await delay(300);
      await own.restart();
      const listening = await opening;
      const connections = async () =>
        String(await one.client('LIST'))
          .trim()
          .split('\n').length;
      while ((await connections()) < 2) await delay(50);
      await listening.close();
      await delay(1000);
      expect(await connections()).to.equal(1);
    } finally {
      one.disconnect();
      own.stop();
    }
  });

  it('F98 a worker that cannot train ends with its reason, and burns no retry; a healthy one trains all', async () => {
    const outcomes = [0, 1, 2].map((trial) => send(run(trial)));
    const reason = 'exit 4: no backend here; see w.log';
    const unfit = worker(() => Promise.resolve({ type: 'failure', reason, code: 'backend', retry: true }));
    const said = await failure('backend', () => unfit.done);
    expect(said).to.contain(
      'This worker ends: 3 runs in a row failed because of this machine (exit 4: no backend here',
    );
    const fit = worker(() => Promise.resolve(result()));
    expect((await Promise.all(outcomes)).map(({ type }) => type)).to.deep.equal(['result', 'result', 'result']);
    const named = () => notices.filter((notice) => notice.startsWith('Worker'));
    while (named().length === 0) await delay(100);
    expect(named()).to.have.length(1);
    expect(named()[0]).to.match(/^Worker \d+ on .* cannot train: exit 4: no backend here; see w\.log\.$/);
    await fit.stop();
  });

  it('F107 a worker that is unfit takes no run, and ends with its reason, which the sweep shows', async () => {
    const outcome = send(run(0));
    let trained = 0;
    const train = () => Promise.resolve((trained++, result()));
    const events: TrialEvent[] = [];
    const unfit = worker(
      train,
      (event) => events.push(event),
      () => Promise.resolve('it has no data'),
    );
    expect(await failure('backend', () => unfit.done)).to.equal(
      'This worker ends: it has no data; correct that, and start it again.',
    );
    expect(events).to.deep.equal([{ type: 'unfit', sweep: SWEEP, reason: 'it has no data' }]);
    expect(trained).to.equal(0);
    while (notices.length < 2) await delay(100);
    expect(notices.find((notice) => notice.startsWith('Worker'))).to.match(/ cannot train: it has no data\.$/);
    expect(notices).to.include('No worker trains the runs of this sweep; they wait until one is started.');
    // One whose lack is corrected in time goes on.
    const answers = ['it has no data', undefined];
    const corrected = worker(
      train,
      () => {},
      () => Promise.resolve(answers.shift()),
    );
    expect((await outcome).type).to.equal('result');
    await corrected.stop();
  });

  it('F98 a run that the machines of three workers cannot train fails', async () => {
    const outcome = send(run(0));
    const fault = { type: 'failure', reason: 'exit 3: no such column', code: 'data', retry: false } as const;
    const workers = [0, 1, 2].map(() => worker(() => Promise.resolve(fault)));
    expect(await outcome).to.deep.equal(fault);
    await Promise.allSettled(workers.map(({ stop }) => stop()));
  });
});
