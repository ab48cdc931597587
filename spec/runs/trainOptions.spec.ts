import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULTS } from '../../src/runs/config';
import { trainingSettings } from '../../src/runs/trainOptions';
import { loadDataset } from '../../src/data/loadDataset';
import { openModel } from '../../src/runs/modelConfig';
import { writePoints } from '../cli/points';
import { session } from '../cli/session';

describe('trainingSettings', () => {
  it('without a schedule the learning rate is a number, as in the post', () => {
    expect(trainingSettings(DEFAULTS, 235).optimizer.lr).to.equal(0.1);
  });

  it('counts warmup and decay in epochs', () => {
    const config = { ...DEFAULTS, schedule: 'step', warmup: 2, lrDecayEvery: 3, lrDecay: 0.5, lr: 1 } as const;
    const { lr } = trainingSettings(config, 10).optimizer;
    const rates = [10, 20, 21, 50, 51, 81].map((step) => (typeof lr === 'function' ? lr(step) : NaN));
    expect(rates).to.deep.equal([0.5, 1, 1, 1, 0.5, 0.25]);
  });
});

describe('train with the settings of issue 5', function () {
  this.timeout(60_000);
  let folder: string;
  let csv: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'handgrad-settings-'));
    csv = writePoints(join(folder, 'points.csv'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const train = (...more: string[]) =>
    session(['train', '--dataset', csv, '--backend', 'wasm', '--hidden', '16,16', '--batch-size', '20', ...more]);

  for (const [flags, message] of [
    ['--momentum 0.5', /--momentum needs --optimizer momentum or nesterov/],
    ['--optimizer momentum --beta1 0.5', /--beta1 needs --optimizer adam or adamw/],
    ['--beta2 0.5', /--beta2 needs/],
    ['--lr-decay 0.5 --schedule cosine', /--lr-decay needs --schedule step or exponential/],
    ['--lr-decay-every 2 --schedule exponential', /--lr-decay-every needs --schedule step/],
    ['--shift-pixels 1 --augment flip', /--shift-pixels needs --augment shift/],
    ['--patience 3', /--patience needs --val-fraction: the test set must not choose the network/],
    ['--warmup 10', /--warmup must be shorter than --epochs/],
    ['--augment flip', /The setting augment changes images, and this data set has none/],
    ['--batch-norm --batch-size 17', /--batch-norm needs at least 2 samples in a batch.+ leaves 1 of 120/],
    ['--batch-norm --init-from x.safetensors', /--batch-norm cannot start from saved weights/],
    ['--normalize --init-from x.safetensors', /--normalize cannot start from saved weights/],
  ] as const) {
    it(`refuses what would do nothing or cannot be: ${flags}`, async () => {
      const args = flags.split(' ');
      const run = join(folder, 'refused');
      const { code, stderr } = await (args.includes('--batch-size')
        ? session(['train', '--dataset', csv, '--backend', 'wasm', '--run-dir', run, ...args])
        : train('--run-dir', run, ...args));
      expect(stderr).to.match(message);
      expect(code).to.equal(2);
    });
  }

  it('trains with all of them; evaluate and the saved config give the same figures again', async () => {
    const run = join(folder, 'all');
    const all =
      '--optimizer adamw --weight-decay 0.05 --lr 0.02 --schedule one-cycle ' +
      '--batch-norm --dropout 0.1 --input-dropout 0.05 ' +
      '--label-smoothing 0.1 --mixup 0.2 --ema 0.9 --clip-norm 1 --normalize --init he --activation gelu ' +
      '--val-fraction 0.2 --patience 8 --epochs 15 --seed 3 --json';
    const trained = await train('--run-dir', run, ...all.split(' '));
    expect(trained.code, trained.stderr).to.equal(0);
    const events = trained.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const end = events.at(-1)!;
    expect(end['testAccuracy']).to.be.greaterThan(0.9);
    expect(end['bestEpoch']).to.be.within(1, 15);
    const evaluated = await session(['evaluate', run, '--backend', 'wasm', '--json']);
    const judged = JSON.parse(evaluated.stdout) as { accuracy: number; loss: number };
    expect(judged.accuracy).to.equal(end['testAccuracy']);
    expect(judged.loss).to.be.closeTo(end['testLoss'] as number, 1e-6);
    // Fitted on the training part alone: 96 of the 120 rows that are not for testing, whose mean is not theirs.
    const { config: saved } = await openModel(run);
    const { inputs } = saved!.preparation!;
    const { train: part, preparation } = await loadDataset(csv, { valFraction: 0.2, seed: 3 });
    expect(part.count).to.equal(96);
    expect(inputs).to.deep.equal(preparation!.inputs);
    const whole = await loadDataset(csv, { seed: 3 });
    expect(inputs).to.not.deep.equal(whole.preparation!.inputs);
    const again = await session(['train', '--config', join(run, 'config.json'), '--run-dir', join(folder, 'again')]);
    expect(again.code, again.stderr).to.equal(0);
    const weights = (dir: string) => readFileSync(join(folder, dir, 'model.safetensors'));
    expect(weights('again').equals(weights('all')), 'the same run again, to the last bit').to.be.true;
  });
});
