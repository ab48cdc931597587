import { expect } from 'chai';
import { existsSync } from 'node:fs';
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
import { imageSources } from '../../src/data/formats/imageSource';
import { readCandidate, verify } from '../../src/data/download/verify';
import { decodeModel, encodeModel, loadModel } from '../../src/model/modelFile';
import { newestCheckpoint, openCheckpointFolder } from '../../src/runs/checkpointFolder';
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
import { idxBytes, tinyEntry, tinyFiles } from '../data/tinyDataset';
import { resultOf, specOf } from '../sweeps/spec/specOf';
import { read as readTableChunks } from '../data/tables/read';
import { createAnswers } from './answers';
import { smallImages, withChecksums } from './images';
import { callCounter, takingInput } from './inputs';
import { mutations } from './mutations';
import { createPage } from './page';
import { assertWhole, createTableFile, modelOfTable, TABLES } from './tables';
import { VIRTUAL, withVirtualFiles } from './virtualFiles';

/** How many cases each reader gets. */
const CASES = Number(process.env['HANDGRAD_FUZZ_CASES'] ?? 20_000);
/** In the first of them, the calls of functions are counted. */
const COUNTED = CASES / 10;

type Contents = Readonly<Record<string, Buffer>>;

interface Reader {
  readonly kinds: readonly ErrorKind[];
  /** Valid contents by file name; one of them is mutated for each case. */
  readonly files: Contents | (() => Contents | Promise<Contents>);
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
const page = createPage();
const tableFile = createTableFile();

const READERS: Readonly<Record<string, Reader>> = {
  configs: {
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
    // A damaged one is nobody's.
    kinds: [],
    files: { 'lock-1.json': json({ pid: 1, host: 'x', system: 'y z', processStart: '1', since: '', token: 'a' }) },
    read: () => isHeldElsewhere(VIRTUAL),
  },
  manifests: {
    kinds: ['model'],
    files: { 'manifest.json': json({ handgrad: 'run', version: 1, files: { 'config.json': { bytes: 1, sha256 } } }) },
    read: () => readManifest(VIRTUAL),
  },
  'run folders': {
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
    kinds: ['model'],
    files: {
      'checkpoints/step-00000006.safetensors': checkpoint,
      'checkpoints/step-00000006.json': json({ format: '2', step: 6 }),
      'checkpoints/best.json': json({ step: 6 }),
    },
    async read(bytes, name) {
      if (name.endsWith('.safetensors')) decodeCheckpoint(decodeSafetensors(bytes, name), name);
      else if (name.endsWith('best.json')) await openCheckpointFolder(`${VIRTUAL}/checkpoints`);
      else await newestCheckpoint(`${VIRTUAL}/checkpoints`);
    },
  },
  'model files': {
    kinds: ['model'],
    files: async () => ({ 'm/model.safetensors': model, 't/model.safetensors': await modelOfTable() }),
    async read(bytes, name) {
      decodeModel(bytes, name);
      await openModel(`${VIRTUAL}/${name.split('/')[0]}`, { noVerify: true });
      await loadModel(`${VIRTUAL}/${name}`);
    },
  },
  journals: {
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
    kinds: ['usage'],
    files: { 'sweep.json': json(sweepFile) },
    read: (bytes) => readSweep(parse(bytes)),
  },
  'queued runs': {
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
  'downloaded files': {
    kinds: ['data'],
    files: {
      'train-labels-idx1-ubyte.gz': tinyFiles.trainLabels.gz,
      'train-labels-idx1-ubyte': tinyFiles.trainLabels.bytes,
    },
    async read(_, name) {
      const file = tinyEntry([]).files.trainLabels;
      const found = await verify(await readCandidate(`${VIRTUAL}/${name}`, file), file, name);
      expect(found.sha256).to.equal(file.sha256);
    },
  },
  tables: {
    kinds: ['data'],
    files: TABLES,
    async read(bytes, name) {
      const chunks = { oneColumn: bytes.length % 2 === 0, size: 1 + (bytes.length % 100) };
      try {
        assertWhole(await (name === 'file' ? tableFile.read(bytes) : readTableChunks(bytes, chunks, chunks.size)));
      } catch (error) {
        if (error instanceof HandgradError) expect(error.message).to.match(/^[^\p{Cc}]{5,500}\.$/u);
        throw error;
      }
    },
  },
  'the standard input of predict': {
    kinds: ['data'],
    files: async () => ({
      image: (await smallImages())['gray.png']!,
      paths: Buffer.from('a/b.png\nphotos/ä.jpg\r\n\nlast.png'),
      pixels: Buffer.from(Array.from({ length: 40 }, (_, i) => 250 - i)),
    }),
    async read(bytes) {
      // eslint-disable-next-line @typescript-eslint/require-await
      const stdin = async function* () {
        for (let at = 0; at < bytes.length; at += 33) yield bytes.subarray(at, at + 33);
      };
      for await (const found of imageSources(['-'], { imageShape: [4, 5], stdin })) {
        if ('error' in found) throw found.error;
        if (found.bytes?.length === 0) throw new Error('an image without bytes');
      }
    },
  },
  'requests to the live page': {
    kinds: [],
    files: () =>
      Object.fromEntries(
        ['/', '/api/runs', '/api/metrics?run=r&file=metrics.jsonl&bytes=9', '/api/sweep?run=s', '/report?run=x'].map(
          (url) => [
            url,
            Buffer.from(`GET ${url} HTTP/1.1\r\nHost: ${page.host()}\r\nAccept: */*\r\nConnection: close\r\n\r\n`),
          ],
        ),
      ),
    async read(bytes) {
      expect(await page.answerTo(bytes)).to.not.match(/^HTTP\/1\.1 5/);
    },
  },
  images: {
    kinds: ['data'],
    files: smallImages,
    repair: withChecksums,
    read: (bytes, file) => readImage({ file, bytes }, { imageShape: [4, 4], invert: 'auto', background: 'dark' }),
  },
  'messages of processes that train': {
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

/** What takes in something, but nothing that another can choose; or what is tested elsewhere, with the real part. */
const NOT_HERE: Readonly<Record<string, string>> = {
  'cli/arguments/createCli.ts version': 'the package’s own package.json',
  'cli/stopping/parent.ts read': '/proc',
  'cli/terminal/ask.ts ask': 'what the person at the terminal types',
  'src/collection/removeRun.ts isReport': 'looks for a mark in a page',
  'src/collection/serveRuns.ts serveRuns': 'starts the server, whose requests go to `answer`',
  'src/collection/serveRuns.ts writtenReport': 'looks for a mark in a page',
  'src/data/download/packages.ts run': 'the exit of apt, dpkg, npm and tar',
  'src/files/appendLog.ts createCopy': 'copies bytes whose digest is known',
  'src/files/appendLog.ts startOf': 'copies bytes whose digest is known',
  'src/files/atomicFile.ts syncFolder': 'opens a folder',
  'src/files/atomicFile.ts writeNew': 'opens a new file',
  'src/files/manifest.ts digest': 'computes a digest',
  'src/files/places.ts checkoutOf': 'the package’s own package.json',
  'src/files/processIdentity.ts linuxStartOf': '/proc',
  'src/files/processIdentity.ts startOf': 'ps',
  'src/files/processIdentity.ts systemIdentity': '/proc',
  'src/model/export/webPage.ts webPage': 'a script of the package',
  'src/reports/html.ts page': 'a script of the package',
  'src/reports/html.ts reportPolicy': 'a script of the package',
  'src/reports/writeReport.ts assertReplaceable': 'looks for a mark in a page',
  'src/runs/resume.ts digestOf': 'computes a digest',
  'src/sweeps/openSweep.ts textOf': 'copies a file that was read before',
  'src/sweeps/optuna.ts readAnswer': 'the output of a program that this user chose',
  'src/sweeps/optuna.ts runOptuna': 'the output of a program that this user chose',
  'src/sweeps/spec/distributions.ts fromOptuna': 'the output of a program that this user chose',
  'src/sweeps/workers/queue/consumeQueues.ts openQueues': 'spec/sweeps/workers/queue/damage.spec.ts',
  'src/sweeps/workers/queue/fitness.ts backendLacks': 'a process of this program',
  'src/sweeps/workers/queue/queueExecutor.ts endedRuns': 'spec/sweeps/workers/queue/damage.spec.ts',
  'src/sweeps/workers/queue/queueExecutor.ts faultsOf': 'spec/sweeps/workers/queue/damage.spec.ts',
  'src/sweeps/workers/queue/queueExecutor.ts outcomeOf': 'spec/sweeps/workers/queue/damage.spec.ts',
  'src/sweeps/workers/queue/queueExecutor.ts parsed': 'spec/sweeps/workers/queue/damage.spec.ts',
  'src/sweeps/workers/trainProcess.ts attempt': 'a process of this program, whose lines are read by progressOf',
  'src/sweeps/workers/trainProcess.ts openLog': 'opens a file to append to it',
};

const same = (bytes: Buffer) => bytes;

describe('F105 every reader', function () {
  this.timeout(300_000);

  const counter = callCounter();
  before(async () => {
    await answers.start();
    await page.start();
  });
  after(async () => {
    answers.stop();
    await page.stop();
    tableFile.remove();
  });

  for (const [name, { kinds, files: given, read, repair = same }] of Object.entries(READERS)) {
    it(`${CASES} damaged ${name}: a value, or a sentence of the right kind`, () =>
      withVirtualFiles(async (virtual) => {
        const files = typeof given === 'function' ? await given() : given;
        const names = Object.keys(files);
        for (const [file, content] of Object.entries(files)) virtual.set(file, content);
        for (const file of names) await survives(() => read(files[file]!, file), [...kinds], file);
        const mutate = mutations(names.join().length);
        let refused = 0;
        const one = async (i: number) => {
          const file = names[i % names.length]!;
          const mutated = mutate(files[file]!);
          const bytes = i % 2 === 0 ? repair(mutated) : mutated;
          virtual.set(file, bytes);
          const isRefused = await survives(
            () => read(bytes, file),
            kinds,
            `case ${i}: ${file} = ${JSON.stringify(bytes.toString('latin1'))}`,
          );
          if (isRefused) refused++;
          virtual.set(file, files[file]!);
        };
        await counter.during(async () => {
          for (let i = 0; i < COUNTED; i++) await one(i);
        });
        for (let i = COUNTED; i < CASES; i++) await one(i);
        // The mutants are neither all alike nor all hopeless.
        if (kinds.length > 0) expect(Math.min(refused, CASES - refused)).to.be.above(CASES / 200);
        expect(Object.keys(Object.prototype).concat(Object.keys(Array.prototype))).to.deep.equal([]);
      }));
  }

  it('that the sources show was reached by them, again and again', () => {
    const taking = takingInput();
    const isReached = (one: string) => (counter.counts.get(one) ?? 0) >= COUNTED / 50;
    expect(taking.length).to.be.above(60);
    expect(taking.filter((one) => !isReached(one) && !Object.hasOwn(NOT_HERE, one))).to.deep.equal([]);
    // Nothing is excused that is gone, or that is reached after all.
    expect(Object.keys(NOT_HERE).filter((one) => !taking.includes(one) || isReached(one))).to.deep.equal([]);
    for (const file of Object.values(NOT_HERE).filter((why) => why.startsWith('spec/'))) {
      expect(existsSync(join(__dirname, '../..', file)), file).to.equal(true);
    }
  });
});

/** @returns whether it was refused */
async function survives(read: () => unknown, kinds: readonly ErrorKind[], what: string): Promise<boolean> {
  const began = performance.now();
  let isRefused = false;
  try {
    await read();
  } catch (error) {
    isRefused = true;
    if (!(error instanceof HandgradError) || !kinds.includes(error.kind)) {
      throw new Error(`${what.slice(0, 2000)}: ${(error as Error).stack}`, { cause: error });
    }
    if (/[^\P{Cc}\n]/u.test(error.message) || error.message.length > 5000) {
      throw new Error(`${what.slice(0, 2000)}: ${error.message}`, { cause: error });
    }
  }
  const seconds = (performance.now() - began) / 1000;
  if (seconds > 5) throw new Error(`${what.slice(0, 2000)}: ${seconds} s`);
  return isRefused;
}
