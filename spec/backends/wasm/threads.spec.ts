import fs from 'node:fs';
import os from 'node:os';
import { expect } from 'chai';
import { MAX_THREADS, selectBackend } from '../../../src/backends';
import { MOST_WASM_THREADS } from '../../../src/backends/wasm/threads';
import { HandgradError } from '../../../src/errors';
import { runInChild, temporaryFolder, type Ended } from '../child';
import type { ShortTraining } from '../shortTraining';

// Every test has a Node of its own: a backend whose threads run cannot be unloaded.

/** Starts wasm on this many threads and runs `work`, which may use `tf`, `shortTraining` and `print`. */
function onThreads(threads: number | undefined, work: string, env: Record<string, string> = {}): Promise<Ended> {
  const code = `
    const tf = require('@tensorflow/tfjs-core');
    const { selectBackend } = require('./src/backends');
    const { shortTraining } = require('./spec/backends/shortTraining');
    const print = (value) => console.log(JSON.stringify(value));
    const notices = [];
    const onNotice = (notice) => notices.push(notice);
    selectBackend('wasm', { threads: ${threads}, onNotice }).then(async (backend) => { ${work} });`;
  return runInChild(code, env);
}

const answer = <T>({ stdout, stderr }: Ended): T => {
  if (!stdout) throw new Error(stderr);
  return JSON.parse(stdout) as T;
};

describe('wasm with threads', function () {
  this.timeout(60_000);

  it('trains to the same bytes on one, two and three threads, and again on two', async () => {
    const runs: ShortTraining[] = [];
    for (const threads of [1, 2, 3, 2]) runs.push(answer(await onThreads(threads, 'print(await shortTraining())')));
    expect(runs[0]!.params).to.have.length(4);
    expect(runs[0]!.losses[1]).to.be.below(runs[0]!.losses[0]!);
    for (const run of runs.slice(1)) expect(run).to.deep.equal(runs[0]);
  });

  it('really has them: as many as were asked for, in as many workers', async () => {
    const work = `
      const { wasm } = tf.backend();
      const { device, threads } = backend;
      const [counted, workers] = [wasm.tfjs.getThreadsCount(), wasm.PThread.runningWorkers.length];
      print({ device, threads, counted, workers });`;
    expect(answer(await onThreads(2, work))).to.deep.equal({
      device: 'WebAssembly with SIMD, 2 threads',
      threads: 2,
      counted: 2,
      workers: 1,
    });
  });

  it('writes no file, prints nothing, and lets the process end by itself', async () => {
    const folder = temporaryFolder();
    const here = fs.readdirSync('.');
    const ended = await onThreads(2, 'await shortTraining()', { TMPDIR: folder, DISABLE_V8_COMPILE_CACHE: '1' });
    expect(ended).to.deep.equal({ code: 0, stdout: '', stderr: '' });
    expect(fs.readdirSync(folder)).to.deep.equal([]);
    expect(fs.readdirSync('.')).to.deep.equal(here);
  });

  it('leaves the exit code of a crash to Node', async () => {
    expect((await onThreads(2, "setTimeout(() => { throw new Error('x') })")).code).to.equal(1);
  });

  it('computes on one thread, with a notice, where no worker may start', async () => {
    // Node's permission model, without the permission for workers.
    const permission = Number(process.versions.node.split('.')[0]) >= 23 ? '--permission' : '--experimental-permission';
    const env = { NODE_OPTIONS: `${permission} --allow-fs-read=*` };
    const work =
      'print({ threads: backend.threads, notices, product: [...tf.matMul([[1, 2]], [[3], [4]]).dataSync()] })';
    const found = answer<{ threads: number; notices: string[]; product: number[] }>(await onThreads(2, work, env));
    expect(found).to.deep.include({ threads: 1, product: [11] });
    expect(found.notices).to.have.length(1);
    expect(found.notices[0]).to.match(/^The wasm backend cannot start 2 threads \(.+\): it computes on one\.$/);
  });

  it('says so when there are more threads than processors', async () => {
    const found = answer<string[]>(await onThreads(MOST_WASM_THREADS, 'print(notices)'));
    if (os.availableParallelism() >= MOST_WASM_THREADS) expect(found).to.deep.equal([]);
    else expect(found[0]).to.match(/^8 threads on (one processor|\d+ processors) slow each other down/);
  });

  it('takes eight where more are asked for, and says so', async () => {
    const work = 'print({ threads: backend.threads, notices })';
    const found = answer<{ threads: number; notices: string[] }>(await onThreads(MOST_WASM_THREADS + 1, work));
    expect(found.threads).to.equal(8);
    expect(found.notices[0]).to.equal('The wasm backend computes on 8 threads at most.');
  });

  it('changes the number only while no tensor is on the backend, and keeps it when nobody asks', async () => {
    const work = `
      const numbers = [(await selectBackend('wasm')).threads, (await selectBackend('wasm', { threads: 1 })).threads];
      const kept = tf.ones([2, 2]);
      const refused = await selectBackend('wasm', { threads: 2 }).catch((error) => error.message);
      kept.dispose();
      numbers.push((await selectBackend('wasm', { threads: 2 })).threads);
      print({ numbers, refused });`;
    const found = answer<{ numbers: number[]; refused: string }>(await onThreads(2, work));
    expect(found.numbers).to.deep.equal([2, 1, 2]);
    expect(found.refused).to.match(/^The wasm backend cannot run here: it already runs on one thread.*dispose/);
  });

  it('chooses between one and four itself when nobody asks', async () => {
    expect(answer<number>(await onThreads(undefined, 'print(backend.threads)'))).to.be.within(1, 4);
  });

  for (const threads of [0, 1.5, -1, NaN, MAX_THREADS + 1]) {
    it(`refuses ${threads} threads`, async () => {
      const error = await selectBackend('wasm', { threads }).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(HandgradError).with.property('kind', 'usage');
      expect((error as Error).message).to.contain(`choose 1 to ${MAX_THREADS}`);
    });
  }
});
