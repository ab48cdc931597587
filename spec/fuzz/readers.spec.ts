import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Redis } from 'ioredis';
import { HandgradError, type ErrorKind } from '../../src/errors';
import { readConfigFile } from '../../src/files/configFile';
import { isHeldElsewhere } from '../../src/files/lock';
import { readManifest } from '../../src/files/manifest';
import { readImage } from '../../src/data/formats/imageFile';
import { parseIdx } from '../../src/data/formats/idx';
import { loadIdxFolder } from '../../src/data/formats/idxFolder';
import { decodeModel, encodeModel } from '../../src/model/modelFile';
import { newestCheckpoint } from '../../src/runs/checkpointFolder';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/runs/checkpoint';
import { resolveConfig } from '../../src/runs/config';
import { decodeSafetensors } from '../../src/model/safetensors';
import { openModel } from '../../src/runs/modelConfig';
import { resultFigure } from '../../src/runs/resultFigure';
import { titleOf } from '../../src/runs/labels';
import { readNewMetrics, readRun } from '../../src/runs/readRun';
import { readSweep } from '../../src/sweeps/spec/sweepFile';
import { readJournal } from '../../src/sweeps/state/journal';
import { rank } from '../../src/sweeps/state/ranking';
import { nextDecision } from '../../src/sweeps/state/nextDecision';
import { replay } from '../../src/sweeps/state/sweepState';
import { readPayload } from '../../src/sweeps/workers/queue/payload';
import { readOutcome } from '../../src/sweeps/workers/queue/queueExecutor';
import { listSweeps, listWorkers } from '../../src/sweeps/workers/queue/registry';
import { runResult } from '../../src/sweeps/workers/runResult';
import { hasSettings, lastError, progressOf, stopsAtRung } from '../../src/sweeps/workers/trainMessages';
import { idxBytes } from '../data/tinyDataset';
import { resultOf, specOf } from '../sweeps/spec/specOf';
import { createAnswers } from './answers';
import { smallImages, withChecksums } from './images';
import { mutations } from './mutations';
import { VIRTUAL, withVirtualFiles } from './virtualFiles';

/** How many cases each reader gets. */
const CASES = Number(process.env['HANDGRAD_FUZZ_CASES'] ?? 20_000);

type Contents = Readonly<Record<string, Buffer>>;

interface Reader {
  /** The files of src/ whose reading this tests. */
  readonly covers: readonly string[];
  readonly kinds: readonly ErrorKind[];
  /** Valid contents by file name; one of them is mutated for each case. */
  readonly files: Contents | (() => Promise<Contents>);
  /** Corrects checksums of mutated bytes, so that what is behind them is read as well; called for every other case. */
  readonly repair?: (bytes: Buffer) => Buffer;
  /** Reads `bytes`, which are also the content of a file called `name` in `VIRTUAL`, beside the others. */
  readonly read: (bytes: Buffer, name: string) => unknown;
}

const json = (...lines: unknown[]) => Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
const model = Buffer.from(
  encodeModel({
    parameters: [
      { name: 'W1', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      { name: 'b1', shape: [3], data: Float32Array.of(1, 2, 3) },
    ],
    config: { datasetName: 'a', datasetDigest: '', classNames: ['x', 'y', 'z'], imageShape: [1, 2], scale: 1, lr: 0.1 },
  }),
);
const sha256 = 'a'.repeat(64);
const checkpoint = Buffer.from(
  encodeCheckpoint({
    tensors: [{ name: 'W1', dtype: 'F32', shape: [1], data: Float32Array.of(1) }],
    progress: {
      ...{ epoch: 1, step: 6, batch: 0, samples: 0, skippedBatches: 0, skippedSamples: 0 },
      ...{ bestEpoch: 0, seconds: 1, epochStart: 1 },
    },
    run: { backend: 'cpu', device: 'x', datasetDigest: '', trainSamples: 1 },
    records: {
      metrics: { rows: 1, bytes: 9, sha256 },
      events: { file: 'events.out.tfevents.1.handgrad', bytes: 9, sha256 },
    },
    config: { lr: 0.1 },
  }),
);
const epoch = {
  ...{ type: 'epoch', epoch: 1, step: 6, loss: 0.5, lastBatchLoss: 0.4, testLoss: 0.5, testAccuracy: 0.8 },
  ...{ seconds: 1, trainSeconds: 1, samplesPerSecond: 100 },
};
const log = { type: 'log', epoch: 1, step: 3, loss: 0.6, lr: 0.1, gradientNorm: 2 };
const end = { type: 'end', epochs: 1, testLoss: 0.5, testAccuracy: 0.8, seconds: 1, runDir: 'runs/x' };
const sweepFile = {
  ...{ method: 'random', run_cap: 4, metric: { name: 'testLoss', goal: 'minimize' }, seeds: 2, seed: 1 },
  parameters: { lr: { min: 0.001, max: 1, distribution: 'log_uniform_values' }, hidden: { values: [[8], '16,8'] } },
  fixed: { epochs: 9, dataset: 'mnist' },
  early_terminate: { type: 'hyperband', min_iter: 1 },
};
const spec = specOf(sweepFile);
const run = { trial: 0, seed: 0, rung: 0 };
const redisWith = (text: string) =>
  ({
    hgetall: () => Promise.resolve({ [sha256.slice(0, 16)]: text }),
    smembers: () => Promise.resolve(['w']),
    mget: () => Promise.resolve([text]),
  }) as unknown as Redis;
const parse = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
};

const answers = createAnswers();

const READERS: Readonly<Record<string, Reader>> = {
  configs: {
    covers: ['files/configFile.ts', 'files/readWhole.ts'],
    kinds: ['usage'],
    files: {
      'c.yaml': Buffer.from('lr: 0.1\nhidden: [64, 32]\nepochs: 3 # some\nbase: &a {seed: 1}\n'),
      'c.json': json({ lr: 1 }),
    },
    async read(_, name) {
      resolveConfig([{ values: await readConfigFile(`${VIRTUAL}/${name}`), from: { file: name } }]);
    },
  },
  locks: {
    covers: ['files/lock.ts'],
    kinds: ['storage'],
    files: { 'lock-1.json': json({ pid: 1, host: 'x', system: 'y z', processStart: '1', since: '', token: 'a' }) },
    read: () => isHeldElsewhere(VIRTUAL),
  },
  manifests: {
    covers: ['files/manifest.ts'],
    kinds: ['model'],
    files: { 'manifest.json': json({ handgrad: 'run', version: 1, files: { 'config.json': { bytes: 1, sha256 } } }) },
    read: () => readManifest(VIRTUAL),
  },
  'run folders': {
    covers: ['runs/readRun.ts'],
    kinds: ['model'],
    files: {
      'config.json': json({ lr: 0.1, epochs: 3, stopAfter: 1 }),
      'environment.json': json({ backend: 'cpu', versions: { node: '20' } }),
      'metrics.jsonl': json(epoch, log, { type: 'diverged', message: 'x' }, end),
    },
    async read() {
      const read = await readRun(VIRTUAL);
      runResult(read, 'testAccuracy');
      titleOf(read);
      resultFigure(read);
      await readNewMetrics(VIRTUAL);
    },
  },
  checkpoints: {
    covers: ['runs/checkpoint.ts', 'runs/checkpointFolder.ts', 'model/strictJson.ts', 'runs/resume.ts'],
    kinds: ['model'],
    files: {
      'checkpoints/step-00000006.safetensors': checkpoint,
      'checkpoints/step-00000006.json': json({ format: '2', step: 6 }),
      'checkpoints/best.json': json({ step: 6 }),
    },
    async read(bytes, name) {
      if (name.endsWith('.safetensors')) decodeCheckpoint(decodeSafetensors(bytes, name), name);
      else await newestCheckpoint(`${VIRTUAL}/checkpoints`);
    },
  },
  'model files': {
    covers: ['model/modelFile.ts', 'runs/modelConfig.ts'],
    kinds: ['model'],
    files: { 'm/model.safetensors': model },
    async read(bytes, name) {
      decodeModel(bytes, name);
      await openModel(`${VIRTUAL}/m`, { noVerify: true });
    },
  },
  journals: {
    covers: ['sweeps/state/journal.ts', 'sweeps/openSweep.ts'],
    kinds: ['model', 'usage'],
    files: {
      'journal.jsonl': json(
        { type: 'sweep', version: 1, id: sha256.slice(0, 16), spec },
        { type: 'trial', trial: 0, configuration: { lr: 0.1, hidden: [8] }, token: 3 },
        { type: 'start', ...run },
        resultOf(run, 0.5, { runDir: 'trials/0000' }),
        { type: 'failure', trial: 0, seed: 1, rung: 0, reason: 'x', code: 1, retry: false },
        { type: 'revived', trial: 0 },
        { type: 'promotion', trial: 0, rung: 1 },
        { type: 'told', trial: 0 },
        { type: 'extended', spec },
      ),
    },
    async read() {
      const { entries } = await readJournal(VIRTUAL);
      const first = entries[0];
      if (first?.type !== 'sweep') return;
      const state = replay(first.spec, entries);
      rank(state);
      nextDecision(state);
    },
  },
  'sweep files': {
    covers: ['sweeps/spec/sweepFile.ts', 'sweeps/spec/distributions.ts'],
    kinds: ['usage'],
    files: { 'sweep.json': json(sweepFile) },
    read: (bytes) => readSweep(parse(bytes)),
  },
  'queued runs': {
    covers: ['sweeps/workers/queue/payload.ts'],
    kinds: [],
    files: {
      job: json({
        ...{ version: 1, sweep: sha256.slice(0, 16), ...run, seeds: 1, epochs: 3, metric: 'testAccuracy' },
        settings: { lr: 0.1, hidden: [8], dataset: 'mnist' },
      }),
    },
    read: (bytes) => readPayload(parse(bytes), sha256.slice(0, 16), ['mnist']),
  },
  'results of workers': {
    covers: ['sweeps/workers/queue/queueExecutor.ts'],
    kinds: [],
    files: {
      result: json({ type: 'result', result: { ...resultOf(run, 1), config: { lr: 1 } } }),
      failure: json({ type: 'failure', reason: 'x', code: 1, retry: true }),
    },
    read(bytes) {
      const outcome = readOutcome(parse(bytes), { lr: 0.5 });
      if (outcome.type === 'result') expect(outcome.result.config).to.deep.equal({ lr: 0.5 });
    },
  },
  'the lists of sweeps and workers': {
    covers: ['sweeps/workers/queue/registry.ts'],
    kinds: [],
    files: {
      sweep: json({
        ...{ name: 'x', metric: 'loss', state: 'active' },
        needs: { version: '1', datasets: ['x.csv'], backends: ['cpu'] },
      }),
      worker: json({ host: 'x', pid: 1, slots: 1, running: 0, problem: 'y', unfit: { [sha256.slice(0, 16)]: 'z' } }),
    },
    async read(bytes) {
      await listSweeps(redisWith(bytes.toString('utf8')));
      await listWorkers(redisWith(bytes.toString('utf8')));
    },
  },
  'IDX files': {
    covers: ['data/formats/idxFolder.ts', 'data/download/gunzip.ts'],
    kinds: ['data'],
    files: {
      ...Object.fromEntries(
        ['train', 't10k'].flatMap((part) => [
          [`${part}-images-idx3-ubyte.gz`, gzipSync(idxBytes([2, 1, 2], Buffer.from([1, 2, 3, 4])))],
          [`${part}-labels-idx1-ubyte`, idxBytes([2], Buffer.from([0, 1]))],
        ]),
      ),
      idx: idxBytes([3, 4, 5], new Uint8Array(60)),
    },
    read: (bytes, name) => (name === 'idx' ? parseIdx(bytes, name) : loadIdxFolder(VIRTUAL)),
  },
  images: {
    covers: ['data/formats/imageFile.ts'],
    kinds: ['data'],
    files: smallImages,
    repair: withChecksums,
    read: (bytes, file) => readImage({ file, bytes }, { imageShape: [4, 4], invert: 'auto', background: 'dark' }),
  },
  'messages of processes that train': {
    covers: ['sweeps/workers/trainMessages.ts'],
    kinds: [],
    files: {
      '0.json': json({ lr: 0.1, hidden: [8], epochs: 3, stopAfter: 1, threads: 2 }),
      '0/config.json': json({ lr: 0.1, epochs: 3, stopAfter: 1 }),
      '0.log': Buffer.from('starting\nError: the backend cpu has no memory left.\n    at step (train.js:1:1)\n'),
      epoch: json(epoch),
    },
    async read(bytes, name) {
      if (name === 'epoch') {
        for (const line of bytes.toString('utf8').split('\n')) {
          const { epoch, value } = progressOf(line, 'testLoss') ?? { epoch: 0, value: 0 };
          expect([Number.isSafeInteger(epoch), Number.isFinite(value ?? 0)]).to.deep.equal([true, true]);
        }
      } else if (name === '0.json') await hasSettings(`${VIRTUAL}/0.json`, { lr: 0.1 });
      else if (name === '0.log') expect(await lastError(`${VIRTUAL}/0.log`)).to.not.match(/\p{Cc}/u);
      else await stopsAtRung(`${VIRTUAL}/0`);
    },
  },
  'answers of servers': {
    covers: ['data/download/fetchBytes.ts', 'data/download/redirects.ts'],
    kinds: ['data'],
    files: {
      whole: answer('200 OK', { 'content-length': 9, 'content-type': 'application/gzip', etag: '"1"' }, '123456789'),
      chunked: answer('200 OK', { 'transfer-encoding': 'chunked' }, '4\r\n1234\r\n5\r\n56789\r\n0\r\n\r\n'),
      part: answer('206 Partial Content', { 'content-range': 'bytes 0-8/9', 'content-length': 9 }, '123456789'),
      moved: answer('302 Found', { location: 'http://example.org/a?b#c', 'content-length': 0 }, ''),
      busy: answer('503 Service Unavailable', { 'retry-after': 1, 'content-type': 'text/html' }, '<html>'),
    },
    read: (bytes) => answers.fetch(bytes),
  },
};

/** An HTTP response. */
function answer(status: string, headers: Readonly<Record<string, string | number>>, body: string): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${body}`);
}

/** Files that read something, but nothing of others; or whose fuzzer is elsewhere. */
const NOT_HERE: Readonly<Record<string, string>> = {
  'collection/removeRun.ts': 'looks for a mark in a page',
  'collection/serveRuns.ts': 'scripts of the package; looks for a mark in a page',
  'data/download/verify.ts': 'compares bytes with digests',
  'data/tables/columnBuilder.ts': 'spec/data/tables/anyBytes.spec.ts',
  'data/tables/decompress.ts': 'spec/data/tables/anyBytes.spec.ts',
  'data/tables/preparationSchema.ts': 'spec/data/tables/preparation.spec.ts',
  'files/appendLog.ts': 'copies bytes whose digest is known',
  'files/places.ts': 'the package’s own package.json',
  'files/processIdentity.ts': '/proc',
  'model/export/webPage.ts': 'a script of the package',
  'reports/html.ts': 'a script of the package',
  'reports/render.ts': 'a chart of this program',
  'reports/writeReport.ts': 'looks for a mark in a page',
  'sweeps/optuna.ts': 'the output of a program that this user chose',
};
const READS =
  /\b(readWhole|readOwn|openOwn|startOf|readFile|readFileSync|parseDocument|safeParse|gunzip\w*|sharp)\(|JSON\.parse\(/;

const same = (bytes: Buffer) => bytes;

describe('F105 every reader', function () {
  this.timeout(300_000);

  it('has a fuzzer', () => {
    const root = join(__dirname, '../../src');
    const all = readdirSync(root, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'));
    const files = all.filter((file) => file.endsWith('.ts'));
    // What belongs to this machine: compilers, drivers, libraries.
    const others = files.filter((file) => !/^(backends|doctor)\//.test(file));
    const reading = others.filter((file) => READS.test(readFileSync(join(root, file), 'utf8')));
    const covered = Object.values(READERS).flatMap(({ covers }) => covers);
    const known = [...covered, ...Object.keys(NOT_HERE)];
    expect(reading.filter((file) => !known.includes(file))).to.deep.equal([]);
    expect(known.filter((file) => !files.includes(file))).to.deep.equal([]);
  });

  before(() => answers.start());
  after(() => answers.stop());

  for (const [name, { kinds, files: given, read, repair = same }] of Object.entries(READERS)) {
    it(`${CASES} damaged ${name}: a value, or a sentence of the right kind`, () =>
      withVirtualFiles(async (virtual) => {
        const files = typeof given === 'function' ? await given() : given;
        const names = Object.keys(files);
        for (const [file, content] of Object.entries(files)) virtual.set(file, content);
        for (const file of names) await survives(() => read(files[file]!, file), [...kinds], file);
        const mutate = mutations(names.join().length);
        for (let i = 0; i < CASES; i++) {
          const file = names[i % names.length]!;
          const mutated = mutate(files[file]!);
          const bytes = i % 2 === 0 ? repair(mutated) : mutated;
          virtual.set(file, bytes);
          await survives(
            () => read(bytes, file),
            kinds,
            `case ${i}: ${file} = ${JSON.stringify(bytes.toString('latin1'))}`,
          );
          virtual.set(file, files[file]!);
        }
        expect(Object.keys(Object.prototype).concat(Object.keys(Array.prototype))).to.deep.equal([]);
      }));
  }
});

async function survives(read: () => unknown, kinds: readonly ErrorKind[], what: string): Promise<void> {
  const began = performance.now();
  try {
    await read();
  } catch (error) {
    if (!(error instanceof HandgradError) || !kinds.includes(error.kind)) {
      throw new Error(`${what.slice(0, 2000)}: ${(error as Error).stack}`, { cause: error });
    }
    if (/[^\P{Cc}\n]/u.test(error.message) || error.message.length > 5000) {
      throw new Error(`${what.slice(0, 2000)}: ${error.message}`, { cause: error });
    }
  }
  const seconds = (performance.now() - began) / 1000;
  if (seconds > 5) throw new Error(`${what.slice(0, 2000)}: ${seconds} s`);
}
