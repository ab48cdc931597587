import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { join } from 'node:path';
import { lockFolder } from '../../src/files/lock';
import { openModel } from '../../src/runs/modelConfig';
import { readRun } from '../../src/runs/readRun';
import { temporaryFolder } from '../data/tinyDataset';
import { failure } from '../failure';
import { pointsRuns, resultOf } from './pointsRun';

describe('the records of a run', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let runs: ReturnType<typeof pointsRuns>;
  beforeEach(() => (runs = pointsRuns(folder())));
  const eventFile = (name: string) => readdirSync(runs.at(name)).find((one) => one.startsWith('events'))!;
  /** A finished run, copied as often as needed. */
  const finished = async (...names: string[]) => {
    await runs.train(await runs.start('run'));
    for (const name of names) cpSync(runs.at('run'), runs.at(name), { recursive: true });
  };

  describe('F92 hold every event once, as those of an uninterrupted run', () => {
    const histories: Record<string, readonly (readonly [epochs: number, stopAt: number])[]> = {
      'extended after a checkpoint that precedes the last epoch’s records': [
        [2, Infinity],
        [3, Infinity],
      ],
      'stopped right after such a checkpoint': [
        [3, 12],
        [3, Infinity],
      ],
      'stopped at its first step, and again in the second epoch': [
        [3, 1],
        [3, 8],
        [3, Infinity],
      ],
      'extended twice': [
        [1, Infinity],
        [2, Infinity],
        [3, Infinity],
      ],
    };
    for (const [what, parts] of Object.entries(histories)) {
      for (const checkpointEvery of ['4', '1epoch', 'never']) {
        it(`${what}, checkpoints: ${checkpointEvery}`, async () => {
          const settings = { checkpointEvery, valFraction: 0.1, hidden: [4], optimizer: 'sgd' as const };
          await runs.train(await runs.start('whole', { ...settings, epochs: 3 }));
          for (const [i, [epochs, stopAt]] of parts.entries()) {
            const run = i === 0 ? runs.start('parts', { ...settings, epochs }) : runs.resume('parts', { epochs });
            await runs.train(await run, stopAt);
          }
          expect(resultOf(runs.at('parts'))).to.deep.equal(resultOf(runs.at('whole')));
        });
      }
    }
  });

  describe('F91 metrics that a checkpoint does not know are refused', () => {
    const damage: Record<string, (path: string, other: string) => void> = {
      deleted: (path) => rmSync(path),
      emptied: (path) => writeFileSync(path, ''),
      halved: (path) => truncateSync(path, Math.floor(readFileSync(path).length / 2)),
      'filled with zeros': (path) => writeFileSync(path, Buffer.alloc(readFileSync(path).length)),
      'shortened by a row': (path) => writeFileSync(path, readFileSync(path, 'utf8').replace(/^.*\n/, '')),
      'of another run': (path, other) => copyFileSync(other, path),
      'changed in a digit': (path) => writeFileSync(path, readFileSync(path, 'utf8').replace(/"step":6/, '"step":7')),
    };
    it('and nothing of the run changes', async () => {
      await finished('damaged', 'unsealed');
      await runs.train(await runs.start('other', { seed: 1 }));
      const good = readFileSync(join(runs.at('run'), 'metrics.jsonl'));
      for (const [what, harm] of Object.entries(damage)) {
        for (const name of ['damaged', 'unsealed']) {
          const path = join(runs.at(name), 'metrics.jsonl');
          if (name === 'unsealed') rmSync(join(runs.at(name), 'manifest.json'), { force: true });
          writeFileSync(path, good);
          harm(path, join(runs.at('other'), 'metrics.jsonl'));
          const before = existsSync(path) ? readFileSync(path) : undefined;
          const said = await failure('model', () => runs.resume(name, { epochs: 3 }));
          expect(said, what).to.match(/metrics\.jsonl.*; restore the file/);
          expect(existsSync(path) ? readFileSync(path) : undefined, what).to.deep.equal(before);
        }
      }
    });

    it('and events as well, unless they are gone', async () => {
      await finished();
      const path = join(runs.at('run'), eventFile('run'));
      const bytes = readFileSync(path);
      bytes[60]! ^= 1;
      writeFileSync(path, bytes);
      const said = await failure('model', () => runs.resume('run', { epochs: 3 }));
      expect(said).to.match(/does not start with the events that .* includes; restore the file, or remove it\.$/);
      rmSync(path);
      await runs.train(await runs.resume('run', { epochs: 3 }));
      expect(new Set(resultOf(runs.at('run')).events.map(({ step }) => step))).to.deep.equal(new Set([18]));
    });
  });

  describe('F90 are opened without following links, and only if they are files', () => {
    const files = [
      'config.json',
      'environment.json',
      'metrics.jsonl',
      'model.safetensors',
      'manifest.json',
      'lock-1.json',
    ];
    for (const place of ['link', 'pipe', 'device', 'folder'] as const) {
      it(`a ${place} is refused at once, wherever it is`, async () => {
        await finished();
        writeFileSync(join(folder(), 'outside'), '{"mine": true}\n');
        for (const file of [...files, eventFile('run')]) {
          const dir = runs.at(`${place}-${file}`);
          cpSync(runs.at('run'), dir, { recursive: true });
          const path = join(dir, file);
          rmSync(path, { force: true });
          if (place === 'link') symlinkSync(join(folder(), 'outside'), path);
          else if (place === 'pipe') execFileSync('mkfifo', [path]);
          else if (place === 'device') symlinkSync('/dev/zero', path);
          else mkdirSync(path);
          for (const use of [
            () => runs.resume(`${place}-${file}`, { epochs: 3 }).then((run) => runs.train(run)),
            () => readRun(dir),
            () => openModel(dir),
          ]) {
            const before = performance.now();
            const error = await Promise.resolve(use()).then(
              () => undefined,
              (reason: Error) => reason,
            );
            if (error) expect(error.name, `${file}: ${error.stack}`).to.equal('HandgradError');
            expect(performance.now() - before).to.be.below(5000);
          }
          expect(readFileSync(join(folder(), 'outside'), 'utf8')).to.equal('{"mine": true}\n');
          const isReplaced = file === 'lock-1.json' || file === 'model.safetensors';
          if (place === 'link' && !isReplaced) expect(lstatSync(path).isSymbolicLink()).to.equal(true);
        }
      });
    }

    it('the config beside a model is read like the other files', async () => {
      await finished();
      writeFileSync(join(folder(), 'outside'), '{"dataset": "mine"}\n');
      const path = join(runs.at('run'), 'config.json');
      rmSync(path);
      symlinkSync(join(folder(), 'outside'), path);
      for (const model of [runs.at('run'), join(runs.at('run'), 'model.safetensors')]) {
        expect(await failure('model', () => openModel(model))).to.contain(
          'config.json is a link, which is not followed',
        );
      }
    });

    it('a folder of checkpoints that is a link is not used', async () => {
      await finished();
      renameSync(join(runs.at('run'), 'checkpoints'), join(folder(), 'elsewhere'));
      symlinkSync(join(folder(), 'elsewhere'), join(runs.at('run'), 'checkpoints'));
      expect(await failure('model', () => runs.resume('run', { epochs: 3 }))).to.match(/checkpoints is a link/);
    });
  });

  it('F93 a process that lost its folder writes nothing more, also if the lock’s number is used again', async () => {
    const run = await runs.start('run', { epochs: 40, checkpointEvery: '1' });
    const dir = runs.at('run');
    let taken = '';
    const said = await failure('locked', async () => {
      for await (const event of run.train()) {
        if (event.type !== 'epoch' || event.epoch !== 2) continue;
        // The folder is taken over, and given back.
        await (await takeOver(dir)).release();
        await lockFolder(dir);
        // What has passed its last check may still be on its way.
        await setTimeout(300);
        taken = snapshot(dir);
      }
    });
    expect(said).to.match(/was taken over by another process/);
    expect(snapshot(dir)).to.equal(taken);
  });

  it('F93 a write that was under way when the folder was taken over does not reach the records', async () => {
    const run = await runs.start('run');
    for await (const event of run.train()) if (event.type === 'epoch') break;
    const metrics = join(runs.at('run'), 'metrics.jsonl');
    const { openSync, writeSync } = await import('node:fs');
    const stale = openSync(metrics, 'a');
    await runs.train(await runs.start('whole'));
    await runs.train(await runs.resume('run'));
    writeSync(stale, 'late\n');
    expect(resultOf(runs.at('run'))).to.deep.equal(resultOf(runs.at('whole')));
  });

  describe('F94 of a finished run have their digests in its manifest', () => {
    it('a flipped bit of the model is noticed, unless that is not wanted', async () => {
      await finished();
      const path = join(runs.at('run'), 'model.safetensors');
      const bytes = readFileSync(path);
      bytes[bytes.length - 3]! ^= 1;
      writeFileSync(path, bytes);
      expect(await failure('model', () => openModel(runs.at('run')))).to.match(
        /model\.safetensors has changed since it was written: its sha256 is not the one in manifest\.json/,
      );
      expect((await openModel(runs.at('run'), { noVerify: true })).parameters).to.have.length(4);
    });

    it('without a manifest, the model is not used unless that is wanted', async () => {
      await finished();
      rmSync(join(runs.at('run'), 'manifest.json'));
      expect(await failure('model', () => openModel(runs.at('run')))).to.match(
        /has no manifest\.json, so its model is not verified; give model\.safetensors itself, or use `noVerify`\.$/,
      );
      await openModel(runs.at('run'), { noVerify: true });
      await openModel(join(runs.at('run'), 'model.safetensors'));
    });

    it('a changed config, environment or row is noticed', async () => {
      for (const file of ['config.json', 'environment.json', 'metrics.jsonl']) {
        if (!existsSync(runs.at('run'))) await finished();
        const path = join(runs.at('run'), file);
        const good = readFileSync(path);
        appendFileSync(path, ' ');
        expect(await failure('model', () => readRun(runs.at('run')))).to.match(/has changed since it was written/);
        if (file === 'config.json') {
          expect(await failure('model', () => openModel(runs.at('run')))).to.match(/config\.json has changed since/);
          await openModel(runs.at('run'), { noVerify: true });
        }
        rmSync(path);
        if (file !== 'config.json') {
          expect(await failure('model', () => readRun(runs.at('run')))).to.match(/is missing/);
        }
        writeFileSync(path, good);
      }
    });

    it('a run that was killed before it recorded them is completed by resuming it', async () => {
      await finished();
      const path = join(runs.at('run'), 'manifest.json');
      const sealed = readFileSync(path, 'utf8');
      expect(Object.keys((JSON.parse(sealed) as { files: object }).files)).to.have.members([
        ...['config.json', 'environment.json', 'metrics.jsonl', 'model.safetensors', eventFile('run')],
      ]);
      writeFileSync(path, '{"handgrad":"run","version":1}');
      await runs.train(await runs.resume('run'));
      expect(readFileSync(path, 'utf8')).to.equal(sealed);
    });
  });
});

const takeOver = async (dir: string) => {
  // As from another machine: this process itself holds the lock.
  const name = readdirSync(dir).find((one) => one.startsWith('lock'))!;
  const owner = JSON.parse(readFileSync(join(dir, name), 'utf8')) as object;
  writeFileSync(join(dir, name), JSON.stringify({ ...owner, host: 'elsewhere' }));
  return lockFolder(dir, { force: true });
};

/** Every file of a folder and its content. */
function snapshot(dir: string): string {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort();
  // A process removes its own temporary files.
  const files = names.filter((name) => !name.endsWith('.tmp') && lstatSync(join(dir, name)).isFile());
  return JSON.stringify(files.map((name) => [name, readFileSync(join(dir, name)).toString('base64')]));
}
