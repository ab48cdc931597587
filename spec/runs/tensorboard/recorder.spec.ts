import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { fill, temporaryFolder, tinyContents } from '../../data/tinyDataset';
import { need } from '../../need';
import { askPython, pythonLacks } from '../../model/python';
import { session } from '../../cli/session';
import { hasDistributions } from '../../../src/runs/tensorboard/recorder';

interface ReadBack {
  readonly scalars: Record<string, [step: number, value: number][]>;
  readonly histograms: Record<string, [step: number, num: number, sum: number, counted: number][]>;
  readonly images: Record<string, [step: number, width: number, height: number, png: string][]>;
  readonly hparams: { settings: Record<string, unknown>; started: number; status: number; ended: number };
}

const script = readFileSync(join(__dirname, './read_back.py'), 'utf8');

describe('the epochs with norms and histograms', () => {
  const shown = (epochs: number, steps: number) =>
    Array.from({ length: epochs }, (_, i) => i + 1).filter((epoch) => hasDistributions({ epoch, step: epoch * steps }));

  it('are all of them, if they take at least 100 steps or are few', () => {
    expect(shown(10, 1)).to.have.length(10);
    expect(shown(60, 100)).to.have.length(60);
    expect(shown(60, 235)).to.have.length(60);
  });

  it('are the first ten and one in 100 steps, if there are many short ones', () => {
    expect(shown(80, 4)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 25, 50, 75]);
    expect(shown(30, 30)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 17, 20, 24, 27, 30]);
  });
});

describe('the event files of a run', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const train = async (name: string, ...flags: string[]) => {
    const [data, run] = [fill(join(folder(), 'data'), tinyContents()), join(folder(), name)];
    const network = ['--hidden', '6,5', '--batch-size', '50', '--epochs', '3', '--backend', 'wasm'];
    const { code, stderr } = await session(['train', '--dataset', data, '--run-dir', run, ...network, ...flags]);
    expect(code, stderr).to.equal(0);
    return run;
  };

  it('hold metrics, norms, histograms, pictures and settings, as the real TensorBoard reads them', async function () {
    need(this, pythonLacks('tensorboard'));
    const run = await train('run', '--lr', '0.5');
    const found = askPython(script, run) as ReadBack;
    const epochs = readFileSync(join(run, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, number | string>)
      .filter(({ type }) => type === 'epoch');
    for (const [tag, key] of [
      ['loss/train', 'loss'],
      ['loss/test', 'testLoss'],
      ['accuracy/test', 'testAccuracy'],
      ['accuracy/train', 'trainAccuracy'],
      ['throughput/samples_per_second', 'samplesPerSecond'],
    ] as const) {
      expect(found.scalars[tag], tag).to.deep.equal(
        epochs.map((epoch) => [epoch['step'], Math.fround(epoch[key] as number)]),
      );
    }
    expect(found.scalars['rate/learning_rate']!.map(([, rate]) => rate)).to.deep.equal([0.5, 0.5, 0.5]);
    const tensors = ['W1', 'b1', 'W2', 'b2', 'W3', 'b3'].flatMap((name) => [`weights/${name}`, `gradients/${name}`]);
    expect(Object.keys(found.histograms)).to.have.members(tensors);
    for (const [tag, rows] of Object.entries(found.histograms)) {
      const size = { W1: 120, b1: 6, W2: 30, b2: 5, W3: 15, b3: 3 }[tag.split('/')[1]!];
      expect(
        rows.map(([step, num, , counted]) => [step, num, counted]),
        tag,
      ).to.deep.equal([6, 12, 18].map((step) => [step, size, size]));
    }
    // At the end nothing has moved since the model was saved: the norm is that of the file's tensors.
    const bytes = readFileSync(join(run, 'model.safetensors'));
    const start = 8 + Number(bytes.readBigUInt64LE());
    const weights = new Float32Array(new Uint8Array(bytes.subarray(start)).buffer);
    const norm = Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0));
    expect(found.scalars['norm/weights']!.at(-1)![1]).to.be.closeTo(norm, 1e-5 * norm);
    for (const [, gradient] of found.scalars['norm/gradients']!) expect(gradient).to.be.above(0);

    const pictures = found.images['first_layer']!;
    expect(pictures.map(([step, width, height]) => [step, width, height])).to.deep.equal(
      [6, 12, 18].map((step) => [step, 3 * 5 + 1, 2 * 6 + 1]),
    );
    const png = PNG.sync.read(Buffer.from(pictures[0]![3], 'hex'));
    expect([png.width, png.height]).to.deep.equal([16, 13]);

    const { settings, started, status, ended } = found.hparams;
    expect(settings).to.include({ lr: 0.5, hidden: '6,5', batchSize: 50, optimizer: 'sgd', shuffle: true });
    expect(settings).not.to.have.property('dataDir');
    expect(status).to.equal(1);
    expect(ended).to.be.at.least(started);
  });

  it('are left out with --no-tensorboard, which changes nothing else', async () => {
    const [without, usual] = [await train('without', '--no-tensorboard'), await train('usual')];
    const eventFiles = (run: string) => readdirSync(run).filter((name) => name.startsWith('events.out.tfevents.'));
    expect(eventFiles(without)).to.deep.equal([]);
    expect(eventFiles(usual)).to.have.length(1);
    const [one, other] = [without, usual].map((run) => readFileSync(join(run, 'model.safetensors')));
    expect(one!.equals(other!)).to.be.true;
  });

  it('go on without overlap when the run is resumed', async function () {
    need(this, pythonLacks('tensorboard'));
    const run = await train('resumed');
    const { code, stderr } = await session(['train', '--resume', run, '--epochs', '5', '--backend', 'wasm']);
    expect(code, stderr).to.equal(0);
    expect(readdirSync(run).filter((name) => name.startsWith('events.out.tfevents.'))).to.have.length(1);
    const { scalars, histograms } = askPython(script, run) as ReadBack;
    for (const rows of [...Object.values(scalars), ...Object.values(histograms)]) {
      expect(rows.map(([step]) => step)).to.deep.equal([6, 12, 18, 24, 30]);
    }
  });
});
