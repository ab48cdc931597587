import { expect } from 'chai';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../../src/random';
import { checkGradients } from '../../src/runs/checkGradients';
import type { Settings } from '../../src/runs/config';
import type { RunEvent } from '../../src/runs/events';
import { readRun } from '../../src/runs/readRun';
import { resumeRun, type Run, startRun } from '../../src/runs/run';
import { session } from '../cli/session';
import { temporaryFolder } from '../data/tinyDataset';
import { failure } from '../failure';

describe('a run that predicts numbers', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const path = (...names: string[]) => join(folder(), ...names);
  const settings = (more: Settings = {}): Settings => ({
    ...{
      dataset: path('houses.csv'),
      labelColumn: 'price',
      task: 'regression',
      hidden: [8],
      batchSize: 20,
      epochs: 15,
    },
    ...{ optimizer: 'adam', lr: 0.02, backend: 'cpu', tensorboard: true, valFraction: 0.2, ...more },
  });
  beforeEach(() => {
    const random = createRandom(3, 'split');
    const rows = Array.from({ length: 200 }, () => {
      const [size, age] = [random.normal(100, 30), random.normal(20, 8)];
      return [size, age, 1000 * size - 500 * age + random.normal(0, 2000)].map((value) => value.toFixed(3)).join();
    });
    writeFileSync(path('houses.csv'), ['size,age,price', ...rows].join('\n'));
  });
  const env = {};
  const start = (name: string, more?: Settings) => startRun(settings(more), { dir: path(name), env });
  const eventsOf = async (run: Run) => {
    const events: RunEvent[] = [];
    for await (const event of run.train()) if (event.type !== 'step') events.push(event);
    return events;
  };

  it('learns in the units of the label, and records it', async () => {
    const run = await start('run', { patience: 5 });
    expect(run.config).to.include({ task: 'regression', loss: 'mse' });
    const events = await eventsOf(run);
    const end = events.at(-1)!;
    expect(end).to.include.keys('testRmse', 'testMae', 'testR2').and.not.to.include.keys('testAccuracy');
    const { testRmse, testR2 } = end as { testRmse: number; testR2: number };
    // The noise has a deviation of 2,000, and the prices one of about 30,000.
    expect(testRmse).to.be.within(1000, 12_000);
    expect(testR2).to.be.greaterThan(0.85);
    const { epochs, end: recorded } = await readRun(path('run'));
    expect(epochs[0]).to.include.keys('valLoss', 'valRmse', 'valMae', 'valR2');
    expect(recorded).to.deep.equal(end);
    const board = readdirSync(path('run')).find((name) => name.startsWith('events.out.tfevents'))!;
    const tags = readFileSync(path('run', board)).toString('latin1');
    for (const figure of ['rmse', 'mae', 'r2']) {
      for (const of of ['validation', 'test']) expect(tags).to.contain(`${figure}/${of}`);
    }
    expect(tags).not.to.contain('accuracy/');
  });

  it('is resumed from any epoch to the same bytes, also with the best network kept', async () => {
    await eventsOf(await start('whole', { epochs: 6, patience: 4 }));
    await eventsOf(await start('parts', { epochs: 6, patience: 4, stopAfter: 3 }));
    await eventsOf(await resumeRun(path('parts'), { stopAfter: 6 }, { env }));
    const model = (name: string) => readFileSync(path(name, 'model.safetensors'));
    expect(model('parts').equals(model('whole'))).to.equal(true);
  });

  it("takes Huber's loss, mixup and expectations, and fails where those are missed", async () => {
    const run = await start('run', { loss: 'huber', huberDelta: 0.5, mixup: 0.2, epochs: 1, expectRmse: 1 });
    expect(await failure('failure', () => eventsOf(run))).to.match(/^The final test RMSE \d+ is above `expectRmse` 1;/);
  });

  it('refuses what is for classes, before a folder is made', async () => {
    for (const more of [{ labelSmoothing: 0.1 }, { classWeights: 'balanced' }, { expectAccuracy: 0.5 }] as const) {
      expect(await failure('usage', () => start('run', more))).to.match(
        /is for classification, and this is regression/,
      );
    }
    const swapped = await failure('usage', () => start('run', { loss: 'cross-entropy' }));
    expect(swapped).to.match(/choose mse or huber/);
  });

  it('has gradients that agree with finite differences, from the command too', async () => {
    for (const loss of ['mse', 'huber'] as const) {
      const { dataset, labelColumn, task, hidden, backend } = settings();
      const { results } = await checkGradients({ dataset, labelColumn, task, hidden, backend, loss }, { env });
      for (const { name, entries, relativeError } of results) {
        expect(entries, name).to.be.greaterThan(0);
        expect(relativeError, name).to.be.lessThan(5e-3);
      }
    }
  });

  it('gradcheck takes the task and the loss as flags', async () => {
    const flags = ['--label-column', 'price', '--task', 'regression', '--loss', 'huber', '--huber-delta', '0.5'];
    const { code, stdout, stderr } = await session([
      ...['gradcheck', '--dataset', path('houses.csv'), '--hidden', '8', '--backend', 'cpu', '--json', ...flags],
    ]);
    expect(code, stderr).to.equal(0);
    expect(JSON.parse(stdout)).to.include({ passed: true });
  });

  it('weights of classes reach the loss of a run', async () => {
    const classes = {
      labelColumn: 'old',
      task: 'classification',
      epochs: 1,
      optimizer: 'sgd',
      lr: 1e-9,
      init: 'he',
    } as const;
    const [head, ...rows] = readFileSync(path('houses.csv'), 'utf8').split('\n');
    const old = rows.map((row) => `${row},${Number(row.split(',')[1]) > 28 ? 'old' : 'new'}`);
    writeFileSync(path('houses.csv'), [`${head},old`, ...old].join('\n'));
    const losses = [];
    for (const classWeights of [undefined, 'balanced', 'old=5,new=0']) {
      const run = await start(`run-${losses.length}`, { ...classes, classWeights });
      losses.push((await eventsOf(run)).flatMap((event) => (event.type === 'epoch' ? [event.loss] : []))[0]!);
    }
    expect(new Set(losses.map((loss) => loss.toFixed(4))).size).to.equal(3);
    expect(await failure('usage', () => start('other', { ...classes, classWeights: 'ol=2' }))).to.match(
      /no class "ol" for `classWeights`; did you mean old\?/,
    );
  });
});
