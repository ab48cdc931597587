import { expect } from 'chai';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newestCheckpoint } from '../../src/runs/checkpointFolder';
import { writePoints } from '../cli/points';
import { session } from '../cli/session';
import { start } from './start';

// 108 training rows in batches of 20 are 6 steps an epoch: checkpoints after steps 4, 8, 12, …, and after every best
// epoch.
const SETTINGS = ['--hidden', '8', '--batch-size', '20', '--backend', 'cpu', '--val-fraction', '0.1', '--lr', '0.3'];
const HOW = ['--epochs', '4', '--checkpoint-every', '4'];
const MOMENTS = ['opened', 'half', 'written', 'synced', 'renamed'] as const;

describe('F01 kill -9 at every moment of writing', function () {
  this.timeout(120_000);
  let folder: string;
  const path = (...names: string[]) => join(folder, ...names);
  const metrics = (run: string) =>
    readFileSync(path(run, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => ({
        ...(JSON.parse(line) as object),
        seconds: 0,
        trainSeconds: 0,
        samplesPerSecond: 0,
        runDir: '',
      }));
  const sameAsWhole = (run: string, what = run) => {
    const [model, expected] = [run, 'whole'].map((dir) => readFileSync(path(dir, 'model.safetensors')));
    expect(model!.equals(expected!), what).to.equal(true);
    expect(metrics(run), what).to.deep.equal(metrics('whole'));
  };
  const train = (run: string) => [
    'train',
    '--dataset',
    path('points.csv'),
    ...SETTINGS,
    ...HOW,
    '--run-dir',
    path(run),
  ];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'handgrad-killed-'));
    writePoints(path('points.csv'));
    expect((await session(train('whole'))).code).to.equal(0);
  });
  after(() => rmSync(folder, { recursive: true }));

  const files: Record<string, { pattern: string; atLeast: number }> = {
    'the tensors of a generation': { pattern: 'step-00000012\\.safetensors', atLeast: 6 },
    'its manifest': { pattern: 'step-00000012\\.json', atLeast: 6 },
    'the first generation of all': { pattern: 'step-00000004\\.json', atLeast: -1 },
    'the mark of the best': { pattern: 'best\\.json', atLeast: 4 },
    'a line of metrics.jsonl': { pattern: 'metrics\\.jsonl', atLeast: -1 },
    'the model': { pattern: 'model\\.safetensors', atLeast: 24 },
    'the config': { pattern: 'config\\.json', atLeast: -1 },
  };
  for (const [what, { pattern, atLeast }] of Object.entries(files)) {
    it(`F01 of ${what}: an earlier generation loads, and resuming ends with the same bytes`, async () => {
      const moments = MOMENTS.filter((moment) => moment !== 'renamed' || !pattern.startsWith('metrics'));
      await Promise.all(
        moments.map(async (moment) => {
          const run = `${pattern.replace(/\W/g, '')}-${moment}`;
          const { ended, stderr } = start(train(run), { failpoint: `${moment} ${pattern}` });
          expect((await ended).signal, `${moment}: ${stderr()}`).to.equal('SIGKILL');
          const found = await newestCheckpoint(path(run, 'checkpoints'));
          expect(found?.checkpoint.progress.step ?? -1, moment).to.be.at.least(atLeast);
          expect(found?.damaged ?? []).to.deep.equal([]);
          const begun = existsSync(path(run, 'config.json'));
          // A run that was killed before it began has left nothing that counts: it is simply started again.
          const again = await session(begun ? ['train', '--resume', path(run)] : train(run));
          expect(again.code, `${moment}: ${again.stderr}`).to.equal(0);
          sameAsWhole(run, moment);
          const names = readdirSync(path(run), { recursive: true, encoding: 'utf8' });
          expect(
            names.filter((name) => name.endsWith('.tmp') || name.includes('lock')),
            moment,
          ).to.deep.equal([]);
        }),
      );
    });
  }

  it('F01 at random times, again and again: each epoch once, the same bytes', async () => {
    const began = performance.now();
    expect(await start(train('timed')).ended).to.include({ code: 0 });
    const took = performance.now() - began;
    let [kills, finished] = [0, 0];
    while (kills < 8 || finished === 0) {
      const run = `random-${finished}`;
      const { child, ended, stderr } = start(
        existsSync(path(run, 'config.json')) ? ['train', '--resume', path(run)] : train(run),
      );
      const timer = kills < 8 ? setTimeout(() => child.kill('SIGKILL'), Math.random() * took) : undefined;
      const { code, signal } = await ended;
      clearTimeout(timer);
      if (signal) {
        kills++;
        continue;
      }
      expect(code, stderr()).to.equal(0);
      sameAsWhole(run);
      finished++;
    }
  });

  it('F06 the tensors of one generation under the manifest of another are never gone on from', async () => {
    cpSync(path('whole'), path('mixed'), { recursive: true });
    rmSync(path('mixed', 'model.safetensors'));
    const names = readdirSync(path('mixed', 'checkpoints'))
      .filter((name) => name.endsWith('.safetensors'))
      .sort();
    cpSync(path('mixed', 'checkpoints', names.at(-2)!), path('mixed', 'checkpoints', names.at(-1)!));
    const resumed = await session(['train', '--resume', path('mixed')]);
    expect(resumed.code, resumed.stderr).to.equal(0);
    expect(resumed.stderr).to.contain(`${names.at(-1)} is damaged, or its manifest belongs to another checkpoint`);
    expect(
      readFileSync(path('mixed', 'model.safetensors')).equals(readFileSync(path('whole', 'model.safetensors'))),
    ).to.equal(true);
  });
});
