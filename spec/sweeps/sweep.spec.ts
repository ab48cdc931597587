import { expect } from 'chai';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { SweepEvent } from '../../src/sweeps/events';
import { resumeSweep, runSweep, startSweep } from '../../src/sweeps/sweep';
import { temporaryFolder } from '../data/tinyDataset';
import { failure } from '../failure';
import { resultsOf, writePoints } from './program';

describe('a sweep of the library', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const path = (...names: string[]) => join(folder(), ...names);
  const content = (lr: readonly number[], epochs = 2) => ({
    method: 'grid',
    parameters: { lr: { values: lr } },
    fixed: { dataset: path('points.csv'), hidden: 4, batch_size: 20, epochs, backend: 'cpu', tensorboard: false },
  });
  const options = (name: string) => ({ dir: path(name), workers: 2, env: {} });
  const collect = async (events: AsyncIterable<SweepEvent>) => {
    const all: SweepEvent[] = [];
    for await (const event of events) all.push(event);
    return all;
  };
  const ended = (events: readonly SweepEvent[]) => events.at(-1) as Extract<SweepEvent, { type: 'end' }>;
  beforeEach(() => writePoints(folder()));

  it('yields start, trials, epochs, results and end, and writes journal, summary and best settings', async () => {
    const events = await collect(runSweep(content([0.1, 0.3]), options('s')));
    expect(events[0]).to.deep.include({ type: 'start', trials: 2, seeds: 1, workers: 2, finished: 0 });
    for (const trial of [0, 1]) {
      const own = events.filter((event) => 'trial' in event && event.trial === trial).map(({ type }) => type);
      expect(own, `trial ${trial}`).to.deep.equal(['trial', 'epoch', 'epoch', 'result']);
    }
    expect(ended(events)).to.deep.include({ type: 'end', state: 'complete', done: 2, failed: 0, sweepDir: path('s') });
    const best = JSON.parse(readFileSync(path('s', 'best.json'), 'utf8')) as { lr: number };
    expect(best.lr).to.equal(ended(events).best!.configuration['lr']);
    expect(readFileSync(path('s', 'summary.csv'), 'utf8').trim().split('\n')).to.have.length(3);
    expect(readdirSync(path('s')).filter((name) => name.startsWith('lock'))).to.deep.equal([]);
  });

  it('F80 stops when aborted or left, and goes on to results that stand once each', async () => {
    const abort = new AbortController();
    const sweep = await startSweep(content([0.1, 0.3], 2000), options('s'));
    const events: SweepEvent[] = [];
    for await (const event of sweep.run({ workers: 2 }, abort.signal)) {
      events.push(event);
      if (event.type === 'epoch') abort.abort();
    }
    expect(events.at(-1)).to.deep.equal({ type: 'stopped', elsewhere: false, done: 0, sweepDir: path('s') });
    for await (const event of (await resumeSweep(path('s'))).run({ workers: 2 })) if (event.type === 'epoch') break;
    expect(readdirSync(path('s')).filter((name) => name.startsWith('lock'))).to.deep.equal([]);
    const shorter = content([0.1, 0.3]);
    expect(await failure('usage', () => resumeSweep(path('s'), { source: shorter }))).to.match(
      /^The sweep has been edited since .* \(fixed\); undo that, or resume it with `extend`\.$/,
    );
  });

  it('takes another number of trials, and ends where nothing improves', async () => {
    const { fixed } = content([]);
    const search = { method: 'random', parameters: { lr: { min: 0.1, max: 0.5 } }, fixed };
    expect(await failure('usage', () => startSweep(search, options('s')))).to.match(/run_cap is missing/);
    expect(await failure('usage', () => startSweep(search, { ...options('s'), runCap: 0 }))).to.match(/run_cap must/);
    const endless = await startSweep(search, { ...options('s'), endless: true });
    expect(await failure('usage', () => collect(endless.run({ workers: 2 })))).to.match(
      /`earlyStopSweep` has to end it/,
    );
    const capped = await startSweep(search, { ...options('t'), runCap: 1 });
    expect(ended(await collect(capped.run({ workers: 2 }))))
      .to.include({ done: 1 })
      .and.not.have.property('stoppedEarly');
    const resumed = await resumeSweep(path('t'), { runCap: 9, extend: true });
    const events = await collect(resumed.run({ workers: 2, earlyStopSweep: 1 }));
    expect(ended(events)).to.include({ stoppedEarly: true });
    expect(ended(events).done).to.be.below(9);
  });

  it('F82 takes more values with extend, and trains only those', async () => {
    await collect(runSweep(content([0.1]), options('s')));
    const more = await resumeSweep(path('s'), { source: content([0.1, 0.3]), extend: true });
    const events = await collect(more.run({ workers: 2 }));
    expect(events[0]).to.deep.include({ finished: 1, trials: 2 });
    expect(events.filter(({ type }) => type === 'result')).to.have.length(1);
    expect(Object.values(await resultsOf(path('s'))).map(({ length }) => length)).to.deep.equal([1, 1]);
  });

  it('F89 takes an empty folder, or one where a sweep was killed before it started, and no other', async () => {
    const start = (name: string) => startSweep(content([0.1]), options(name));
    await (await start('s')).close();
    writeFileSync(path('s', 'journal.jsonl'), '{"type":"sw');
    await (await start('s')).close();
    expect(await failure('usage', () => start('s'))).to.match(/s holds a sweep already; resume it/);
    const mine: Record<string, string> = { 'trials/0000/thesis.txt': 'mine', 'summary.csv': 'mine' };
    for (const [file, text] of Object.entries(mine)) {
      for (const lost of [false, true]) {
        const name = `${lost}-${basename(file)}`;
        if (lost) await (await start(name)).close();
        if (lost) rmSync(path(name, 'journal.jsonl'));
        mkdirSync(path(name, dirname(file)), { recursive: true });
        writeFileSync(path(name, file), text);
        expect(await failure('usage', () => start(name))).to.match(/is not empty: it holds "(trials|summary\.csv)"/);
        expect(readFileSync(path(name, file), 'utf8')).to.equal(text);
      }
    }
  });

  it('F102 a lock of another machine names forceUnlock, which takes it over', async () => {
    const sweep = await startSweep(content([0.1]), options('s'));
    const lock = path(
      's',
      readdirSync(path('s')).find((name) => name.startsWith('lock'))!,
    );
    writeFileSync(lock, JSON.stringify({ ...(JSON.parse(readFileSync(lock, 'utf8')) as object), host: 'elsewhere' }));
    expect(await failure('locked', () => resumeSweep(path('s')))).to.match(/on elsewhere .*set `forceUnlock`\.$/);
    await (await resumeSweep(path('s'), {}, { forceUnlock: true })).close();
    await sweep.close();
  });

  it('F100 sets aside what was damaged in the folder of a trial: it trains again, and the sweep goes on', async () => {
    await collect(runSweep(content([0.1, 0.3, 0.5]), options('s')));
    const journal = path('s', 'journal.jsonl');
    const lines = readFileSync(journal, 'utf8').split('\n');
    writeFileSync(journal, lines.filter((line) => !line.includes('"type":"result"')).join('\n'));
    writeFileSync(path('s', 'trials', '0000', 'metrics.jsonl'), '{"type":"epoch"\n');
    writeFileSync(path('s', 'trials', '0001', 'config.json'), '[');
    rmSync(path('s', 'trials', '0002.json'));
    const events = await collect((await resumeSweep(path('s'))).run({ workers: 2 }));
    expect(ended(events)).to.deep.include({ type: 'end', state: 'complete', done: 3 });
    const aside = readdirSync(path('s', 'trials')).filter((name) => name.includes('aside'));
    expect(aside).to.deep.equal(['0000.aside-1', '0001.aside-1', '0002.aside-1']);
  });

  it('F81 is partial when a trial fails, which can be given another chance', async () => {
    const events = await collect(runSweep(content([0.3, 1e11]), { ...options('s'), retries: 0 }));
    expect(ended(events)).to.deep.include({ state: 'partial', done: 1, failed: 1 });
    expect(events.find(({ type }) => type === 'failure')).to.deep.include({ trial: 1, code: 'diverged', retry: false });
    const again = await resumeSweep(path('s'), { retryFailed: true });
    expect(ended(await collect(again.run({ retries: 0 })))).to.deep.include({ state: 'partial', failed: 1 });
  });

  it('refuses what cannot be used, naming the argument, and leaves nothing behind', async () => {
    expect(await failure('usage', () => startSweep({ method: 'grid' }, options('s')))).to.match(
      /parameters must be a mapping/,
    );
    expect(await failure('usage', () => startSweep(path('no.yaml'), options('s')))).to.match(/does not exist/);
    expect(existsSync(path('s'))).to.equal(false);
    const runs = async (how: object) =>
      collect((await startSweep(content([0.1]), options(`s${Math.random()}`))).run(how));
    expect(await failure('usage', () => runs({ workers: 0 }))).to.equal(
      '`workers` must be a whole number from 1 to 1024, not 0.',
    );
    expect(await failure('usage', () => runs({ gpus: ['0', '0'] }))).to.match(/^`gpus` must be a list of different/);
    expect(await failure('usage', () => runs({ retries: -1 }))).to.match(/^`retries` must be a whole number/);
    expect(await failure('usage', () => resumeSweep(folder()))).to.match(/is not the folder of a sweep/);
    await collect(runSweep(content([0.1]), options('s')));
    expect(await failure('usage', () => startSweep(content([0.1]), options('s')))).to.match(/holds a sweep already/);
  });
});
