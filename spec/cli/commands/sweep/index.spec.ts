import { expect } from 'chai';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { failure } from '../../../failure';
import { temporaryFolder } from '../../../data/tinyDataset';
import { findCompiler } from '../../../../src/backends/device/native/compile';
import { need } from '../../../need';
import { readSweepSource } from '../../../../src/sweeps/openSweep';
import {
  childrenOf,
  handgrad,
  journalOf,
  kill,
  POINTS,
  resultsOf,
  start,
  writePoints,
  writeSweep,
} from '../../../sweeps/program';
import { session } from '../../session';

const lines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('sweep', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  beforeEach(() => writePoints(folder()));
  const inFolder = (...names: string[]) => path.join(folder(), ...names);
  const read = (...names: string[]) => fs.readFileSync(inFolder(...names), 'utf8');
  const sweep = (...argv: string[]) => handgrad(folder(), 'sweep', ...argv);
  const grid = { method: 'grid', parameters: { lr: { values: [0.01, 0.3] } }, fixed: POINTS };

  it('runs a grid on two workers; its best run repeats to the bit, and resuming it runs nothing', async () => {
    const file = writeSweep(folder(), { ...grid, seeds: 2 });
    const { code, stdout, stderr } = await sweep(file, '--workers', '2', '--run-dir', 's');
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/Trial 1, seed 1: testAccuracy 0\.\d{4} after 3 epochs \(lr=0\.3; /);
    expect(stdout).to.match(/testAccuracy +± +Epochs +lr +State\n1 +1 /);
    expect(read('s', 'summary.csv').split('\n')[1]).to.match(
      /^1,1,done,0\.\d+,[\d.]+,2,3,0\.3,.*trials\/0001-s0 trials\/0001-s1,$/,
    );
    expect(Object.keys(await resultsOf(inFolder('s'))).sort()).to.deep.equal(['0.0.0', '0.1.0', '1.0.0', '1.1.0']);

    const again = await handgrad(folder(), 'train', '--config', 's/best.json', '--run-dir', 'again', '--quiet');
    expect(again.code, again.stderr).to.equal(0);
    const model = (dir: string) => fs.readFileSync(inFolder(dir, 'model.safetensors'));
    expect(model('again').equals(model('s/trials/0001-s0'))).to.be.true;

    const before = read('s', 'journal.jsonl');
    const resumed = await sweep('--resume', 's', '--json');
    expect(resumed.code, resumed.stderr).to.equal(0);
    expect(lines(resumed.stdout).map(({ type }) => type)).to.deep.equal(['start', 'end']);
    expect(read('s', 'journal.jsonl')).to.equal(before);
  });

  it('halving goes on from the checkpoint: the epochs behind it are not trained again', async () => {
    const file = writeSweep(folder(), {
      method: 'grid',
      parameters: { lr: { values: [0.001, 0.002, 0.3] } },
      // A schedule that goes by the whole length, wherever the run is compared.
      fixed: { ...POINTS, epochs: 4, schedule: 'one-cycle' },
      early_terminate: { type: 'hyperband', min_iter: 1, eta: 3 },
      metric: { name: 'testLoss', goal: 'minimize' },
    });
    const { code, stdout, stderr } = await sweep(file, '--workers', '1', '--run-dir', 's', '--json');
    expect(code, stderr).to.equal(0);
    const epochs = lines(stdout).filter(({ type }) => type === 'epoch');
    expect(epochs.map(({ trial, epoch }) => [trial, epoch])).to.deep.equal([
      [0, 1],
      [1, 1],
      [2, 1],
      [2, 2],
      [2, 3],
      [2, 4],
    ]);
    expect(lines(stdout).at(-1)).to.deep.include({ state: 'complete', done: 3, failed: 0 });
    await handgrad(folder(), 'train', '--config', 's/best.json', '--run-dir', 'through', '--quiet');
    const model = (dir: string) => fs.readFileSync(inFolder(dir, 'model.safetensors'));
    expect(model('through').equals(model('s/trials/0002'))).to.be.true;
  });

  it('F81 fails a trial that always crashes after its retries, F50 one that diverges at once; is partial', async () => {
    const file = writeSweep(folder(), {
      method: 'grid',
      parameters: { 'init-from': { values: ['nothing.safetensors'] }, lr: { values: [0.1] } },
      fixed: POINTS,
    });
    const crashed = await sweep(file, '--workers', '1', '--retries', '2', '--run-dir', 'c');
    expect(crashed.code, crashed.stderr).to.equal(1);
    expect(crashed.stderr).to.match(/sweep is partial: 1 trial of 1 failed/);
    const failures = (await journalOf(inFolder('c'))).filter((entry) => entry.type === 'failure');
    expect(failures.map((entry) => entry.type === 'failure' && entry.retry)).to.deep.equal([true, true, false]);

    const wide = writeSweep(folder(), { ...grid, parameters: { lr: { values: [1e12, 0.1] } } });
    const diverged = await sweep(wide, '--workers', '1', '--run-dir', 'd', '--json');
    expect(diverged.code, diverged.stderr).to.equal(1);
    expect(lines(diverged.stdout).at(-1)).to.include({ state: 'partial', done: 1, failed: 1 });
    expect(lines(diverged.stdout).filter(({ type }) => type === 'failure')).to.have.length(1);
    expect(read('d', 'summary.csv')).to.match(/\n2,0,failed,.*diverged/);
    expect(read('d', 'trials', '0000.log')).to.match(/diverged/);
  });

  for (const backend of ['cpu', 'native']) {
    it(`F64 an abort below ${backend} costs its trial, and nobody else`, async function () {
      if (backend === 'native') need(this, findCompiler() ? undefined : 'there is no C++ compiler');
      // Aborts for real, as a failed assertion in a native library does: the process dies of SIGABRT in the middle of
      // training.
      const abort = inFolder('abort.js');
      fs.writeFileSync(
        abort,
        `const first = process.argv.some((word) => word.endsWith('0001.json') || word.endsWith('trials/0001'));
        if (first) setTimeout(() => process.abort(), 150);`,
      );
      const file = writeSweep(folder(), {
        ...grid,
        parameters: { lr: { values: [0.1, 0.2, 0.3] } },
        fixed: { ...POINTS, backend },
      });
      const argv = ['sweep', file, '--workers', '2', '--retries', '1', '--run-dir', 's', '--json'];
      const { ended, stdout, stderr } = start(folder(), argv, { NODE_OPTIONS: `--require ${abort}` });
      expect(await ended, stderr()).to.equal(1);
      const failed = lines(stdout()).filter(({ type }) => type === 'failure');
      expect(failed.map(({ trial, code }) => [trial, code])).to.deep.equal([
        [1, 'SIGABRT'],
        [1, 'SIGABRT'],
      ]);
      expect(lines(stdout()).at(-1)).to.deep.include({ done: 2, failed: 1 });
      // Once the library is mended, the trial has another chance.
      const mended = await sweep('--resume', 's', '--retry-failed', '--json');
      expect(mended.code, mended.stderr).to.equal(0);
      expect(lines(mended.stdout).at(-1)).to.deep.include({ done: 3, failed: 0, state: 'complete' });
    });
  }

  it('F82 a file edited between resumes is refused, or continued with --extend', async () => {
    const file = writeSweep(folder(), grid);
    expect((await sweep(file, '--run-dir', 's', '--quiet')).code).to.equal(0);
    writeSweep(folder(), { ...grid, parameters: { lr: { values: [0.01, 0.3, 0.5] } } });
    for (const how of [[file], []]) {
      if (how.length === 0) fs.copyFileSync(inFolder(file), inFolder('s', 'sweep.yaml'));
      const refused = await sweep(...how, '--resume', 's');
      expect(refused.code).to.equal(2);
      expect(refused.stderr).to.match(/has been edited .*\(parameters\)/);
    }
    const extended = await sweep(file, '--resume', 's', '--extend', '--json');
    expect(extended.code, extended.stderr).to.equal(0);
    expect(
      lines(extended.stdout)
        .filter(({ type }) => type === 'result')
        .map(({ trial }) => trial),
    ).to.deep.equal([2]);
    writeSweep(folder(), { ...grid, fixed: { ...POINTS, epochs: 4 } });
    const other = await sweep(file, '--resume', 's', '--extend');
    expect(other.code).to.equal(2);
    expect(other.stderr).to.match(/results would not be comparable/);
  });

  it('F12 stops on SIGINT with its runs saved, and F10 nobody else works in its folder meanwhile', async () => {
    const file = writeSweep(folder(), { ...grid, fixed: { ...POINTS, epochs: 4000 } });
    const first = start(folder(), ['sweep', file, '--workers', '2', '--run-dir', 's']);
    while (childrenOf(first.child.pid!).length < 2) await delay(50);
    await delay(1500);
    const second = await sweep('--resume', 's');
    expect(second.code, second.stderr).to.equal(7);
    kill(first.child.pid!, 'SIGINT');
    expect(await first.ended, first.stderr()).to.equal(130);
    expect(first.stderr()).to.match(/Stopped by SIGINT with 0 trials done; resume with: handgrad sweep --resume s/);
    expect(childrenOf(first.child.pid!)).to.be.empty;
    for (const run of ['0000', '0001'])
      expect(fs.readdirSync(inFolder('s', 'trials', run, 'checkpoints'))).not.to.be.empty;
  });

  it('F103 prints the first of a billion trials beforehand, and all as JSON until a signal arrives', async () => {
    const values = Array.from({ length: 1000 }, (_, i) => i / 1000);
    const parameters = { dropout: { values }, momentum: { values }, valFraction: { values } };
    const file = inFolder(writeSweep(folder(), { method: 'grid', parameters, fixed: POINTS }));
    const plan = await session(['sweep', file, '--dry-run']);
    expect(plan.code, plan.stderr).to.equal(0);
    expect(plan.stdout.trimEnd().split('\n')).to.have.length(1001);
    expect(plan.stdout).to.match(/\n… and 999,999,000 more; --json lists all\.\n$/);
    const all = start(folder(), ['sweep', file, '--dry-run', '--json']);
    while (all.stdout().length < 1_000_000) await delay(20);
    kill(all.child.pid!, 'SIGTERM');
    expect(await all.ended, all.stderr()).to.equal(143);
  });

  it('prints its trials beforehand, and refuses what it cannot understand', async () => {
    const file = inFolder(writeSweep(folder(), { ...grid, early_terminate: { type: 'hyperband', min_iter: 1 } }));
    const plan = await session(['sweep', file, '--dry-run']);
    expect(plan).to.deep.include({ code: 0, stdout: 'Trial 0: lr=0.01\nTrial 1: lr=0.3\n' });
    expect(plan.stderr).to.match(
      /2 trials; all train 1 epoch, and the best 1\/3 continue; all with dataset=points\.csv hidden=8/,
    );
    for (const [says, ...argv] of [
      [/needs a FILE/],
      [/--workers must be a whole number from 1 to 1024/, file, '--workers', '0'],
      [/--gpus must be a list/, file, '--gpus', '0,0'],
      [/--gpus must be a list/, file, '--gpus', '-1'],
      [/needs --resume/, file, '--extend'],
      [/not the folder of a sweep/, '--resume', folder()],
      [/does not exist/, 'nothing.yaml'],
      [/--queue must be an address/, file, '--queue', 'http://localhost'],
      [/stop needs the sweep/, 'stop', '--queue', 'redis://localhost'],
    ] as [RegExp, ...string[]][]) {
      const runDir = argv.includes('--resume') ? [] : ['--run-dir', inFolder('r')];
      const { code, stderr } = await session(['sweep', ...argv, ...runDir]);
      expect(code, argv.join(' ')).to.equal(2);
      expect(stderr).to.match(says);
    }
    expect(fs.existsSync(inFolder('r'))).to.be.false;
  });

  it('bayes: Optuna chooses, learns how it went, and goes on where it was', async function () {
    const optuna = process.env['HANDGRAD_OPTUNA'] || 'optuna';
    need(
      this,
      spawnSync(optuna, ['--version']).error
        ? `${optuna} does not start; pip install optuna, set HANDGRAD_OPTUNA`
        : undefined,
    );
    const parameters = {
      lr: { distribution: 'log_uniform_values', min: 0.001, max: 1 },
      hidden: { values: ['8', '4,4'] },
      'batch-size': { distribution: 'q_uniform', min: 10, max: 30, q: 10 },
      seed: { value: 3 },
    };
    const bayes = { method: 'bayes', run_cap: 3, parameters, fixed: { dataset: 'points.csv', epochs: 1 } };
    const first = await sweep(writeSweep(folder(), bayes), '--workers', '1', '--run-dir', 's');
    expect(first.code, first.stderr).to.equal(0);
    const file = writeSweep(folder(), { ...bayes, run_cap: 4 });
    const more = await sweep(file, '--workers', '1', '--resume', 's', '--extend');
    expect(more.code, more.stderr).to.equal(0);
    const entries = await journalOf(inFolder('s'));
    const made = entries.flatMap((entry) => (entry.type === 'trial' ? [entry] : []));
    expect(made.map(({ token }) => token)).to.deep.equal([0, 1, 2, 3]);
    expect(new Set(made.map(({ configuration }) => configuration['lr'])).size).to.equal(4);
    for (const { configuration } of made) {
      expect(configuration['batchSize']).to.be.oneOf([10, 20, 30]);
      expect(configuration['hidden']).to.deep.be.oneOf([[8], [4, 4]]);
    }
    // A constant is no parameter of the search.
    expect(JSON.parse(read('s', 'trials', '0003', 'config.json'))).to.include({ seed: 3 });
    const place = ['--storage', `sqlite:///${inFolder('s', 'optuna.db')}`, '--study-name', 'handgrad', '-f', 'json'];
    const told = JSON.parse(execFileSync(optuna, ['trials', ...place], { encoding: 'utf8' })) as {
      value: number;
      state: string;
    }[];
    const results = await resultsOf(inFolder('s'));
    expect(told.map(({ value, state }) => [state, value])).to.deep.equal(
      [0, 1, 2, 3].map((i) => ['COMPLETE', results[`${i}.0.0`]![0]]),
    );
  });

  it('pins the trials to the GPUs in turn, and divides the threads', async () => {
    const file = writeSweep(folder(), grid);
    const { code, stderr } = await sweep(file, '--gpus', '1,3', '--threads', '2', '--run-dir', 's');
    expect(code, stderr).to.equal(0);
    const variables = ['0000', '0001'].map(
      (run) => (JSON.parse(read('s', 'trials', run, 'environment.json')) as { variables: object }).variables,
    );
    expect(variables[0]).to.include({ CUDA_VISIBLE_DEVICES: '1', OMP_NUM_THREADS: '2', TF_NUM_INTRAOP_THREADS: '2' });
    expect(variables[1]).to.include({ CUDA_VISIBLE_DEVICES: '3' });
  });

  it('bayes needs Optuna, and says how to get it', async () => {
    const file = writeSweep(folder(), { ...grid, method: 'bayes', run_cap: 2 });
    const { code, stderr } = await session(['sweep', inFolder(file), '--run-dir', inFolder('b')], {
      HANDGRAD_OPTUNA: '/nowhere/optuna',
    });
    expect(code).to.equal(4);
    expect(stderr).to.match(/needs Optuna.*pip install optuna/);
  });

  it('the three examples are sweeps', async () => {
    const examples = path.join(__dirname, '../../../../examples/sweeps');
    const names = fs.readdirSync(examples).filter((name) => name.endsWith('.yaml'));
    expect(names).to.have.length(3);
    for (const name of names) await readSweepSource(path.join(examples, name));
    expect(await failure('usage', () => readSweepSource(examples))).to.match(/is a folder/);
  });
});
