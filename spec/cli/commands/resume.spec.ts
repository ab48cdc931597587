import { expect } from 'chai';
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  renameSync,
} from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../data/tinyDataset';
import { writePoints } from '../points';
import { type Ended, session } from '../session';

// 120 training rows in batches of 20: 6 steps an epoch.
const SETTINGS = [
  ...['--hidden', '8', '--batch-size', '20', '--backend', 'cpu', '--val-fraction', '0.1'],
  ...['--optimizer', 'sgd', '--lr', '0.3'],
];

describe('train --resume', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let csv: string;
  beforeEach(() => (csv = writePoints(join(folder(), 'points.csv'))));

  const path = (...names: string[]) => join(folder(), ...names);
  const train = (run: string, ...args: string[]) =>
    session(['train', '--dataset', csv, ...SETTINGS, '--run-dir', path(run), ...args]);
  const resume = (run: string, ...args: string[]) => session(['train', '--resume', path(run), ...args]);
  const model = (run: string) => readFileSync(path(run, 'model.safetensors'));
  const rows = (run: string) =>
    readFileSync(path(run, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .map(({ seconds: _, trainSeconds: __, samplesPerSecond: ___, runDir: ____, ...row }) => row);
  /** Every file of a run with its content. */
  const contents = (run: string) =>
    readdirSync(path(run), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [join(entry.parentPath, entry.name), readFileSync(join(entry.parentPath, entry.name), 'base64')])
      .sort();
  const ok = ({ code, stderr }: Ended) => expect(code, stderr).to.equal(0);

  /** The run as it was when its process was killed after the newest checkpoint of `epoch`, with what `left` adds. */
  function killAfter(run: string, steps: number): void {
    for (const name of readdirSync(path(run, 'checkpoints'))) {
      if (Number(/^step-(\d+)/.exec(name)?.[1]) > steps) rmSync(path(run, 'checkpoints', name));
    }
    rmSync(path(run, 'model.safetensors'));
    unseal(run);
  }

  /** Digests are recorded when a run ends. */
  function unseal(run: string): void {
    writeFileSync(path(run, 'manifest.json'), '{"handgrad":"run","version":1}');
  }

  it('F01 ends with the bytes and the metrics of an uninterrupted run, whatever metrics.jsonl held', async () => {
    ok(await train('whole', '--epochs', '4', '--checkpoint-every', '5'));
    for (const [run, ahead] of Object.entries({
      'as it was': (): void => undefined,
      'a line torn off': () =>
        truncateSync(
          path('a line torn off', 'metrics.jsonl'),
          readFileSync(path('a line torn off', 'metrics.jsonl')).length - 9,
        ),
      'half a line more': () => appendFileSync(path('half a line more', 'metrics.jsonl'), '{"type":"epo'),
    })) {
      cpSync(path('whole'), path(run), { recursive: true });
      ahead();
      killAfter(run, 20);
      const resumed = await resume(run, '--json');
      ok(resumed);
      const start = JSON.parse(resumed.stdout.split('\n')[0]!) as { resumed: object };
      expect(start.resumed).to.deep.equal({ epoch: 3, step: 20 });
      expect(model(run).equals(model('whole')), run).to.equal(true);
      expect(rows(run), run).to.deep.equal(rows('whole'));
      expect(rows(run).map(({ epoch }) => epoch)).to.deep.equal([1, 2, 3, 4, undefined]);
    }
  });

  it('begins again where no checkpoint was finished', async () => {
    ok(await train('whole', '--epochs', '2'));
    cpSync(path('whole'), path('young'), { recursive: true });
    killAfter('young', 0);
    ok(await resume('young'));
    expect(model('young').equals(model('whole'))).to.equal(true);
    expect(rows('young')).to.deep.equal(rows('whole'));
  });

  it('extends a run to the bytes of a longer one', async () => {
    ok(await train('long', '--epochs', '5'));
    ok(await train('short', '--epochs', '2'));
    ok(await resume('short', '--epochs', '5'));
    expect(model('short').equals(model('long'))).to.equal(true);
    expect(rows('short')).to.deep.equal(rows('long'));
    expect(JSON.parse(readFileSync(path('short', 'config.json'), 'utf8'))).to.deep.equal(
      JSON.parse(readFileSync(path('long', 'config.json'), 'utf8')),
    );
  });

  it('keeps the best epoch by validation', async () => {
    ok(await train('best', '--epochs', '6', '--checkpoint-every', 'never'));
    const epochs = rows('best').filter(({ valAccuracy }) => valAccuracy !== undefined);
    const most = Math.max(...epochs.map(({ valAccuracy }) => Number(valAccuracy)));
    const losses = epochs.map(({ valAccuracy, valLoss }) => (valAccuracy === most ? Number(valLoss) : Infinity));
    const best = losses.indexOf(Math.min(...losses)) + 1;
    // 120 rows less 12 for validation are 6 steps an epoch.
    expect(JSON.parse(readFileSync(path('best', 'checkpoints', 'best.json'), 'utf8'))).to.have.property(
      'step',
      best * 6,
    );
    expect(existsSync(path('best', 'checkpoints', `step-0000000${best * 6}.safetensors`)) || best * 6 > 9).to.equal(
      true,
    );
  });

  it('F08 says that a finished run has finished, exits 0, and changes nothing', async () => {
    const trained = await train('done', '--epochs', '2');
    ok(trained);
    const before = contents('done');
    for (const args of [[], ['--epochs', '2']]) {
      const again = await resume('done', ...args);
      ok(again);
      expect(again.stderr).to.match(/has finished its 2 epochs; --epochs with a larger number extends it/);
      expect(again.stdout).to.equal(trained.stdout.split('\n').slice(-2).join('\n'));
      expect(contents('done')).to.deep.equal(before);
    }
    const { testAccuracy } = rows('done').at(-1)!;
    ok(await resume('done', '--expect-accuracy', String(testAccuracy)));
    expect((await resume('done', '--expect-accuracy', String(Number(testAccuracy) + 1e-6))).code).to.equal(1);
    const fewer = await resume('done', '--epochs', '1');
    expect(fewer.code).to.equal(2);
    expect(fewer.stderr).to.match(/has finished 2 epochs, so --epochs must be at least 2, not 1/);
  });

  it('F07 refuses other settings with every one that differs, and changes nothing', async () => {
    ok(await train('run', '--epochs', '2'));
    const before = contents('run');
    const other = await resume('run', '--lr', '0.5', '--hidden', '4,4', '--seed', '0', '--epochs', '9', '--no-shuffle');
    expect(other.code).to.equal(2);
    expect(other.stderr).to.contain(
      'must be resumed with its original settings: --shuffle is true there, not false, ' +
        '--hidden is [8] there, not [4,4], --lr is 0.3 there, not 0.5; leave',
    );
    expect(contents('run')).to.deep.equal(before);
  });

  it('goes on with data that was moved, because its digest is the same', async () => {
    ok(await train('run', '--epochs', '2'));
    const moved = path('moved.csv');
    renameSync(csv, moved);
    const lost = await resume('run', '--epochs', '3');
    expect(lost.code, lost.stderr).to.equal(2);
    ok(await resume('run', '--epochs', '3', '--dataset', moved));
    ok(await resume('run', '--epochs', '4'));
    appendFileSync(moved, 'dog,1,2\n');
    expect(await resume('run', '--epochs', '5', '--dataset', moved)).to.include({ code: 8 });
  });

  it('F07 refuses other data, and a config or checkpoints of another run, with the fields that differ', async () => {
    ok(await train('run', '--epochs', '2'));
    unseal('run');
    const config = readFileSync(path('run', 'config.json'), 'utf8');
    writeFileSync(
      path('run', 'config.json'),
      config.replace('"lr": 0.3', '"lr": 0.4').replace('"seed": 0', '"seed": 9'),
    );
    const edited = await resume('run', '--epochs', '3');
    expect(edited.code).to.equal(8);
    expect(edited.stderr).to.match(
      /does not belong to .*config\.json: lr is 0\.3 there, not 0\.4, seed is 0 there, not 9/,
    );
    writeFileSync(path('run', 'config.json'), config);
    appendFileSync(csv, 'dog,1,2\n');
    const grown = await resume('run', '--epochs', '3');
    expect(grown.code).to.equal(8);
    expect(grown.stderr).to.match(
      /belongs to another run: datasetDigest is "[0-9a-f]+…" there, not .*, trainSamples is 108 there, not 109;/,
    );
  });

  it('F05 goes on from the generation before a damaged one and says so; with none left, exit 8', async () => {
    ok(await train('whole', '--epochs', '3'));
    cpSync(path('whole'), path('run'), { recursive: true });
    rmSync(path('run', 'model.safetensors'));
    unseal('run');
    const newest = path('run', 'checkpoints', 'step-00000018.safetensors');
    const bytes = readFileSync(newest);
    bytes[bytes.length - 5]! ^= 4;
    writeFileSync(newest, bytes);
    truncateSync(path('run', 'metrics.jsonl'), readFileSync(path('run', 'metrics.jsonl')).length - 1);
    const resumed = await resume('run');
    ok(resumed);
    expect(resumed.stderr).to.match(/step-00000018\.safetensors is damaged.* An earlier checkpoint is used\./);
    expect(model('run').equals(model('whole'))).to.equal(true);
    expect(rows('run')).to.deep.equal(rows('whole'));
    for (const name of readdirSync(path('run', 'checkpoints'))) {
      if (name.endsWith('.safetensors')) truncateSync(path('run', 'checkpoints', name), 50);
    }
    const none = await resume('run', '--epochs', '4');
    expect(none.code).to.equal(8);
    expect(none.stderr).to.match(/No checkpoint in .* can be used: .*is damaged/);
  });

  it('says what is no run, and leaves nothing there', async () => {
    const absent = await resume('nothing');
    expect([absent.code, existsSync(path('nothing'))]).to.deep.equal([2, false]);
    const other = await resume('.');
    expect(other.code).to.equal(2);
    expect(other.stderr).to.match(/holds no run to resume/);
    expect(readdirSync(folder())).to.deep.equal(['points.csv']);
  });
});
