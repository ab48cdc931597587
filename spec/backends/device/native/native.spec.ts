import { expect } from 'chai';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findCompiler } from '../../../../src/backends/device/native/compile';
import { setupNative } from '../../../../src/backends/device/native/native';
import { writePoints } from '../../../cli/points';
import { program } from '../../../cli/program';
import { need } from '../../../need';
import { type Ended, quickCompiler, runInChild, selectInChild, type Selected, temporaryFolder } from '../../child';
import type { ShortTraining } from '../../shortTraining';

// Every test has a Node of its own: the library cannot be unloaded.

/** Starts native on this many threads and runs `work`, which may use `tf`, `shortTraining`, `print` and `backend`. */
function onNative(threads: number | undefined, work: string, env: Record<string, string | undefined> = {}) {
  const code = `
    const tf = require('@tensorflow/tfjs-core');
    const { selectBackend } = require('./src/backends');
    const { shortTraining } = require('./spec/backends/shortTraining');
    const print = (value) => console.log(JSON.stringify(value));
    const notices = [];
    const onNotice = (notice) => notices.push(notice);
    selectBackend('native', { threads: ${threads}, onNotice }).then(async (backend) => { ${work} });`;
  return runInChild(code, env);
}

const answer = <T>({ stdout, stderr }: Ended): T => {
  if (!stdout) throw new Error(stderr);
  return JSON.parse(stdout) as T;
};

function taken(selected: Selected) {
  if (!('backend' in selected)) throw new Error(selected.message);
  return selected;
}

function refused(selected: Selected): string {
  if ('backend' in selected) throw new Error(`${selected.backend.name} was taken`);
  expect(selected.kind).to.equal('backend');
  expect(selected.message).to.not.contain('\n');
  return selected.message;
}

const libraries = (folder: string) => (fs.existsSync(folder) ? fs.readdirSync(folder) : []);

describe('native where it cannot be compiled', () => {
  /** A folder of programs without a compiler, and one for libraries without any. */
  const nothing = () => ({ CXX: undefined, PATH: temporaryFolder(), HANDGRAD_NATIVE: temporaryFolder() });

  it('F60 by name and without a compiler: it is refused, and says how to get one', async () => {
    expect(refused(await selectInChild('native', nothing()))).to.match(
      /^The native backend cannot run here: there is no C\+\+ compiler .*(apt-get install g\+\+|xcode-select)/,
    );
  });

  it('F60 a compiler in CXX that is not there is named, and no other is taken', async () => {
    const env = { CXX: 'no-such-c++', HANDGRAD_NATIVE: temporaryFolder() };
    expect(refused(await selectInChild('native', env))).to.contain('CXX is no-such-c++, which is not a program here');
  });

  it('F61 a compiler that fails: what it said, in one sentence; auto goes on to the next backend', async () => {
    const compiler = path.join(temporaryFolder(), 'c++');
    fs.writeFileSync(compiler, '#!/bin/sh\necho "cc1plus: fatal error: it is broken" >&2\nexit 1\n', { mode: 0o755 });
    const env = { CXX: compiler, HANDGRAD_NATIVE: temporaryFolder(), HANDGRAD_TFJS_NODE: temporaryFolder() };
    expect(refused(await selectInChild('native', env))).to.match(
      /: it could not be compiled \(.*c\+\+: cc1plus: fatal error: it is broken\); .*CXX/,
    );
    const { backend } = taken(await selectInChild('auto', env, '', { compile: true }));
    expect(backend.name).to.equal('wasm');
    expect(backend.rejected.find(({ name }) => name === 'native')!.reason).to.contain('it is broken');
    expect(libraries(env.HANDGRAD_NATIVE)).to.deep.equal([]);
  });

  it('F61 a folder that cannot be written, or that others can write to, is named', async () => {
    const file = path.join(temporaryFolder(), 'file');
    fs.writeFileSync(file, '');
    const open = temporaryFolder();
    fs.chmodSync(open, 0o777);
    for (const folder of [path.join(file, 'libraries'), open]) {
      const message = refused(await selectInChild('native', { CXX: '/bin/sh', HANDGRAD_NATIVE: folder }));
      expect(message)
        .to.contain(folder)
        .and.to.match(/name a folder of your own in HANDGRAD_NATIVE/);
    }
  });

  it('the program ends with 4 and one sentence, and so does setup native', async () => {
    const points = writePoints(path.join(temporaryFolder(), 'points.csv'));
    for (const argv of [
      ['gradcheck', '--backend', 'native', '--dataset', points],
      ['setup', 'native'],
    ]) {
      const { code, stderr } = await program(argv, nothing());
      expect(stderr).to.match(/^Error: The native backend cannot .*C\+\+ compiler.*\.\n$/);
      expect(code).to.equal(4);
    }
  });
});

describe('native', function () {
  this.timeout(120_000);
  before(function () {
    need(this, findCompiler() ? undefined : 'there is no C++ compiler');
  });

  describe('is compiled', () => {
    const folder = temporaryFolder();
    const env = { HANDGRAD_NATIVE: folder, HANDGRAD_TFJS_NODE: temporaryFolder() };
    const { CXX } = process.env;
    before(() => void (process.env['CXX'] = quickCompiler()));
    after(() => {
      if (CXX === undefined) delete process.env['CXX'];
      else process.env['CXX'] = CXX;
    });

    it('not by auto on its own account, and not under HANDGRAD_NO_COMPILE=1', async () => {
      const without = [
        await selectInChild('auto', env),
        await selectInChild('auto', { ...env, HANDGRAD_NO_COMPILE: '1' }, '', { compile: true }),
      ];
      for (const { backend } of without.map(taken)) {
        expect(backend.name).to.equal('wasm');
        expect(backend.rejected.find(({ name }) => name === 'native')!.reason).to.contain('handgrad setup native');
      }
      expect(libraries(folder)).to.deep.equal([]);
    });

    it('by two starts at once, which both have it and say so; then by none', async () => {
      const starts = await Promise.all([
        selectInChild('native', env),
        selectInChild('auto', env, '', { compile: true }),
      ]);
      for (const { backend, notices } of starts.map(taken)) {
        expect(backend.name).to.equal('native');
        expect(notices.join()).to.match(/^Compiling the native backend with \S+; this happens once/);
      }
      expect(libraries(folder).filter((name) => !name.endsWith('.so'))).to.deep.equal([]);
      const before = libraries(folder);
      for (const requested of ['native', 'auto'] as const) {
        const { backend, notices } = taken(await selectInChild(requested, env));
        expect(backend.name).to.equal('native');
        expect(notices).to.deep.equal([]);
      }
      expect(libraries(folder)).to.deep.equal(before);
    });

    it('F61 again when the library was cut or is that of somebody else', async () => {
      const folder = temporaryFolder();
      const env = { HANDGRAD_NATIVE: folder, HANDGRAD_TFJS_NODE: temporaryFolder() };
      const { file } = await setupNative();
      const copy = path.join(folder, path.basename(file));
      fs.copyFileSync(file, copy);
      expect(taken(await selectInChild('auto', env)).backend.name).to.equal('native');
      fs.truncateSync(copy, 100_000);
      const { backend } = taken(await selectInChild('auto', env));
      expect(backend.name, 'auto does not load it').to.equal('wasm');
      const { notices } = taken(await selectInChild('native', env));
      expect(notices.join()).to.contain('Compiling');
      fs.chmodSync(folder, 0o777);
      try {
        expect(taken(await selectInChild('auto', env)).backend.name, 'others can write there').to.equal('wasm');
        if (process.getuid?.() !== 0) return; // only root gives folders away
        fs.chmodSync(folder, 0o755);
        fs.chownSync(folder, 12_345, 12_345);
        expect(taken(await selectInChild('auto', env)).backend.name, "somebody else's folder").to.equal('wasm');
      } finally {
        if (process.getuid?.() === 0) fs.chownSync(folder, 0, 0);
        fs.chmodSync(folder, 0o755);
      }
    });

    it('ahead by setup native, which says whether it was there already', async () => {
      const other = { HANDGRAD_NATIVE: path.join(temporaryFolder(), 'made', 'on', 'the', 'way') };
      const first = await program(['setup', 'native'], other);
      expect(first.stdout, first.stderr).to.match(
        /^The native backend is compiled: (\S+); auto considers it from now on\.\n$/,
      );
      const second = await program(['setup', 'native'], other);
      expect(second.stdout).to.match(/^The native backend is already compiled: (\S+); auto/);
      expect(fs.existsSync(/compiled: (\S+);/.exec(second.stdout)![1]!)).to.equal(true);
      expect(taken(await selectInChild('auto', other)).backend.name).to.equal('native');
    });
  });

  describe('on its threads', () => {
    it('trains to the same bytes on one, two, three and five, and again on two', async () => {
      const runs: ShortTraining[] = [];
      for (const threads of [1, 2, 3, 5, 2]) runs.push(answer(await onNative(threads, 'print(await shortTraining())')));
      expect(runs[0]!.params).to.have.length(4);
      expect(runs[0]!.losses[1]).to.be.below(runs[0]!.losses[0]!);
      for (const run of runs.slice(1)) expect(run).to.deep.equal(runs[0]);
    });

    it('computes every kernel to the same bytes', async () => {
      const work = `
        const { kernelBytes } = require('./spec/backends/device/kernelCases');
        const found = {};
        for (const threads of [1, 2, 3, 5]) {
          await selectBackend('native', { threads });
          found[threads] = await kernelBytes('native', 25);
        }
        print(found);`;
      const found = answer<Record<string, Record<string, string>>>(await onNative(1, work));
      expect(Object.keys(found['1']!).length).to.be.above(90);
      for (const threads of ['2', '3', '5']) expect(found[threads], `${threads} threads`).to.deep.equal(found['1']);
    });

    it('has as many as were asked for, keeps the number otherwise, and says when they are too many', async () => {
      const work = `
        const count = () => require('node:fs').readdirSync('/proc/self/task').length;
        const one = count();
        const five = (await selectBackend('native', { threads: 5, onNotice })).threads;
        const kept = (await selectBackend('native')).threads;
        print({ device: backend.device, five, kept, started: count() - one, notices });`;
      need(this.ctx, process.platform === 'linux' ? undefined : 'there is no /proc');
      const found = answer<{ device: string; five: number; kept: number; started: number; notices: string[] }>(
        await onNative(1, work),
      );
      expect(found.device).to.match(/, vectors of \d+ floats, one thread$/);
      expect(found).to.include({ five: 5, kept: 5, started: 4 });
      if (os.availableParallelism() < 5) {
        expect(found.notices.join()).to.match(/^5 threads on (one processor|\d processors) slow each other down\.$/);
      }
    });

    it('chooses between one and the number of processors itself', async () => {
      const threads = answer<number>(await onNative(undefined, 'print(backend.threads)'));
      expect(threads).to.be.within(1, Math.min(64, os.availableParallelism()));
    });

    it('computes on fewer, and says so, where the system grants no more', async function () {
      need(this, process.platform === 'linux' ? undefined : 'the limit is Linux’s');
      // Address space for Node and a few stacks of 512 MB each.
      const code = `const options = { threads: 64, onNotice: (notice) => console.log(notice) };
        require('./src/backends').selectBackend('native', options)
        .then(({ threads }) => console.log(threads < 64, require('@tensorflow/tfjs-core').add(1, 2).dataSync()[0]))`;
      const { stdout, stderr } = await runInShell('ulimit -s 524288; ulimit -v 8000000;', code);
      expect(stdout, stderr).to.match(
        /^The native backend cannot start 64 threads: it computes on (one|\d+)\.\ntrue 3\n$/,
      );
    });

    it('prints nothing, and lets the process end by itself and by an error', async () => {
      expect(await onNative(2, 'await shortTraining()')).to.deep.equal({ code: 0, stdout: '', stderr: '' });
      expect((await onNative(2, "setTimeout(() => { throw new Error('x') })")).code).to.equal(1);
      expect((await onNative(2, "throw new Error('x')")).code).to.equal(1);
    });

    it('ends at once in the middle of its work', async () => {
      const work = `
        const x = tf.ones([2500, 2500]);
        tf.matMul(x, x).dataSync();
        const began = Date.now();
        for (let i = 0; i < 12; i++) tf.matMul(x, x); // seconds of work, and room for it in the queue
        const queued = Date.now();
        process.on('exit', () => print({ queueing: queued - began, ended: Date.now() }));
        process.exit(7);`;
      const ended = await onNative(2, work);
      const { queueing, ended: said } = answer<{ queueing: number; ended: number }>(ended);
      expect(ended.code).to.equal(7);
      expect(queueing, 'nothing has waited').to.be.below(1000);
      expect(Date.now() - said).to.be.below(2000);
    });

    it('leaves signals to the program', async () => {
      // All of them, as often as they can be sent, while it computes on both threads; the bytes are those of a quiet
      // run.
      const work = `
        const heard = { SIGUSR2: 0, SIGWINCH: 0, SIGINT: 0 };
        const { pid } = process;
        for (const signal of Object.keys(heard)) process.on(signal, () => heard[signal]++);
        const sender = require('node:child_process').spawn('sh', ['-c',
          'while kill -USR2 ' + pid + ' && kill -WINCH ' + pid + ' && kill -INT ' + pid + '; do :; done']);
        let run;
        do {
          run = await shortTraining();
          await new Promise((resolve) => setTimeout(resolve, 50));
        } while (Math.min(...Object.values(heard)) <= 5); // on a busy machine the sender starts late
        sender.kill();
        print({ heard, run });`;
      const { heard, run } = answer<{ heard: Record<string, number>; run: ShortTraining }>(await onNative(2, work));
      for (const signal of ['SIGUSR2', 'SIGWINCH', 'SIGINT']) expect(heard[signal], signal).to.be.above(5);
      expect(run).to.deep.equal(answer(await onNative(2, 'print(await shortTraining())')));
    }).timeout(120_000); // the sender takes a processor of its own

    it('belongs to one thread of JavaScript', async () => {
      const work = `
        const { Worker } = require('node:worker_threads');
        const code = "require('./bin/register.js'); require('./src/backends').selectBackend('native')" +
          ".catch(({ message }) => require('node:worker_threads').parentPort.postMessage(message))";
        new Worker(code, { eval: true }).on('message', print).on('error', ({ message }) => print(message));`;
      expect(answer(await onNative(1, work))).to.match(/another thread of this process has it/);
    });
  });

  it('compiled by clang has every kernel as cpu has it, and the same bytes on any threads', async function () {
    const CXX = findCompiler({ ...process.env, CXX: 'clang++' });
    need(this, CXX ? undefined : 'there is no clang++');
    const work = `
      const { checkKernel, KERNEL_CASES } = require('./spec/backends/device/kernelCases');
      const runs = [];
      for (const threads of [1, 3]) {
        await selectBackend('native', { threads });
        runs.push(await shortTraining());
      }
      await selectBackend('cpu');
      for (const kernel of KERNEL_CASES) await checkKernel(kernel, 'native', 8);
      await selectBackend('cpu');
      print({ runs, onCpu: await shortTraining(), notices });`;
    const HANDGRAD_NATIVE = temporaryFolder();
    const found = answer<{ runs: ShortTraining[]; onCpu: ShortTraining; notices: string[] }>(
      await onNative(1, work, { CXX, HANDGRAD_NATIVE }),
    );
    const [one, three] = found.runs as [ShortTraining, ShortTraining];
    expect(found.notices.join()).to.match(/^Compiling the native backend with \S*clang\+\+/);
    expect(three).to.deep.equal(one);
    one.losses.forEach((loss, i) => expect(loss / found.onCpu.losses[i]!).to.be.closeTo(1, 1e-4));
  });

  it('F53 ten thousand steps: tensors, the bytes of the pool and the memory of the process are flat', async () => {
    const work = `
      require('node:v8').setFlagsFromString('--expose-gc');
      const collectGarbage = require('node:vm').runInNewContext('gc');
      const x = tf.randomNormal([64, 100]);
      let W = tf.randomNormal([100, 30]);
      const rows = [];
      for (let step = 1; step <= 10_000; step++) {
        const next = tf.tidy(() => {
          const H = tf.relu(tf.matMul(x, W));
          return tf.sub(W, tf.mul(tf.matMul(x, tf.sub(H, tf.mean(H, 0)), true, false), 1e-6));
        });
        W.dispose();
        W = next;
        if (step % 25 === 0) W.dataSync();
        if (step % 1000) continue;
        collectGarbage();
        const { used, idle } = tf.backend().pool.bytes;
        const [tensors, ids] = [tf.memory().numTensors, tf.backend().numDataIds()];
        rows.push({ tensors, ids, used, idle, rss: process.memoryUsage().rss });
      }
      print(rows);`;
    const rows = answer<Record<'tensors' | 'ids' | 'used' | 'idle' | 'rss', number>[]>(
      // V8's own heap is done growing early.
      await onNative(2, work, { NODE_OPTIONS: '--max-semi-space-size=4' }),
    );
    expect(rows).to.have.length(10);
    const [first, half, last] = [rows[1]!, rows[4]!, rows.at(-1)!];
    for (const key of ['tensors', 'ids', 'used', 'idle'] as const) {
      expect(
        rows.map((row) => row[key]),
        key,
      ).to.deep.equal(rows.map(() => first[key]));
    }
    expect(last.rss / half.rss).to.be.below(1.05);
  });

  it('multiplies by operands of more than 64 MB, which it packs beside them', async () => {
    const work = `
      const [a, b] = [tf.ones([30, 1000]), tf.ones([1000, 20_000])];
      const found = [];
      for (let i = 0; i < 4; i++) {
        const c = tf.tidy(() => { tf.matMul(a, b); return tf.matMul(a, b); });
        found.push(tf.min(c).dataSync()[0], tf.max(c).dataSync()[0]);
      }
      print(found);`;
    expect(answer<number[]>(await onNative(2, work))).to.deep.equal(new Array(8).fill(1000));
  });
});

/** Runs JavaScript as `runInChild` does, by a shell that says `first` before. */
function runInShell(first: string, code: string): Promise<Ended> {
  const command = `${first} exec "${process.execPath}" --require ./bin/register.js --eval "$CODE"`;
  return new Promise((resolve) => {
    execFile('bash', ['-c', command], { env: { ...process.env, CODE: code } }, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code ?? error.signal ?? null) : 0, stdout, stderr });
    });
  });
}
