import { expect } from 'chai';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { newestCheckpoint } from '../../src/runs/checkpointFolder';
import { writePoints } from '../cli/points';
import { session } from '../cli/session';
import { need } from '../need';
import { findCompiler } from '../../src/backends/device/native/compile';
import { programFile } from '../../src/files/places';
import { start } from './start';

/** So long a run that it does not end by itself while it is watched. */
const LONG = [
  ...['--optimizer', 'sgd', '--hidden', '8', '--batch-size', '20', '--epochs', '100000'],
  ...['--no-tensorboard', '--json'],
];

/** The processor time of a process, in seconds, from its user ticks of 10 ms each. */
const secondsOf = (pid: number) =>
  Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[11]) / 100;

describe('signals, closed streams and full disks', function () {
  this.timeout(120_000);
  let folder: string;
  const path = (...names: string[]) => join(folder, ...names);
  const train = (run: string, ...args: string[]) => trainOn('cpu', run, ...args);
  const trainOn = (backend: string, run: string, ...args: string[]) =>
    start(['train', '--dataset', path('points.csv'), ...LONG, '--backend', backend, '--run-dir', path(run), ...args]);
  const main = programFile();
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'handgrad-signals-'));
    writePoints(path('points.csv'));
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const [name, signal, code, backend] of [
    ['F12 SIGINT', 'SIGINT', 130, 'cpu'],
    ['F12 SIGINT on native', 'SIGINT', 130, 'native'],
    ['F14 SIGTERM', 'SIGTERM', 143, 'cpu'],
    ['F14 SIGHUP', 'SIGHUP', 143, 'cpu'],
  ] as const) {
    it(`${name} finishes the step, saves the state, prints how to resume, and ends with ${code}`, async function () {
      if (backend === 'native') need(this, findCompiler() ? undefined : 'there is no C++ compiler');
      const run = `${signal}-${backend}`;
      const { child, says, ended, stderr } = trainOn(backend, run, '--checkpoint-every', 'never');
      await says('"type":"epoch"');
      child.kill(signal);
      expect(await ended, stderr()).to.deep.equal({ code, signal: null });
      const [, step, dir] =
        /after step (\d+), in epoch \d+, and saved; resume with: handgrad train --resume (\S+)\n$/.exec(stderr())!;
      expect(stderr()).to.contain(`Stopped by ${signal}`);
      expect(dir).to.equal(path(run));
      expect((await newestCheckpoint(path(run, 'checkpoints')))!.checkpoint.progress.step).to.equal(Number(step));
      expect(readdirSync(dir!).sort()).to.deep.equal([
        'checkpoints',
        'config.json',
        'environment.json',
        'manifest.json',
        'metrics.jsonl',
      ]);
      // The command does what it says.
      const again = start(['train', '--resume', dir!]);
      await again.says('Epoch ');
      again.child.kill('SIGINT');
      expect((await again.ended).code).to.equal(130);
      const epochs = readFileSync(path(run, 'metrics.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { epoch: number }).epoch);
      expect(epochs).to.deep.equal(Array.from({ length: epochs.length }, (_, i) => i + 1));
    });
  }

  it('F13 a second SIGINT: gone in under a second, and the generation before is whole', async () => {
    const { child, says, ended } = train('twice', '--checkpoint-every', '50');
    await says('"epoch":20,');
    child.kill('SIGINT');
    child.kill('SIGINT');
    const began = Date.now();
    // Signals may melt into one; whoever presses twice presses again.
    const again = setInterval(() => child.kill('SIGINT'), 100);
    const { code, signal } = await ended;
    clearInterval(again);
    expect(Date.now() - began).to.be.below(1000);
    expect([code ?? signal]).to.satisfy(([how]: unknown[]) => how === 'SIGINT' || how === 130);
    const found = (await newestCheckpoint(path('twice', 'checkpoints')))!;
    expect(found.damaged).to.deep.equal([]);
    expect(found.checkpoint.progress.step).to.be.at.least(50);
    const resumed = await session(['train', '--resume', path('twice'), '--lr', '5']);
    expect(resumed.code, 'the folder is free').to.equal(2);
  });

  it('F13 a second SIGINT ends a step that takes long on cpu', async function () {
    need(this, process.platform === 'linux' ? undefined : 'only on Linux the system itself resets a signal');
    // The first step takes a minute.
    const { child, says, ended, stderr } = start([
      ...['train', '--dataset', path('points.csv'), '--hidden', '6000,6000', '--batch-size', '120', '--json'],
      ...['--backend', 'cpu', '--run-dir', path('long')],
    ]);
    await says('"type":"start"');
    await delay(1000);
    child.kill('SIGINT');
    await delay(200);
    child.kill('SIGINT');
    expect(await ended).to.deep.equal({ code: null, signal: 'SIGINT' });
    expect(stderr()).to.not.contain('Stopped by');
  });

  it('F13 a second SIGINT under npx ends a step that takes long on cpu', async function () {
    need(this, process.platform === 'linux' ? undefined : 'only on Linux the system itself resets a signal');
    // As npx does: a shell that waits for the program, in one group with it.
    const words = [process.execPath, main, 'train', '--dataset', path('points.csv'), '--hidden', '6000,6000'];
    const more = ['--batch-size', '120', '--json', '--backend', 'cpu', '--run-dir', path('npx')];
    const env = { ...process.env, npm_lifecycle_event: 'npx', npm_lifecycle_script: "'handgrad' train" };
    const shell = spawn('sh', ['-c', '"$@"; exit $?', 'sh', ...words, ...more], { env, detached: true });
    shell.stderr.resume();
    await once(shell.stdout, 'data');
    await delay(1000);
    const began = Date.now();
    process.kill(-shell.pid!, 'SIGINT');
    await delay(200);
    process.kill(-shell.pid!, 'SIGINT');
    await once(shell, 'close');
    expect(Date.now() - began).to.be.below(5000);
  });

  it('F13 a second SIGINT ends evaluate and predict in a step that takes long on cpu', async function () {
    need(this, process.platform === 'linux' ? undefined : 'only on Linux the system itself resets a signal');
    const trained = start([
      ...['train', '--dataset', path('points.csv'), '--hidden', '3000,3000', '--batch-size', '120', '--epochs', '1'],
      ...['--optimizer', 'sgd', '--backend', 'wasm', '--no-tensorboard', '--run-dir', path('wide')],
    ]);
    expect((await trained.ended).code, trained.stderr()).to.equal(0);
    writePoints(path('many.csv'), 1000);
    for (const command of [
      ['evaluate', path('wide'), '--dataset', path('many.csv')],
      ['predict', path('wide'), path('many.csv')],
    ]) {
      const { child, ended, stderr } = start([...command, '--backend', 'cpu']);
      while (!stderr().includes('Backend: cpu')) await delay(20);
      // The first step starts now, and takes many times longer than this.
      const seconds = secondsOf(child.pid!);
      while (secondsOf(child.pid!) < seconds + 1) await delay(20);
      child.kill('SIGINT');
      await delay(100);
      child.kill('SIGINT');
      expect(await ended, stderr()).to.deep.equal({ code: null, signal: 'SIGINT' });
      expect(stderr()).to.not.contain('Stopped by');
    }
  });

  it('F15 stdout that nobody reads any more: the state is saved, no crash, no endless loop', async () => {
    const { child, says, ended, stderr } = train('piped');
    await says('"type":"epoch"');
    child.stdout.destroy();
    expect(await ended, stderr()).to.deep.equal({ code: 0, signal: null });
    expect(stderr()).to.match(
      /Stopped because stdout was closed after step \d+, .* resume with: handgrad train --resume/,
    );
    expect(stderr()).to.not.match(/\n\s+at /);
    expect(await newestCheckpoint(path('piped', 'checkpoints'))).to.not.equal(undefined);
  });

  it('F15 `train | head -1` in a shell', () => {
    const command = [
      process.execPath,
      main,
      'train',
      '--dataset',
      path('points.csv'),
      ...[...LONG, '--backend', 'cpu'],
      '--run-dir',
      path('head'),
    ];
    const { stdout, stderr, status } = spawnSync(
      'sh',
      ['-c', `${command.map((word) => `'${word}'`).join(' ')} | head -1`],
      {
        encoding: 'utf8',
        timeout: 60_000,
      },
    );
    expect(status, stderr).to.equal(0);
    expect(JSON.parse(stdout)).to.include({ type: 'start' });
    expect(stderr).to.not.match(/\n\s+at /);
  });

  it('F14 a terminal that is closed: the state is saved though there is nobody to tell', function () {
    need(this, spawnSync('python3', ['--version']).status === 0 ? undefined : 'there is no python3 to make a terminal');
    // The program gets a terminal of its own for all three streams, which is then closed under it.
    const run = path('terminal');
    const argv = [
      process.execPath,
      main,
      'train',
      '--dataset',
      path('points.csv'),
      ...[...LONG.slice(0, -1), '--backend', 'cpu'],
      '--run-dir',
      run,
    ];
    const { stdout, stderr } = spawnSync('python3', ['-c', CLOSE_TERMINAL, JSON.stringify(argv)], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    // Ended by SIGTERM, which a shell calls 143: Node itself cannot exit in order without its terminal.
    expect(stdout.trim(), stderr).to.equal('-15');
    expect(readdirSync(join(run, 'checkpoints')).some((name) => name.endsWith('.json'))).to.equal(true);
  });

  it('F10 two programs in one folder, started together: one trains, the other ends with 7 naming it', async () => {
    const programs = [train('shared'), train('shared')];
    const [loser, winner] = await Promise.race(
      programs.map(async (one, i) => (await one.ended, [one, programs[1 - i]!] as const)),
    );
    expect((await loser.ended).code, loser.stderr()).to.equal(7);
    expect(loser.stderr()).to.match(
      new RegExp(`shared is in use by process ${winner.child.pid} on \\S+ since \\d{4}-`),
    );
    await winner.says('"type":"epoch"');
    winner.child.kill('SIGKILL');
    await winner.ended;
    // F11: its lock is still there, and in nobody's way.
    const next = start(['train', '--resume', path('shared')]);
    await next.says('Epoch ');
    next.child.kill('SIGINT');
    expect((await next.ended).code).to.equal(130);
  });

  it('F50 a learning rate far too large: exit 5 names step, epoch, rate, tensor; the good state stays', async () => {
    const first = train('diverged', '--lr', '1e12', '--checkpoint-every', '1');
    expect((await first.ended).code, first.stderr()).to.equal(5);
    expect(first.stderr()).to.match(
      new RegExp(
        'Training diverged: .* after step \\d+, in epoch 1, at learning rate 1000000000000; ' +
          '.*(the last valid state is kept in \\S+step-\\d+\\.safetensors|no state was saved)',
      ),
    );
    const found = await newestCheckpoint(path('diverged', 'checkpoints'));
    for (const { data } of found?.checkpoint.tensors ?? []) {
      expect((data as Float32Array).every(Number.isFinite)).to.equal(true);
    }
    expect(readdirSync(path('diverged'))).to.not.include('model.safetensors');
  });
});

/**
 * Runs a program on a new terminal, closes the terminal when the program has said something, and prints its exit code.
 */
const CLOSE_TERMINAL = `
import json, os, pty, sys, time
argv = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execv(argv[0], argv)
said = b''
while b'Epoch' not in said:
    said += os.read(terminal, 4096)
time.sleep(0.3)
os.close(terminal)
_, status = os.waitpid(pid, 0)
print(os.waitstatus_to_exitcode(status))
`;
