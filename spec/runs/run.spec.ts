import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../../src/runs/config';
import type { OpenEvent, RunEvent } from '../../src/runs/events';
import { readRun } from '../../src/runs/readRun';
import { resumeRun, type Run, startRun } from '../../src/runs/run';
import { writePoints } from '../cli/points';
import { temporaryFolder } from '../data/tinyDataset';
import { failure } from '../failure';

describe('a run of the library', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const path = (...names: string[]) => join(folder(), ...names);
  // 108 training rows in batches of 20: 6 steps an epoch.
  const settings = (more: Settings = {}): Settings => ({
    ...{ dataset: path('points.csv'), hidden: [8], batchSize: 20, lr: 0.3, valFraction: 0.1, epochs: 3, dropout: 0.2 },
    // The default of tables has a schedule, which follows `epochs`: such a run is not the start of a longer one.
    optimizer: 'sgd',
    ...{ backend: 'cpu', tensorboard: false, ...more },
  });
  beforeEach(() => void writePoints(path('points.csv')));
  const env = {};
  const start = (name: string, more?: Settings) => startRun(settings(more), { dir: path(name), env });
  const eventsOf = async (run: Run, signal?: AbortSignal) => {
    const events: RunEvent[] = [];
    for await (const event of run.train(signal)) events.push(event);
    return events;
  };
  const types = (events: readonly RunEvent[]) => events.map(({ type }) => type).filter((type) => type !== 'step');
  const model = (name: string) => readFileSync(path(name, 'model.safetensors'));
  const rows = (name: string) =>
    readFileSync(path(name, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .map(({ seconds: _, trainSeconds: __, samplesPerSecond: ___, runDir: ____, ...row }) => row);
  const locks = (name: string) => readdirSync(path(name)).filter((file) => file.startsWith('lock'));

  it('yields what happens, records it, and gives its folder back at the end', async () => {
    const run = await start('run', { tensorboard: true });
    expect(run.config).to.include({ epochs: 3, testFraction: 0.2, activation: 'relu' });
    expect([run.dataset?.name, run.backend?.name, run.finished]).to.deep.equal(['points', 'cpu', undefined]);
    expect(locks('run')).to.have.length(1);
    const events = await eventsOf(run);
    expect(types(events)).to.deep.equal(['start', 'epoch', 'epoch', 'epoch', 'end']);
    expect(events.filter(({ type }) => type === 'step')).to.have.length(18);
    const recorded = readFileSync(path('run', 'metrics.jsonl'), 'utf8').trim().split('\n');
    expect(recorded.map((line) => JSON.parse(line) as unknown)).to.deep.equal(
      events.filter(({ type }) => type === 'epoch' || type === 'end').map((event) => ({ ...event })),
    );
    expect(locks('run')).to.deep.equal([]);
    expect(readdirSync(path('run')).some((name) => name.startsWith('events.out.tfevents'))).to.equal(true);
  });

  it('F02 stops cleanly at any step, and resumes to the bytes of an uninterrupted run', async () => {
    await eventsOf(await start('whole'));
    for (const step of [1, 6, 7, 17]) {
      const name = `stopped-${step}`;
      const abort = new AbortController();
      const events: RunEvent[] = [];
      const run = await start(name);
      for await (const event of run.train(abort.signal)) {
        events.push(event);
        if (event.type === 'step' && event.step === step) abort.abort();
      }
      const epoch = Math.ceil(step / 6);
      expect(events.at(-1)).to.deep.equal({ type: 'stopped', epoch, step, runDir: path(name) });
      expect(existsSync(path(name, 'model.safetensors'))).to.equal(false);
      expect(locks(name)).to.deep.equal([]);
      const resumed = await eventsOf(await resumeRun(path(name), {}, { env }));
      expect(resumed[0]).to.deep.include({ resumed: { epoch: Math.floor((step - 1) / 6), step } });
      expect(model(name).equals(model('whole')), name).to.equal(true);
      expect(rows(name), name).to.deep.equal(rows('whole'));
    }
  });

  it('records every Nth step with logEvery, each once, interrupted or not, and trains the same', async () => {
    const more = { logEvery: 2, clipNorm: 0.01 };
    const events = await eventsOf(await start('whole', more));
    const logs = events.filter((event) => event.type === 'log');
    expect(logs.map(({ epoch, step }) => [epoch, step])).to.deep.equal(
      [2, 4, 6, 8, 10, 12, 14, 16, 18].map((step) => [Math.ceil(step / 6), step]),
    );
    for (const { loss, lr, gradientNorm } of logs) {
      expect(loss).to.be.within(0, 2);
      expect(lr).to.equal(0.3);
      // Before clipping.
      expect(gradientNorm).to.be.above(0.01);
    }
    const at = events.findIndex((event) => event.type === 'log');
    expect(events[at + 1]).to.include({ type: 'step', step: 2 });
    const abort = new AbortController();
    for await (const event of (await start('stopped', more)).train(abort.signal)) {
      if (event.type === 'step' && event.step === 9) abort.abort();
    }
    await eventsOf(await resumeRun(path('stopped'), {}, { env }));
    expect(rows('stopped')).to.deep.equal(rows('whole'));
    const { logs: read, epochs } = await readRun(path('stopped'));
    expect(read).to.deep.equal(logs.map((log) => ({ ...log })));
    expect(epochs).to.have.length(3);
    await eventsOf(await start('silent', { clipNorm: 0.01 }));
    expect(model('silent').equals(model('whole'))).to.equal(true);
  });

  it('reports the loss so far with the steps where the check for divergence reads it', async () => {
    const events = await eventsOf(await start('run', { epochs: 1 }));
    const read = events.flatMap((event) => (event.type === 'step' ? [event.runningLoss] : []));
    expect(read.filter((loss) => loss !== undefined).length).to.be.above(0);
    for (const loss of read) if (loss !== undefined) expect(loss).to.be.within(0, 2);
  });

  it('that has stopped early has nothing left to do, however many epochs it is given', async () => {
    const events = await eventsOf(await start('run', { patience: 1, lr: 1e-9, epochs: 9 }));
    expect(events.at(-1)).to.include({ type: 'end', epochs: 2, bestEpoch: 1 });
    const again = await resumeRun(path('run'), { epochs: 20 }, { env });
    expect(again.finished).to.include({ epochs: 2, bestEpoch: 1 });
    await again.close();
  });

  it('saves its state when the loop is left early, or fails, so that it can be resumed', async () => {
    await eventsOf(await start('whole'));
    const run = await start('left', { checkpointEvery: 'never' });
    for await (const event of run.train()) if (event.type === 'step' && event.step === 8) break;
    expect(locks('left')).to.deep.equal([]);
    const again = await resumeRun(path('left'), {}, { env });
    try {
      for await (const event of again.train()) {
        expect(event).to.deep.include({ resumed: { epoch: 1, step: 8 } });
        throw new Error('of the consumer');
      }
    } catch (error) {
      expect((error as Error).message).to.equal('of the consumer');
    }
    const [first] = await eventsOf(await resumeRun(path('left'), { checkpointEvery: '1epoch' }, { env }));
    expect(first).to.deep.include({ resumed: { epoch: 1, step: 8 } });
    expect(model('left').equals(model('whole'))).to.equal(true);
    expect(rows('left')).to.deep.equal(rows('whole'));
  });

  it('F08 has nothing left to do once it has finished, and can be extended', async () => {
    const events = await eventsOf(await start('run'));
    const done = await resumeRun(path('run'), {}, { env });
    expect(done.finished).to.deep.equal(events.at(-1));
    expect(await eventsOf(done)).to.deep.equal([done.finished]);
    expect(locks('run')).to.deep.equal([]);
    await eventsOf(await start('long', { epochs: 4 }));
    await eventsOf(await resumeRun(path('run'), { epochs: 4 }, { env }));
    expect(model('run').equals(model('long'))).to.equal(true);
  });

  it('ends with a failure when the accuracy stays below what is expected; the model is saved', async () => {
    const run = await start('run', { epochs: 1, expectAccuracy: 1 });
    const seen: string[] = [];
    const message = await failure('failure', async () => {
      for await (const { type } of run.train()) seen.push(type);
    });
    expect(message).to.match(/is below `expectAccuracy` 1; the run is in /);
    expect(seen.at(-1)).to.equal('end');
    expect(existsSync(path('run', 'model.safetensors'))).to.equal(true);
    const again = await resumeRun(path('run'), {}, { env });
    expect(await failure('failure', () => eventsOf(again))).to.equal(message);
  });

  it('F10 has its folder to itself until it ends or is closed, and leaves none behind that did not begin', async () => {
    const run = await start('run');
    expect(await failure('locked', () => resumeRun(path('run'), {}, { env }))).to.match(/is in use by process/);
    await run.close();
    await run.close();
    expect(await failure('usage', () => start('run'))).to.match(/holds an earlier run \(/);
    await eventsOf(await resumeRun(path('run'), {}, { env }));
    await failure('usage', () => start('other', { batchSize: 109 }));
    await failure('usage', () => startRun({ dataset: 'no such' }, { dir: path('other'), env }));
    expect(existsSync(path('other'))).to.equal(false);
  });

  it('refuses the folder of a run as its data set', async () => {
    await eventsOf(await start('one'));
    expect(await failure('usage', () => start('two', { dataset: path('one') }))).to.equal(
      `${path('one')} is a run, not a data set; resume the run, or name its data set.`,
    );
  });

  it('names settings, not flags, in what it refuses', async () => {
    expect(await failure('usage', () => start('run', { momentum: 0.9 }))).to.equal(
      '`momentum` needs `optimizer` momentum or nesterov; add that, or leave it out.',
    );
    expect(await failure('usage', () => start('run', { lr: -1 }))).to.match(
      /^`lr` must be a number above 0 .* not -1\./,
    );
    expect(await failure('usage', () => start('run', { batchSize: 109 }))).to.equal(
      '`batchSize` must be a whole number from 1 to 108, the number of training samples, not 109.',
    );
    await eventsOf(await start('run'));
    expect(await failure('usage', () => resumeRun(path('run'), { lr: 0.5, seed: 0 }, { env }))).to.match(
      /must be resumed with its original settings: `lr` is 0\.3 there, not 0\.5; leave that out/,
    );
  });

  it('reports what is opened, and takes defaults from the environment it is given', async () => {
    const seen: OpenEvent[] = [];
    const opened = settings({ batchSize: undefined, backend: undefined });
    const run = await startRun(opened, {
      ...{ dir: path('run'), env: { HANDGRAD_BACKEND: 'cpu' } },
      onEvent: (event) => seen.push(event),
    });
    await run.close();
    expect(run.config.batchSize).to.equal(32);
    const types = seen.map((event) => (event.type === 'notice' ? event.message : event.type));
    expect(types.filter((type) => type !== 'reading')).to.deep.equal([
      'The run has only 12 steps; more `epochs`, or a smaller `batchSize`, may learn more.',
      'backend',
    ]);
    expect(seen.at(-1)).to.deep.include({ name: 'cpu', rejected: [] });
  });
});
