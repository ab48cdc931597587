import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { programFile } from '../../src/files/places';
import { createRandom } from '../../src/random';

// The program as a user starts it: a process, its two streams and its exit code.

const root = path.join(__dirname, '../..');

function handgrad(...args: string[]) {
  // A folder without a tfjs-node: this machine may have one.
  const env = { ...process.env, HANDGRAD_BACKEND: 'wasm', HANDGRAD_TFJS_NODE: os.tmpdir(), NO_COLOR: '1' };
  const command = [programFile(), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: root, env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

const json = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Three classes of points in the plane, a CSV with a header. */
function writeCsv(file: string): void {
  const random = createRandom(1, 'split');
  const rows = Array.from({ length: 150 }, (_, i) => {
    const at = i % 3;
    const [x, y] = [at + random.normal(0, 0.1), at * at + random.normal(0, 0.1)];
    return `${['ant', 'bee', 'cat'][at]},${x.toFixed(4)},${y.toFixed(4)}`;
  });
  fs.writeFileSync(file, `species,x,y\n${rows.join('\n')}\n`);
}

/** Five classes of 12x9 images, four IDX files: each class has its own bright row. */
function writeIdx(folder: string): void {
  fs.mkdirSync(folder);
  const random = createRandom(2, 'split');
  const word = (...values: number[]) =>
    Buffer.concat(values.map((value) => Buffer.from(new Uint32Array([value]).buffer).reverse()));
  for (const [name, count] of [
    ['train', 200],
    ['t10k', 50],
  ] as const) {
    const labels = Uint8Array.from({ length: count }, (_, i) => i % 5);
    const pixels = Uint8Array.from({ length: count * 108 }, (_, p) => {
      const bright = Math.floor((p % 108) / 9) === labels[Math.floor(p / 108)]! * 2;
      return (bright ? 150 : 0) + random.integer(80);
    });
    fs.writeFileSync(
      path.join(folder, `${name}-images-idx3-ubyte`),
      Buffer.concat([word(0x803, count, 12, 9), pixels]),
    );
    fs.writeFileSync(path.join(folder, `${name}-labels-idx1-ubyte`), Buffer.concat([word(0x801, count), labels]));
  }
}

describe('the program', function () {
  this.timeout(60_000);
  let folder: string;
  let csv: string;
  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'handgrad-cli-'));
    csv = path.join(folder, 'points.csv');
    writeCsv(csv);
    writeIdx(path.join(folder, 'images'));
  });
  after(() => fs.rmSync(folder, { recursive: true }));
  const train = (run: string, ...args: string[]) =>
    handgrad(
      'train',
      '--dataset',
      csv,
      '--hidden',
      '8',
      '--batch-size',
      '10',
      '--run-dir',
      path.join(folder, run),
      ...args,
    );

  it('trains on a 3-class CSV and evaluates what it saved', () => {
    const trained = train('csv', '--epochs', '20', '--expect-accuracy', '0.9', '--json');
    expect(trained.status, trained.stderr).to.equal(0);
    const events = json(trained.stdout);
    expect(events.map(({ type }) => type)).to.deep.equal(['start', ...new Array<string>(20).fill('epoch'), 'end']);
    expect(events[0]).to.include({ dataset: 'points', backend: 'wasm', trainSamples: 120, testSamples: 30 });
    const evaluated = handgrad('evaluate', path.join(folder, 'csv'), '--json');
    expect(evaluated.status, evaluated.stderr).to.equal(0);
    const [result] = json(evaluated.stdout);
    expect(result).to.include({ dataset: 'points', samples: 30, accuracy: events.at(-1)!['testAccuracy'] });
    expect((result!['perClass'] as { name: string }[]).map(({ name }) => name)).to.deep.equal(['ant', 'bee', 'cat']);
    expect((result!['confusion'] as number[][]).flat().reduce((sum, n) => sum + n, 0)).to.equal(30);
  });

  it('trains on 5-class images of 12x9 pixels, prints the post’s lines, and classifies', () => {
    const run = path.join(folder, 'idx');
    const trained = handgrad(
      'train',
      '--dataset',
      path.join(folder, 'images'),
      '--epochs',
      '8',
      '--batch-size',
      '20',
      '--run-dir',
      run,
    );
    expect(trained.status, trained.stderr).to.equal(0);
    expect(trained.stdout).to.match(/^Epoch 1, Loss: \d\.\d{4}, Test Accuracy: \d\.\d{4}/);
    const predicted = handgrad('predict', run, '--index', '0', '7', '--json');
    expect(predicted.status, predicted.stderr).to.equal(0);
    const predictions = json(predicted.stdout) as { index: number; label: number; top: { probability: number }[] }[];
    expect(predictions.map(({ index, label }) => [index, label])).to.deep.equal([
      [0, 0],
      [7, 2],
    ]);
    for (const { top } of predictions) expect(top[0]!.probability).to.be.at.least(top[1]!.probability);
  });

  it('repeats a run: the same numbers apart from times, the same bytes of the model', () => {
    const numbers = (stdout: string) =>
      json(stdout).map(({ loss, lastBatchLoss, testLoss, testAccuracy }) => [
        loss,
        lastBatchLoss,
        testLoss,
        testAccuracy,
      ]);
    const runs = ['one', 'two'].map((run) => train(run, '--seed', '1', '--epochs', '2', '--json'));
    expect(numbers(runs[0]!.stdout)).to.deep.equal(numbers(runs[1]!.stdout));
    const [one, two] = ['one', 'two'].map((run) => fs.readFileSync(path.join(folder, run, 'model.safetensors')));
    expect(one!.equals(two!)).to.be.true;
    expect(
      json(
        train('three', '--init-from', path.join(folder, 'one'), '--no-shuffle', '--epochs', '1', '--json').stdout,
      )[0]!['config'],
    ).to.include({ shuffle: false });
  });

  it('checks the gradients, and exits with 1 when the accuracy expected is missed', () => {
    expect(handgrad('gradcheck', '--dataset', csv, '--hidden', '6').status).to.equal(0);
    const missed = train('missed', '--epochs', '1', '--expect-accuracy', '1', '--lr', '1e-9');
    expect(missed.status, missed.stderr).to.equal(1);
  });

  const refused: [fault: string, code: number, says: RegExp, ...args: string[]][] = [
    ['F40 an unknown flag', 2, /--epochs/, 'train', '--epcohs', '3'],
    ['F40 an unknown command', 2, /train/, 'trian'],
    ['F41 infinity', 2, /--lr must be/, 'train', '--lr', '1e999'],
    ['F41 zero', 2, /--epochs must be/, 'train', '--epochs', '0'],
    ['F41 zero hidden units', 2, /--hidden must be/, 'train', '--hidden', '0'],
    ['F41 no thread', 2, /--threads must be a whole number from 1 to 64/, 'train', '--threads', '0'],
    [
      'F41 a value for a flag that takes none',
      2,
      /There is no data set, folder or table called "yes"/,
      'gradcheck',
      '--allow-software',
      'yes',
    ],
    ['F43 a path for a name', 2, /no data set/, 'train', '--dataset', '../nothing/here'],
    ['F60 a backend that is not there', 4, /npm install/, 'gradcheck', '--backend', 'tensorflow'],
    ['a model that is not there', 8, /no run folder or model file/, 'evaluate', 'nothing.safetensors'],
    [
      'F23 a source that refuses the connection',
      3,
      /digest|source|http/i,
      'train',
      '--dataset',
      'kmnist',
      '--source',
      'http://127.0.0.1:9/',
    ],
  ];
  for (const [fault, code, says, ...args] of refused) {
    it(`${fault}: exit ${code} and a sentence`, () => {
      const extra = args.includes('kmnist') ? ['--data-dir', path.join(folder, 'data')] : [];
      const run = ['train'].includes(args[0]!) ? ['--run-dir', path.join(folder, 'refused')] : [];
      const { status, stderr } = handgrad(...args, ...run, ...extra);
      expect(status, stderr).to.equal(code);
      expect(stderr).to.match(says);
      expect(stderr).not.to.match(/\n\s+at /);
    });
  }
});
