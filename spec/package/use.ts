// A program that uses handgrad as an installed package, without the command line. `.ci/run` compiles it twice, as a
// CommonJS and as an ES module, against the types of the package, and runs both on several versions of Node:
//   node use.cjs FOLDER IMAGES    FOLDER is empty, to work in; IMAGES holds the four files of Fashion-MNIST
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  download,
  evaluateModel,
  exportModel,
  HandgradError,
  openModel,
  predict,
  rank,
  resumeRun,
  resumeSweep,
  runSweep,
  startRun,
  startSweep,
  writeReport,
  type DownloadEvent,
  type Run,
  type RunEvent,
  type Settings,
  type SweepEvent,
} from 'handgrad';

const [work = '', images = ''] = process.argv.slice(2);
const path = (...names: string[]) => join(work, ...names);
const POINTS = path('points.csv');
const NAMES = ['ant', 'bee', 'cat'];
const SETTINGS = {
  dataset: POINTS,
  labelColumn: 'species',
  hidden: [8],
  batchSize: 20,
  epochs: 60,
  seed: 1,
  backend: 'wasm',
  threads: 1,
} satisfies Settings;

// The published types know what a setting takes, and which fields an event has.
// @ts-expect-error: a number
void ({ batchSize: 'many' } satisfies Settings);
// @ts-expect-error: not before it is known to be an epoch or the end
export type Loss = RunEvent['loss'];

/** Three classes of points in the plane, apart from each other. */
function writePoints(): void {
  const rows = Array.from({ length: 150 }, (_, i) => {
    const at = i % 3;
    return `${NAMES[at]},${at + ((i * 7) % 10) / 50},${at * at + ((i * 3) % 10) / 50}`;
  });
  writeFileSync(POINTS, `species,x,y\n${rows.join('\n')}\n`);
}

/** The kind and the sentence of the error that it ends with. */
async function failure(work: () => Promise<unknown>): Promise<string> {
  const error: unknown = await work().then(
    () => assert.fail('it should have failed'),
    (error: unknown) => error,
  );
  assert(error instanceof HandgradError);
  return `${error.kind}: ${error.message}`;
}

async function trainToEnd(run: Run): Promise<Extract<RunEvent, { type: 'end' }>> {
  for await (const event of run.train()) if (event.type === 'end') return event;
  return assert.fail('the run did not end');
}

async function runs(): Promise<{ readonly dir: string; readonly testAccuracy: number | null }> {
  const whole = await trainToEnd(await startRun(SETTINGS, { dir: path('whole') }));

  const run = await startRun(SETTINGS, { dir: path('run') });
  assert.equal(run.backend?.name, 'wasm');
  assert.deepEqual(run.dataset?.classNames, NAMES);
  const abort = new AbortController();
  const events: RunEvent[] = [];
  for await (const event of run.train(abort.signal)) {
    if (event.type === 'epoch' && event.epoch === 4) abort.abort();
    if (event.type !== 'step') events.push(event);
  }
  const types = ['start', 'epoch', 'epoch', 'epoch', 'epoch', 'stopped'];
  assert.deepEqual(
    events.map(({ type }) => type),
    types,
  );
  assert(!readdirSync(run.dir).includes('model.safetensors'));

  const end = await trainToEnd(await resumeRun(run.dir));
  assert.equal(end.epochs, 60);
  assert.equal(end.testLoss, whole.testLoss);
  const model = (dir: string) => readFileSync(path(dir, 'model.safetensors'));
  assert(model('run').equals(model('whole')), 'a stopped and resumed run ends with the bytes of one that was not');
  return { dir: run.dir, testAccuracy: end.testAccuracy ?? null };
}

async function models(dir: string, testAccuracy: number | null): Promise<void> {
  const evaluation = await evaluateModel(dir);
  assert('accuracy' in evaluation, 'classes are judged by accuracy');
  assert.equal(evaluation.accuracy, testAccuracy);
  assert(evaluation.accuracy > 0.9, `accuracy ${evaluation.accuracy}`);
  assert.equal(
    evaluation.confusion.flat().reduce((sum, count) => sum + count, 0),
    evaluation.samples,
  );

  const rows = [
    [0.1, 0.1],
    [1.1, 1.1],
    [2.1, 4.1],
  ];
  const { predictions } = await predict(dir, { rows });
  assert.deepEqual(
    predictions.map(({ top }) => top[0]?.name),
    NAMES,
  );

  const { parameters, config } = await openModel(dir);
  assert.deepEqual(
    parameters.map(({ name, shape }) => [name, ...shape]),
    [
      ['W1', 2, 8],
      ['b1', 8],
      ['W2', 8, 3],
      ['b2', 3],
    ],
  );
  assert.deepEqual([config?.hidden, config?.classNames], [[8], NAMES]);

  for (const format of ['layers', 'onnx', 'safetensors'] as const) {
    const { path: place, files } = await exportModel(dir, { format, out: path('exported', format) });
    assert(files.length > 0 && files.every((file) => readFileSync(file).length > 0), `${format} in ${place}`);
  }
  const exported = await evaluateModel(path('exported', 'safetensors'), { dataset: POINTS });
  assert.equal(exported.loss, evaluation.loss);
  assert.match(await failure(() => exportModel(dir, { format: 'onnx', out: path('exported', 'onnx') })), /^usage: /);

  const page = await writeReport(dir, {}, { png: path('png') });
  assert.match(readFileSync(page, 'utf8'), /<svg/);
  const [picture = ''] = readdirSync(path('png'));
  assert.equal(readFileSync(path('png', picture)).toString('latin1', 1, 4), 'PNG');
}

async function sweeps(): Promise<void> {
  const source = (lr: readonly number[]) => ({
    method: 'grid',
    parameters: { lr: { values: lr } },
    fixed: { ...SETTINGS, epochs: 3, tensorboard: false },
  });
  const events: SweepEvent[] = [];
  for await (const event of runSweep(source([0.1]), { dir: path('sweep'), workers: 1 })) events.push(event);
  assert.deepEqual(
    events.map(({ type }) => type),
    ['start', 'trial', 'epoch', 'epoch', 'epoch', 'result', 'end'],
  );

  await (await startSweep(source([0.001, 0.1]), { dir: path('sweep2') })).close();
  const sweep = await resumeSweep(path('sweep2'));
  for await (const event of sweep.run({ workers: 2 })) {
    if (event.type === 'end') assert.deepEqual([event.state, event.done, event.failed], ['complete', 2, 0]);
  }
  assert.equal(rank(sweep.state)[0]?.configuration['lr'], 0.1);
  assert.match(await writeReport(path('sweep2')), /report\.html$/);
}

async function pictures(): Promise<void> {
  const dataDir = path('data');
  const seen: string[] = [];
  const onEvent = ({ type }: DownloadEvent) => seen.push(type);
  const from = (source: string) => download('fashion-mnist', { dataDir, source, onEvent });
  assert.match(await failure(() => from(work)), /^data: No source provided /);
  const folder = await from(images);
  assert.equal(readdirSync(folder).length, 4);
  assert.deepEqual(seen.slice(0, 2), ['source', 'failed']);
  assert.deepEqual([seen.includes('progress'), seen.at(-1)], [true, 'done']);

  const settings = { dataDir, hidden: [], limit: 1000, epochs: 1, backend: 'wasm', threads: 1 } satisfies Settings;
  const run = await startRun(settings, { dir: path('images') });
  assert.equal(run.dataset?.test.count, 10_000);
  await trainToEnd(run);
  const files = readdirSync(path('png')).map((name) => path('png', name));
  const { predictions } = await predict(run.dir, { images: files }, settings, { top: 10 });
  for (const { top, file } of predictions) {
    assert(Math.abs(top.reduce((sum, { probability }) => sum + probability, 0) - 1) < 1e-5, file);
    assert.equal(new Set(top.map(({ name }) => name)).size, 10);
  }
  const { files: web } = await exportModel(run.dir, { format: 'web' });
  assert(web.some((file) => file.endsWith('index.html')));
}

async function main(): Promise<void> {
  writePoints();
  assert.match(await failure(() => startRun({ ...SETTINGS, lr: -1 })), /^usage: `lr` must be /);
  const { dir, testAccuracy } = await runs();
  await models(dir, testAccuracy);
  await sweeps();
  await pictures();
  console.log(`${process.version}: runs, models, sweeps and data sets, from ${process.argv[1]}`);
}

void main();
