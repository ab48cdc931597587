import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { HandgradError } from '../../src/errors';
import type { Settings } from '../../src/runs/config';
import { describeDataset } from '../../src/runs/describeDataset';
import type { OpenEvent } from '../../src/runs/events';
import { startRun } from '../../src/runs/run';
import { failure } from '../failure';
import { fill, idxBytes, temporaryFolder, tinyContents } from '../data/tinyDataset';

const report = (name: string) => join(__dirname, '../data/tables/reports', name);

/** What `startRun` says at its start, and what it notes. */
async function started(settings: Settings, dir: string) {
  const notices: string[] = [];
  const onEvent = (event: OpenEvent) => event.type === 'notice' && notices.push(event.message);
  const quick = { backend: 'cpu', tensorboard: false, ...settings } as const;
  const run = await startRun(quick, { dir, env: {}, onEvent });
  for await (const event of run.train()) {
    if (event.type !== 'start') continue;
    const { type, backend, device, runDir, config, ...outline } = event;
    expect([type, backend, runDir]).to.deep.equal(['start', 'cpu', dir]);
    expect(device).to.be.a('string');
    return { config, ...outline, notices };
  }
  throw new Error('no start');
}

describe('the description of a data set', () => {
  const folder = temporaryFolder();
  const describeWith = (settings: Settings) => describeDataset(settings, { env: {} });

  describe('says what training does: the same config, samples, inputs and parameters', () => {
    const penguins = { dataset: report('penguins_NA.csv'), labelColumn: 'species' };
    const cases: Record<string, Settings> = {
      'of classes, by default': penguins,
      'of classes, with settings': {
        ...{ ...penguins, drop: ['sex'], types: ['body_mass_g=category'], valFraction: 0.2, seed: 3 },
        ...{ hidden: [7, 5], batchNorm: true, epochs: 3, optimizer: 'adam' },
      },
      'of groups': { ...penguins, groupColumn: 'island' },
      'of a number': { dataset: report('house.csv'), labelColumn: 'price', task: 'regression' },
      'of a rare class': { dataset: report('rare.csv') },
      'of weighted classes': { dataset: report('rare.csv'), classWeights: 'balanced', limit: 20 },
      'of cross-validation': { dataset: report('plain.csv'), folds: 3 },
    };
    for (const [name, settings] of Object.entries(cases)) {
      it(name, async () => {
        const { training, notices } = await describeWith({ backend: 'cpu', tensorboard: false, ...settings });
        const { task, steps, classes, folds, ...outline } = training!;
        expect({ ...outline, notices }).to.deep.equal(await started(settings, join(folder(), 'run')));
        expect(task).to.equal(settings.task ?? 'classification');
        expect(steps).to.equal(Math.ceil(outline.trainSamples / outline.config.batchSize));
        expect(folds).to.equal(settings.folds);
        if (settings.task !== undefined) return expect(classes).to.equal(undefined);
        const total = (part: 'training' | 'validation' | 'test') =>
          classes!.reduce((sum, one) => sum + (one[part] ?? 0), 0);
        expect([total('training'), total('validation'), total('test')]).to.deep.equal([
          ...[outline.trainSamples, outline.valSamples ?? 0, outline.testSamples],
        ]);
      });
    }

    it('of images', async () => {
      const dataset = fill(join(folder(), 'tiny'), tinyContents());
      const settings = { dataset, hidden: [6], epochs: 1, batchSize: 50 };
      const { training, table, notices } = await describeWith({ backend: 'cpu', tensorboard: false, ...settings });
      const { task, steps, classes, ...outline } = training!;
      expect({ ...outline, notices }).to.deep.equal(await started(settings, join(folder(), 'run')));
      expect([task, steps, table]).to.deep.equal(['classification', 6, undefined]);
      expect(classes!.map(({ name }) => name)).to.deep.equal(['0', '1', '2']);
    });
  });

  it('says what each column is for', async () => {
    const text = ['id,x,same,who,day,w,label'];
    for (let i = 0; i < 40; i++) text.push(`${i},${(i * 7) % 11},1,p${i % 8},${i % 5},${1 + (i % 2)},${'ab'[i % 2]}`);
    const dataset = join(folder(), 'roles.csv');
    writeFileSync(dataset, text.join('\n'));
    const roles = async (settings: Settings) => {
      const { table } = await describeWith({ dataset, labelColumn: 'label', sampleWeightColumn: 'w', ...settings });
      return table!.columns.map(({ role }) => role);
    };
    const [out, input] = ['left out', 'input'];
    expect(await roles({ groupColumn: 'who' })).to.deep.equal([out, input, out, 'group', input, 'weight', 'label']);
    expect(await roles({ timeColumn: 'day' })).to.deep.equal([out, input, out, input, 'time', 'weight', 'label']);
    expect(await roles({ columns: ['id'] })).to.deep.equal([input, out, out, out, out, 'weight', 'label']);
    // No sample is left for training: it is known what the label is, but not what is left out.
    expect(await roles({ limit: 1000 })).to.deep.equal([
      ...[undefined, undefined, undefined, undefined, undefined, 'weight', 'label'],
    ]);
  });

  it('counts rows that repeat an earlier one, whatever their identifier', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => `${i},${i % 6},${'ab'[i % 2]}`);
    const dataset = join(folder(), 'repeats.csv.gz');
    writeFileSync(dataset, gzipSync(['id,x,label', ...rows].join('\n')));
    expect((await describeWith({ dataset })).table).to.include({ rows: 20, hasHeader: true, repeatedRows: 14 });
  });

  it('of a table that cannot be learned from has its columns, and why training would refuse', async () => {
    const refusals: readonly [string, Settings, RegExp][] = [
      ['penguins.csv', {}, /does not say which column is the label; name it with `labelColumn`/],
      ['plain.csv', { labelColumn: 'nope' }, /`labelColumn` names "nope", but/],
      ['plain.csv', { types: ['nope=number'] }, /`types` names "nope"/],
      ['single.csv', {}, /has one class only, "ash"/],
      ['house.csv', { labelColumn: 'price' }, /predict the number with `task` regression/],
      ['plain.csv', { batchSize: 5000 }, /`batchSize` must be a whole number from 1 to 96/],
      ['plain.csv', { loss: 'mse' }, /`loss` mse is for regression/],
      ['plain.csv', { labelColumn: 'label', columns: ['label'] }, /cannot be in `columns`/],
    ];
    for (const [file, settings, refusal] of refusals) {
      const found = await describeWith({ dataset: report(file), ...settings });
      expect(found.refusal, file).to.match(refusal);
      expect(found.training).to.equal(undefined);
      expect(found.table!.columns.map(({ type }) => type)).to.include('number');
      const refused = await startRun({ dataset: report(file), ...settings }, { dir: join(folder(), 'run') }).catch(
        (error: unknown) => error,
      );
      expect(refused).to.be.instanceOf(HandgradError).with.property('message', found.refusal);
    }
  });

  it('of images has their shape, pixels, and how many repeat', async () => {
    const image = (...pixels: number[]) => pixels;
    const train = [image(0, 0, 0, 255), image(0, 0, 255, 0), image(0, 0, 0, 255), image(1, 2, 3, 4)].flat();
    const test = [image(0, 0, 255, 0), image(9, 9, 9, 9), image(9, 9, 9, 9)].flat();
    const dataset = fill(join(folder(), 'four'), {
      ...tinyContents(),
      'train-images-idx3-ubyte': idxBytes([4, 2, 2], Uint8Array.from(train)),
      'train-labels-idx1-ubyte': idxBytes([4], Uint8Array.of(0, 1, 0, 1)),
      't10k-images-idx3-ubyte': idxBytes([3, 2, 2], Uint8Array.from(test)),
      't10k-labels-idx1-ubyte': idxBytes([3], Uint8Array.of(0, 1, 1)),
    });
    const { images, training } = await describeWith({ dataset });
    expect(images).to.deep.include({ shape: [2, 2], repeated: { training: 1, test: 1 } });
    const mean = (3 * 255 + 10) / 16 / 255;
    const square = (3 * 255 ** 2 + 1 + 4 + 9 + 16) / 16 / 255 ** 2;
    expect(images!.pixels.mean).to.be.closeTo(mean, 1e-12);
    expect(images!.pixels.std).to.be.closeTo(Math.sqrt(square - mean ** 2), 1e-12);
    expect(training!.classes).to.deep.equal([
      { name: '0', training: 2, test: 1 },
      { name: '1', training: 2, test: 2 },
    ]);
    const refused = await describeWith({ dataset, batchSize: 5 });
    expect(refused.refusal).to.match(/`batchSize` must be a whole number from 1 to 4/);
    expect(refused.images).to.deep.equal(images);
    // Its note is of the data, not of an event.
    expect((await describeWith({ dataset })).notices[0]).to.match(/^The batch size is reduced to 4/);
  });

  it('of a table of pixels has both', async () => {
    const rows = Array.from({ length: 40 }, (_, i) => `${i % 2},${(i * 7) % 256},0,255,${i % 30}`);
    const dataset = join(folder(), 'pixels.csv');
    writeFileSync(dataset, ['label,a,b,c,d', ...rows].join('\n'));
    const { images, table } = await describeWith({ dataset, imageShape: '2x2' });
    expect(images!.shape).to.deep.equal([2, 2]);
    expect(table!.columns).to.have.length(5);
  });

  it('is refused for what is not there, or cannot be read', async () => {
    expect(await failure('usage', () => describeWith({ dataset: 'nope.csv' }))).to.match(/check the path/);
    expect(await failure('usage', () => describeWith({ epochs: 0 }))).to.match(/`epochs` must be/);
    expect(await failure('data', () => describeWith({ dataset: report('dup_label.csv') }))).to.match(/two columns/);
    expect(await failure('usage', () => describeWith({ labelColumn: 'x' }))).to.match(/applies to tables only/);
  });
});
