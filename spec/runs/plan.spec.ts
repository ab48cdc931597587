import { expect } from 'chai';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../../src/runs/config';
import { planRun } from '../../src/runs/plan';
import { startRun } from '../../src/runs/run';
import { writePoints } from '../cli/points';
import { failure } from '../failure';

describe('planRun', () => {
  let folder: string;
  let csv: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'handgrad-plan-'));
    csv = writePoints(join(folder, 'points.csv'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const plan = (settings: Settings, env = {}) => planRun({ dataset: csv, backend: 'cpu', ...settings }, { env });

  it('is the config of the run that these settings start, whatever was adapted to the data', async () => {
    const house = join(folder, 'numbers.csv');
    writeFileSync(
      house,
      `x,y\n${Array.from({ length: 60 }, (_, i) => `${(i * 37) % 61},${2 * ((i * 37) % 61) + 0.5}`).join('\n')}\n`,
    );
    const cases: Settings[] = [
      { dataset: csv },
      { dataset: csv, limit: 20, optimizer: 'adam' },
      { dataset: csv, folds: 3 },
      { dataset: house, labelColumn: 'y', task: 'regression' },
    ];
    for (const [i, settings] of cases.entries()) {
      const all: Settings = { ...settings, backend: 'cpu' };
      const { config, data } = await planRun(all, { env: {} });
      const run = await startRun(all, { dir: join(folder, `run-${i}`), env: {} });
      await run.close();
      expect(config).to.deep.equal(run.config);
      // The settings that it repeats are settings that it accepts.
      expect((await planRun(config, { env: {} })).config).to.deep.equal(config);
      expect(data.samples.train.count).to.be.within(20, 120);
    }
  });

  it('names the origin of every setting', async () => {
    const { config, origins } = await plan({ lr: 0.5 }, { HANDGRAD_DATA_DIR: '/data' });
    expect([...origins.keys()].sort()).to.deep.equal(Object.keys(config).sort());
    const some = ['lr', 'dataDir', 'seed', 'epochs', 'optimizer'] as const;
    expect(some.map((key) => origins.get(key))).to.deep.equal([
      ...['options', 'environment', 'default', 'table default', 'table default'],
    ]);
    const folds = await plan({ folds: 3 });
    expect([...folds.origins.keys()].sort()).to.deep.equal(Object.keys(folds.config).sort());
    expect(folds.config).to.not.have.property('fold');
    expect(folds.data.config.fold).to.equal(1);
  });

  it('says what was adapted to the data, and to initial weights', async () => {
    const settings: Settings = { dataset: csv, backend: 'cpu', epochs: 1, hidden: [3], activation: 'tanh' };
    const run = await startRun(settings, { dir: join(folder, 'start'), env: {} });
    for await (const event of run.train()) void event;
    const from = await planRun({ dataset: csv, initFrom: run.dir }, { env: {} });
    expect(from.config).to.deep.include({ hidden: [3], activation: 'tanh' });
    expect([from.origins.get('hidden'), from.origins.get('activation')]).to.deep.equal(
      Array(2).fill('initial weights'),
    );
    const sum = ['x,y', ...Array.from({ length: 60 }, (_, i) => `${(i * 37) % 61},${((i * 37) % 61) / 2}`)].join('\n');
    writeFileSync(join(folder, 'sum.csv'), sum);
    const { config, origins } = await planRun(
      { dataset: join(folder, 'sum.csv'), labelColumn: 'y', task: 'regression' },
      { env: {} },
    );
    expect(config.loss).to.equal('mse');
    expect(origins.get('loss')).to.equal('data');
  });

  it('creates no folder, and refuses one that a run could not have', async () => {
    const before = readdirSync(folder);
    await planRun({ dataset: csv }, { dir: join(folder, 'none'), env: {} });
    expect(existsSync(join(folder, 'none'))).to.equal(false);
    expect(readdirSync(folder)).to.deep.equal(before);
    const taken = join(folder, 'taken');
    mkdirSync(taken);
    writeFileSync(join(taken, 'config.json'), '{}');
    expect(await failure('usage', () => planRun({ dataset: csv }, { dir: taken, env: {} }))).to.contain(taken);
  });
});
