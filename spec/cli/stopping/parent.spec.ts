import { expect } from 'chai';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { temporaryFolder } from '../../data/tinyDataset';
import { childrenOf, kill, start } from '../../sweeps/program';
import { writePoints } from '../points';

const root = join(__dirname, '../../..');

/** Waits until something holds, for as long as a busy machine may take. */
async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 600 && !holds(); i++) await setTimeout(50);
}

const lives = (pid: number) => {
  try {
    return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).trim()[0] !== 'Z';
  } catch {
    return false;
  }
};

describe('the program that started this one', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const long = ['--epochs', '900000', '--backend', 'cpu', '--no-tensorboard', '--label-column', 'species'];
  const lockOf = (run: string) =>
    existsSync(run) ? readdirSync(run).filter((name) => /^lock-\d+\.json$/.test(name)) : [];
  const pidOf = (run: string) => Number((JSON.parse(readFileSync(join(run, lockOf(run)[0]!), 'utf8')) as Lock).pid);
  interface Lock {
    readonly pid: number;
  }

  /** A long run under npm, from the folder where the user is. */
  function npmRun(...argv: readonly string[]) {
    const env = { ...process.env, NO_COLOR: '1', npm_lifecycle_event: undefined, INIT_CWD: undefined };
    const argvOfNpm = ['--prefix', root, 'run', '--silent', 'handgrad', '--', ...argv];
    const npm = spawn('npm', argvOfNpm, { cwd: folder(), env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    return { npm, said: () => said, ended: new Promise((resolve) => npm.once('exit', resolve)) };
  }

  it('F96 is npm: each signal to it saves and ends the run, which counts paths from where the user is', async () => {
    writePoints(join(folder(), 'points.csv'));
    const stop = async (signal: NodeJS.Signals) => {
      const run = join(folder(), signal);
      const { npm, said } = npmRun('train', '--dataset', 'points.csv', '--run-dir', signal, ...long);
      await until(() => said().includes('Epoch 2'));
      const pid = pidOf(run);
      npm.kill(signal);
      await until(() => !lives(pid));
      expect(lives(pid), `${signal}: ${said()}`).to.equal(false);
      await until(() => said().includes('resume with'));
      // Outside the checkout, npm has to be told where it is.
      const again = `npm --prefix ${root} run --silent handgrad -- train --resume ${signal}`;
      expect(said()).to.contain(`saved; resume with: ${again}`);
      expect(lockOf(run)).to.deep.equal([]);
      expect(readdirSync(join(run, 'checkpoints'))).not.to.deep.equal([]);
    };
    await Promise.all((['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const).map(stop));
  });

  it('F96 is a sweep: killed at once, it leaves no run that trains on', async () => {
    writePoints(join(folder(), 'points.csv'));
    const file = join(folder(), 'long.yaml');
    // An epoch takes minutes: the run learns it from nothing that it writes.
    const fixed = '{dataset: points.csv, label-column: species, backend: cpu, hidden: "2048,2048", batch-size: 1}';
    writeFileSync(file, `method: grid\nparameters: {seed: {values: [1, 2]}}\nfixed: ${fixed}\n`);
    const { child, ended } = start(folder(), ['sweep', file, '--workers', '2', '--run-dir', 's']);
    const runs = ['0000', '0001'].map((name) => join(folder(), 's', 'trials', name));
    const isTraining = (run: string) => existsSync(run) && readdirSync(run).some((name) => name.startsWith('events'));
    await until(() => runs.every(isTraining));
    await setTimeout(500);
    const pids = childrenOf(child.pid!);
    expect(pids).to.have.members(runs.map(pidOf));
    kill(child.pid!);
    await ended;
    await until(() => !pids.some(lives));
    expect(pids.filter(lives)).to.deep.equal([]);
    for (const run of runs) expect(lockOf(run)).to.deep.equal([]);
  });

  it('is npm in a folder of the checkout: paths count from there, and the default folder of runs too', async () => {
    const where = join(root, '.cache', `spec-${basename(folder())}`);
    mkdirSync(where, { recursive: true });
    const env = { ...process.env, npm_lifecycle_event: 'handgrad', npm_package_name: 'handgrad', INIT_CWD: folder() };
    writePoints(join(folder(), 'points.csv'));
    const { ended, stderr } = start(where, ['train', '--dataset', 'points.csv', '--epochs', '1', '--quiet'], env);
    expect(await ended, stderr()).to.equal(0);
    expect(readdirSync(join(realpathSync(folder()), 'runs'))).to.have.length(1);
    const elsewhere = { ...env, INIT_CWD: join(folder(), 'gone') };
    expect(await start(where, ['--version'], elsewhere).ended).to.equal(0);
  });
});
