import { expect } from 'chai';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { temporaryFolder } from '../../../data/tinyDataset';
import { need } from '../../../need';
import {
  childrenOf,
  handgrad,
  kill,
  POINTS,
  resultsOf,
  start,
  type Started,
  writePoints,
  writeSweep,
} from '../../program';
import { redisLacks, type RedisServer, selfSigned, startRedis } from './redisServer';

describe('a sweep through a queue', function () {
  this.timeout(240_000);
  const folder = temporaryFolder();
  let redis: RedisServer;
  const started: Started[] = [];
  let client: Redis;
  before(async function () {
    need(this, redisLacks());
    redis = await startRedis();
  });
  beforeEach(() => {
    writePoints(folder());
    client = new Redis(redis.url, { maxRetriesPerRequest: null });
    client.on('error', () => {}); // F83 takes Redis away
  });
  afterEach(async () => {
    for (const { child } of started) kill(child.pid!);
    await Promise.all(started.splice(0).map(({ ended }) => ended));
    await client.flushall();
    client.disconnect();
  });
  after(() => {
    client?.disconnect(); // where afterEach waited in vain
    redis?.stop();
  });

  const launch = (...argv: string[]) => {
    const one = start(folder(), argv);
    started.push(one);
    return one;
  };
  const worker = (...argv: string[]) =>
    launch('worker', '--queue', redis.url, '--workers', '1', '--datasets', folder(), '--lease', '2', '--json', ...argv);
  const coordinator = (content: object, ...argv: string[]) =>
    launch('sweep', writeSweep(folder(), content), '--queue', redis.url, '--run-dir', 's', '--json', ...argv);
  const said = (one: Started) =>
    one
      .stdout()
      .split('\n')
      .filter(Boolean)
      .map(
        (line) =>
          JSON.parse(line) as {
            type: string;
            payload?: { trial: number };
            progress?: { epoch: number };
            reason?: string;
          },
      );
  const until = async (what: string, holds: () => boolean) => {
    for (let i = 0; !holds(); i++) {
      if (i === 600) throw new Error(`waited in vain until ${what}: ${started.map((one) => one.stderr()).join('\n')}`);
      await delay(100);
    }
  };
  const grid = (count: number, more: object = {}) => ({
    method: 'grid',
    parameters: { lr: { values: Array.from({ length: count }, (_, i) => 0.1 + i / 100) } },
    fixed: { ...POINTS, ...more },
  });

  it('two workers train it, each result comes once, and nothing is left in Redis', async () => {
    const workers = [worker('--run-root', 'w'), worker('--run-root', 'w')];
    const sweep = coordinator(grid(5));
    expect(await sweep.ended, sweep.stderr()).to.equal(0);
    expect(Object.values(await resultsOf(path.join(folder(), 's'))).map(({ length }) => length)).to.deep.equal([
      1, 1, 1, 1, 1,
    ]);
    const shares = workers.map((one) => said(one).filter(({ type }) => type === 'ended').length);
    expect(shares[0]! + shares[1]!).to.equal(5);
    expect(Math.min(...shares)).to.be.above(0);
    expect(fs.existsSync(path.join(folder(), 's', 'best.json'))).to.be.true;
    for (const one of workers) {
      kill(one.child.pid!, 'SIGTERM');
      expect(await one.ended).to.equal(143);
    }
    expect(await client.keys('*')).to.deep.equal([]);
  });

  it('F83 a worker killed -9 gives its trial to another, which goes on from the checkpoint', async () => {
    const first = worker('--run-root', 'shared');
    const sweep = coordinator(grid(1, { epochs: 120, 'checkpoint-every': '5epochs' }));
    await until('the trial is in its third epoch', () =>
      said(first).some(({ progress }) => (progress?.epoch ?? 0) > 2),
    );
    kill(first.child.pid!);
    await first.ended;
    const second = worker('--run-root', 'shared');
    expect(await sweep.ended, sweep.stderr()).to.equal(0);
    const epochsOf = (one: typeof first) => said(one).flatMap(({ progress }) => (progress ? [progress.epoch] : []));
    const epochs = epochsOf(second);
    // The trial saves when it notices that its worker is gone, so nothing that was reported is done again.
    expect(epochs[0]).to.be.above(epochsOf(first).at(-1)!);
    expect(epochs.at(-1)).to.equal(120);
    expect(await resultsOf(path.join(folder(), 's'))).to.have.all.keys('0.0.0');
  });

  it('F83 SIGTERM drains a worker: it finishes its trial, and takes no other', async () => {
    const one = worker('--run-root', 'w');
    const sweep = coordinator(grid(3, { epochs: 40, 'checkpoint-every': 'never' }));
    await until('a trial trains', () => said(one).some(({ type }) => type === 'progress'));
    kill(one.child.pid!, 'SIGTERM');
    expect(await one.ended, one.stderr()).to.equal(143);
    expect(said(one).filter(({ type }) => type === 'started')).to.have.length(1);
    expect(said(one).at(-1)).to.deep.include({ type: 'ended' });
    worker('--run-root', 'w');
    expect(await sweep.ended, sweep.stderr()).to.equal(0);
  });

  it('F83 Redis gone and back, with its disk or without: no trial is lost, none counts twice', async () => {
    const workers = [worker('--run-root', 'a'), worker('--run-root', 'b')];
    const sweep = coordinator(grid(6, { epochs: 40, 'checkpoint-every': 'never' }));
    for (const empty of [false, true]) {
      const before = said(workers[0]!).length;
      await until('trials go on', () => said(workers[0]!).length > before + 5);
      await redis.restart({ empty });
    }
    expect(await sweep.ended, sweep.stderr()).to.equal(0);
    expect(Object.values(await resultsOf(path.join(folder(), 's'))).map(({ length }) => length)).to.deep.equal(
      Array(6).fill(1),
    );
  });

  it('F83 reports once that Redis is lost, and still ends on a signal: without trials, and with some', async () => {
    const gone = await startRedis();
    try {
      const at = (...argv: string[]) =>
        launch('worker', '--queue', gone.url, '--datasets', folder(), '--json', '--run-root', 'w', ...argv);
      const busy = at('--workers', '1');
      const file = writeSweep(folder(), grid(1, { epochs: 800, 'checkpoint-every': 'never' }));
      const sweep = launch('sweep', file, '--queue', gone.url, '--run-dir', 's', '--json');
      await until('a trial trains', () => said(busy).some(({ type }) => type === 'progress'));
      const idle = at('--workers', '1');
      await until('it waits for trials', () => /Working for all/.test(idle.stderr()));
      gone.stop();
      await until('both have noticed', () =>
        [busy, idle].every((one) => /connection to Redis is lost/.test(one.stderr())),
      );
      await delay(1000);
      kill(idle.child.pid!, 'SIGTERM');
      kill(busy.child.pid!, 'SIGINT');
      expect([await idle.ended, await busy.ended]).to.deep.equal([143, 130]);
      expect(said(busy).at(-1)).to.deep.include({ type: 'lost' });
      for (const one of [idle, busy]) expect(one.stderr().split('connection to Redis is lost')).to.have.length(2);
      kill(sweep.child.pid!, 'SIGINT');
      expect(await sweep.ended).to.equal(130);
    } finally {
      gone.stop();
    }
  });

  it('F83 a second delivery of a trial counts once; F84 a hostile one is refused; the sweep goes on', async () => {
    const sweep = coordinator(grid(2));
    await until('the sweep is in the queue', () => /Queue: {2}sweep [0-9a-f]{16}/.test(sweep.stderr()));
    const id = /sweep ([0-9a-f]{16})/.exec(sweep.stderr())![1]!;
    const queue = new Queue(`sweep-${id}`, { connection: client, prefix: 'handgrad' });
    await until('both trials wait', () => said(sweep).filter(({ type }) => type === 'trial').length === 2);
    await delay(500);
    const [real] = await queue.getJobs(['waiting']);
    await queue.add('trial', real!.data, { jobId: 'again', lifo: true });
    const marker = path.join(folder(), 'hacked');
    const settings = { dataset: `$(touch ${marker})`, lr: 0.1 };
    await queue.add('trial', { ...(real!.data as object), settings }, { jobId: 'evil', lifo: true });
    await queue.add('trial', { ...(real!.data as object), trial: `../../${marker}` }, { jobId: 'path', lifo: true });
    const one = worker('--run-root', 'w');
    expect(await sweep.ended, sweep.stderr()).to.equal(0);
    expect(said(one).filter(({ type }) => type === 'refused')).to.have.length(2);
    expect(fs.existsSync(marker)).to.be.false;
    expect(fs.readdirSync(path.join(folder(), 'w'))).to.deep.equal([`sweep-${id}`]);
    expect(await resultsOf(path.join(folder(), 's'))).to.have.all.keys('0.0.0', '1.0.0');
    expect(Object.values(await resultsOf(path.join(folder(), 's'))).every(({ length }) => length === 1)).to.be.true;
    await queue.close();
  });

  it('status tells who works for what; stop has the trials save and the sweep end; it can be resumed', async () => {
    const one = worker('--run-root', 'w');
    const sweep = coordinator(grid(2, { epochs: 800, 'checkpoint-every': 'never' }), '--retries', '0');
    await until('a trial trains', () => said(one).some(({ type }) => type === 'progress'));
    const id = /sweep ([0-9a-f]{16})/.exec(sweep.stderr())![1]!;
    const status = await handgrad(folder(), 'sweep', 'status', '--queue', redis.url, '--json');
    const { sweeps, workers } = JSON.parse(status.stdout) as Record<'sweeps' | 'workers', object[]>;
    expect(sweeps).to.deep.equal([{ sweep: id, name: null, state: 'active', waiting: 1, training: 1, ended: 0 }]);
    expect(workers).to.have.length(1);
    expect((await handgrad(folder(), 'sweep', 'stop', id, '--queue', redis.url)).code).to.equal(0);
    expect(await sweep.ended).to.equal(1);
    expect(sweep.stderr()).to.match(/was stopped by "sweep stop"; resume with/);
    await until('the trial is saved', () => childrenOf(one.child.pid!).length === 0);
    const resumed = launch('sweep', '--resume', 's', '--queue', redis.url, '--json');
    expect(await resumed.ended, resumed.stderr()).to.equal(0);
    expect(await resultsOf(path.join(folder(), 's'))).to.have.all.keys('0.0.0', '1.0.0');
  });

  it('goes through rediss:// with a password of the environment, where the certificate is known', async () => {
    const tls = selfSigned(folder());
    const secret = await startRedis({ password: 'hunter2', tls });
    try {
      const url = secret.url.replace(':hunter2@', '');
      const stranger = await handgrad(folder(), 'sweep', 'status', '--queue', url);
      expect(stranger.code).to.equal(4);
      expect(stranger.stderr).to.match(/No Redis answers at rediss:.*self.signed certificate/);
      const env = { HANDGRAD_QUEUE_PASSWORD: 'hunter2', NODE_EXTRA_CA_CERTS: tls.cert };
      const file = writeSweep(folder(), grid(2));
      const sweep = start(folder(), ['sweep', file, '--queue', url, '--run-dir', 's'], env);
      started.push(sweep);
      const flags = ['--workers', '1', '--datasets', folder(), '--run-root', 'w'];
      started.push(start(folder(), ['worker', '--queue', url, ...flags], env));
      expect(await sweep.ended, sweep.stderr()).to.equal(0);
      expect(await resultsOf(path.join(folder(), 's'))).to.have.all.keys('0.0.0', '1.0.0');
    } finally {
      secret.stop();
    }
  });

  it('refuses, in one sentence without the password, what it cannot reach or may not send', async () => {
    const secret = await startRedis({ password: 'hunter2' });
    try {
      const file = writeSweep(folder(), grid(1));
      const url = secret.url.replace(':hunter2@', '');
      const denied = await handgrad(folder(), 'sweep', file, '--queue', url.replace('redis://', 'redis://:wrong@'));
      expect(denied.code).to.equal(4);
      expect(denied.stderr).to.match(
        /No Redis answers at redis:\/\/\*\*\*@127\.0\.0\.1:\d+ \(.*(WRONGPASS|NOAUTH|password)/,
      );
      expect(denied.stderr).not.to.contain('wrong@');
      const allowed = start(folder(), ['sweep', 'status', '--queue', url], {
        HANDGRAD_QUEUE_PASSWORD: 'hunter2',
      });
      expect(await allowed.ended, allowed.stderr()).to.equal(0);
      expect(allowed.stdout()).to.match(/No sweep is in this queue/);
    } finally {
      secret.stop();
    }
    const nobody = await handgrad(folder(), 'worker', '--queue', 'redis://127.0.0.1:9');
    expect(nobody.code, nobody.stderr).to.equal(4);
    const own = writeSweep(folder(), grid(1, { dataset: path.join(folder(), 'points.csv') }));
    const absolute = await handgrad(folder(), 'sweep', own, '--queue', redis.url, '--run-dir', 'r');
    expect(absolute.code).to.equal(2);
    expect(absolute.stderr).to.match(/cannot use a queue: dataset/);
    expect((await handgrad(folder(), 'sweep', own, '--run-dir', 'r')).code).to.equal(0);
    const resumed = await handgrad(folder(), 'sweep', '--resume', 'r', own, '--queue', redis.url);
    expect(resumed.code).to.equal(2);
    expect(resumed.stderr).to.match(/cannot use a queue: dataset/);
    expect(fs.readdirSync(path.join(folder(), 'r')).filter((name) => name.includes('lock'))).to.deep.equal([]);
  });
});
