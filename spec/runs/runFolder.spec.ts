import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { HandgradError } from '../../src/errors';
import { describeEnvironment } from '../../src/runs/environment';
import { loadModel } from '../../src/model/modelFile';
import { createRunFolder } from '../../src/runs/runFolder';
import { whileClosed } from '../files/closedFolder';
import { need } from '../need';
import { onSmallDisk, smallDiskLacks } from './fullDisk';

const CONFIG = { dataset: 'fashion-mnist', hidden: [256], lr: 0.1, seed: 0, shuffle: true };
const ENVIRONMENT = describeEnvironment({
  backend: 'wasm',
  device: 'SIMD',
  dataset: { name: 'fashion-mnist', digest: 'ab12', train: { count: 60000 }, test: { count: 10000 } },
});
const START = { config: CONFIG, environment: ENVIRONMENT };

describe('a run folder', () => {
  let folder = '';
  let dir = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'handgrad-'));
    dir = join(folder, 'runs', 'first');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const failure = async (at: string): Promise<HandgradError> => {
    const error = await createRunFolder(at, START).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(HandgradError);
    return error as HandgradError;
  };

  it('holds the config and the environment from the start', async () => {
    const run = await createRunFolder(dir, START);
    expect(run.dir).to.equal(dir);
    expect((await readdir(dir)).sort()).to.deep.equal(['config.json', 'environment.json', 'manifest.json']);
    expect(JSON.parse(await readFile(join(dir, 'config.json'), 'utf8'))).to.deep.equal(CONFIG);
    expect(JSON.parse(await readFile(join(dir, 'environment.json'), 'utf8'))).to.deep.equal(ENVIRONMENT);
  });

  it('gets a line of JSON per event, in order even when nobody waits', async () => {
    const run = await createRunFolder(dir, START);
    // The long lines come first: without a queue the short ones would overtake them.
    const events = Array.from({ length: 50 }, (_, epoch) => ({
      type: 'epoch',
      epoch,
      note: 'a\nb'.repeat(20 * (50 - epoch) ** 2),
    }));
    await run.appendMetrics(events[0]!);
    expect(await readFile(join(dir, 'metrics.jsonl'), 'utf8')).to.equal(`${JSON.stringify(events[0])}\n`);
    await Promise.all(events.slice(1).map((event) => run.appendMetrics(event)));
    await run.flush();
    const lines = (await readFile(join(dir, 'metrics.jsonl'), 'utf8')).split('\n');
    expect(lines.pop()).to.equal('');
    expect(lines.map((line) => JSON.parse(line) as unknown)).to.deep.equal(events);
    await run.close();
  });

  it('keeps the model', async () => {
    const run = await createRunFolder(dir, START);
    const parameters = [
      { name: 'W1', shape: [2, 1], data: Float32Array.of(1, 2) },
      { name: 'b1', shape: [1], data: Float32Array.of(3) },
    ];
    await run.saveModel({ parameters, config: CONFIG });
    expect(await loadModel(join(dir, 'model.safetensors'))).to.deep.equal({ parameters, config: CONFIG });
  });

  it('is made in an empty folder, or in one that a killed process left before its run started', async () => {
    await mkdir(dir, { recursive: true });
    await (await createRunFolder(dir, START)).close();
    await rm(join(dir, 'config.json'));
    await writeFile(join(dir, '.config.json.4711-0a1b2c3d.tmp'), '{');
    await createRunFolder(dir, START);
    expect(JSON.parse(await readFile(join(dir, 'config.json'), 'utf8'))).to.deep.equal(CONFIG);
  });

  const foreign: Record<string, Record<string, string>> = {
    'a note': { 'notes.txt': 'mine' },
    'the event file of another program': { 'events.out.tfevents.1700000000.host': 'theirs' },
    'an environment.json of another program': { 'environment.json': '{}' },
    'a report of another program': { 'report.html': '<p>' },
    'a manifest of another program': { 'manifest.json': '{"name": "an extension"}' },
    'a note beside what a killed process left': { 'manifest.json': '{"handgrad":"run","version":1}', notes: 'mine' },
    'the start of a sweep': { 'manifest.json': '{"handgrad":"sweep","version":1}', 'sweep.yaml': '' },
  };
  for (const [what, files] of Object.entries(foreign)) {
    it(`F89 refuses a folder that holds ${what}, and changes nothing there`, async () => {
      await mkdir(dir, { recursive: true });
      for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content);
      const { kind, message } = await failure(dir);
      expect(kind).to.equal('usage');
      expect(message).to.match(
        / is not empty: it holds "[\w.]+", and nothing is overwritten; choose another folder\.$/,
      );
      expect((await readdir(dir)).sort()).to.deep.equal(Object.keys(files).sort());
      for (const [name, content] of Object.entries(files)) {
        expect(await readFile(join(dir, name), 'utf8')).to.equal(content);
      }
    });
  }

  for (const trace of ['config.json', 'metrics.jsonl', 'model.safetensors', 'checkpoints']) {
    it(`is refused as usage where an earlier run left ${trace}, and nothing there changes`, async () => {
      await mkdir(dir, { recursive: true });
      await writeFile(join(dir, trace), 'earlier');
      const { kind, message } = await failure(dir);
      expect(kind).to.equal('usage');
      expect(message).to.equal(
        `${dir} holds an earlier run (${trace}), which is never overwritten; resume it, or choose another folder.`,
      );
      expect(await readdir(dir)).to.deep.equal([trace]);
      expect(await readFile(join(dir, trace), 'utf8')).to.equal('earlier');
    });
  }

  it('F04 is refused at the start where a file is in the way', async () => {
    await writeFile(join(folder, 'runs'), '');
    expect((await failure(dir)).kind).to.equal('storage');
    expect((await failure(join(folder, 'runs'))).kind).to.equal('storage');
  });

  it('F04 is refused at the start where the system allows no folder', async function () {
    need(this, existsSync('/proc/self') ? undefined : 'this system has no /proc');
    for (const at of ['/proc/absent', '/proc/absent/deeper']) expect((await failure(at)).kind).to.equal('storage');
  });

  it('F04 is refused at the start where this user may not write', async function () {
    const closed = await whileClosed(this, folder, async (closed) => {
      for (const at of [closed, join(closed, 'new'), join(closed, 'new', 'deeper')]) {
        const { kind, message } = await failure(at);
        expect(kind).to.equal('storage');
        expect(message).to.match(/this user may not write there/);
      }
    });
    expect(await readdir(closed)).to.deep.equal([]);
  });

  interface Outcome {
    readonly failed: { readonly kind: string; readonly message: string };
    readonly names: readonly string[];
    readonly metrics: string;
  }
  const attempt = `
    const { createRunFolder } = require('../../src/runs/runFolder');
    const { existsSync, readFileSync, readdirSync, writeFileSync, statfsSync } = require('node:fs');
    const disk = process.argv[1];
    const dir = disk + '/run';
    const start = ${JSON.stringify(START)};
    const fill = (left) => {
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(disk + '/ballast', new Uint8Array(bavail * bsize - left));
    };
    const failed = ({ kind, message }) => ({ kind, message });
    const show = (failed) => answer({
      failed,
      names: existsSync(dir) ? readdirSync(dir).sort() : [],
      metrics: existsSync(dir + '/metrics.jsonl') ? readFileSync(dir + '/metrics.jsonl', 'utf8') : '',
    });`;

  it('F03 a disk that is full at the start: storage, and no half-made folder', function () {
    need(this, smallDiskLacks());
    const { failed, names } = onSmallDisk(`${attempt}
      fill(8192); // room for the manifest and environment.json, not for config.json
      show(await createRunFolder(dir, start).catch(failed));`) as Outcome;
    expect(failed.kind).to.equal('storage');
    expect(failed.message).to.match(/config\.json: the disk is full \(\d+ bytes needed, \d+ free\)/);
    expect(names).to.deep.equal([]);
  });

  it('F03 a disk that fills up while metrics are written: storage, whole lines only, none after it', function () {
    need(this, smallDiskLacks());
    const { failed, names, metrics } = onSmallDisk(`${attempt}
      const run = await createRunFolder(dir, start);
      await run.appendMetrics({ epoch: 1 });
      fill(4096);
      await run.appendMetrics({ epoch: 2, long: 'x'.repeat(20000) });
      const error = await run.flush().catch(failed);
      await run.appendMetrics({ epoch: 3 }).catch(failed);
      await run.close();
      show(error);`) as Outcome;
    expect(failed.kind).to.equal('storage');
    expect(failed.message).to.match(/metrics\.jsonl: the disk is full \(200\d\d bytes needed, \d+ free\)/);
    expect(metrics).to.equal('{"epoch":1}\n');
    expect(names).to.deep.equal(['config.json', 'environment.json', 'manifest.json', 'metrics.jsonl']);
  });
});
