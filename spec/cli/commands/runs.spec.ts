import { expect } from 'chai';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { run } from '../../../cli/run';
import { lockFolder } from '../../../src/files/lock';
import { endRow, epochRow, regressionRow, writeRun, writeSweep } from '../../collection/folders';
import { collector, session } from '../session';

describe('handgrad runs', () => {
  const before = process.cwd();
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'handgrad-runs-'));
    process.chdir(folder);
    const rows = [epochRow(1, 0.6), epochRow(2, 0.8)];
    const name = 'base \u{1f600}\u001b[31m<script>';
    writeRun('runs/a', { dataset: 'mnist', epochs: 2, name, tags: ['x'] }, [...rows, endRow(rows[1]!)]);
    writeRun('runs/b', { dataset: 'mnist', epochs: 2, hidden: [8] }, rows.slice(0, 1));
    writeRun('runs/low', { dataset: 'house.csv', lr: 0.2 }, [
      regressionRow(1, 9),
      regressionRow(2, 5),
      endRow(regressionRow(2, 5)),
    ]);
    writeRun('runs/high', { dataset: 'house.csv', lr: 0.3 }, [regressionRow(1, 90), regressionRow(2, 80)]);
    mkdirSync('runs/stranger');
  });
  afterEach(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  });

  it('list shows a row for each, names what it leaves out, and obeys no name', async () => {
    writeSweep('runs/sweep');
    const { code, stdout, stderr } = await session(['runs', 'list']);
    expect(code).to.equal(0);
    expect(stdout.trim().split('\n')).to.have.length(6);
    expect(stdout).to.match(/^Run +Started +Data +Settings +State +Epochs +Result +Tags$/m);
    expect(stdout).to.match(/^base \u{1f600}\\u\{1b\}\[31m<script> \(a\) .* finished +2 +0\.8000 test accuracy +#x$/mu);
    expect(stdout)
      .to.match(/ stopped +1\/2 +0\.6000 test accuracy$/m)
      .and.to.match(/ 5\.0000 test RMSE$/m);
    expect(stdout)
      .to.match(/^rates \(sweep\) .* searches lr +stopped +1\/2 trials/m)
      .and.not.to.contain('\u001b');
    expect(stderr).to.equal('Note: stranger is left out: holds no run\n');
    const json = await session(['runs', 'list', 'runs', '--json', '--filter', 'dataset=house.csv', '--sort', 'best']);
    const rows = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { folder: string });
    expect(rows.map((row) => row.folder)).to.deep.equal(['low', 'high']);
    const none = await session(['runs', 'list', '--filter', 'tag=y', '--filter', 'tag=x,state=finished']);
    expect(none).to.include({ code: 0, stdout: '' });
  });

  it('list leaves out columns that do not fit, but neither names nor results', async () => {
    const listed = async (columns: number) => {
      const stdout = Object.assign(collector(true), { columns });
      const io = { stdout, stderr: collector(), env: { NO_COLOR: '1' }, signal: new AbortController().signal };
      expect(await run(['runs', 'list', '--filter', 'name!=base*'], io)).to.equal(0);
      return stdout.text();
    };
    expect(await listed(40))
      .to.match(/^Run +State +Epochs +Result\n/)
      .and.to.match(/^low +finished +\S+ +5\.0000 test$/m);
    expect(await listed(24)).to.match(/^low +5\.0000 test$/m);
    expect(await listed(120)).to.match(/^Run +Started +Data +Settings +State +Epochs +Result/);
  });

  it('list has a column of tags only where a run has some', async () => {
    const heading = async (filter: string) =>
      (await session(['runs', 'list', '--filter', filter])).stdout.split('\n')[0];
    expect(await heading('name=base*')).to.match(/Result +Tags$/);
    expect(await heading('name!=base*')).to.match(/Result$/);
  });

  it('list of nothing yet is no error; of a folder that is not there it is', async () => {
    rmSync('runs', { recursive: true });
    expect(await session(['runs', 'list'])).to.include({ code: 0, stdout: '' });
    expect(await session(['runs', 'list', 'runs'])).to.include({ code: 2 });
  });

  it('compare shows what differs, figures and curves; regression by its RMSE, the lowest first', async () => {
    const { code, stdout } = await session(['runs', 'compare', 'high', 'runs/low']);
    expect(code).to.equal(0);
    expect(stdout)
      .to.match(/^ +low +high$/m)
      .and.to.match(/^lr +0\.2 +0\.3$/m);
    expect(stdout)
      .to.match(/^test RMSE +5\.0000 +80\.000$/m)
      .and.to.match(/^test R² +0\.9500 +–$/m);
    expect(stdout)
      .to.match(/^ +epoch 1 to 2 +last\nRMSE\n/m)
      .and.to.match(/^R²$/m)
      .and.not.to.match(/accuracy/i);
    const json = await session(['runs', 'compare', 'a', 'b', '--json']);
    const { result, differing, runs } = JSON.parse(json.stdout) as {
      result: string;
      differing: string[];
      runs: { result: number }[];
    };
    expect({ result, differing }).to.deep.equal({ result: 'test accuracy', differing: ['hidden'] });
    expect(runs.map((one) => one.result)).to.deep.equal([0.8, 0.6]);
    expect(await session(['runs', 'compare', 'a'])).to.include({ code: 2 });
    const { code: left, stderr } = await session(['runs', 'compare', 'stranger', 'a', 'b', 'runs/none']);
    expect(left).to.equal(0);
    expect(stderr)
      .to.contain('Left out, because they do not exist: runs/none.')
      .and.to.contain('Left out, because they are neither runs nor sweeps: runs/stranger.');
    expect((await session(['runs', 'compare', 'runs/none'])).stderr).to.contain('There is no run or sweep folder');
  });

  it('compare draws the curves of a chart on one scale, in the same columns, and fits the terminal', async () => {
    const rows = (accuracies: readonly number[]) => accuracies.map((accuracy, i) => epochRow(i + 1, accuracy));
    const name = 'a name that is longer than a third of a narrow window';
    writeRun('runs/long', { name, epochs: 90 }, rows(Array.from({ length: 90 }, (_, i) => (i + 1) / 100)));
    writeRun('runs/short', { epochs: 3 }, rows([0.01, 0.02, 0.03]));
    const compared = async (columns: number) => {
      const stdout = Object.assign(collector(true), { columns });
      const io = { stdout, stderr: collector(), env: { NO_COLOR: '1' }, signal: new AbortController().signal };
      expect(await run(['runs', 'compare', 'long', 'short'], io)).to.equal(0);
      return stdout.text().trimEnd().split('\n');
    };
    for (const columns of [120, 80, 40]) {
      const lines = await compared(columns);
      expect(Math.max(...lines.map(({ length }) => length))).to.be.at.most(columns);
      const [long, short] = lines.slice(lines.indexOf('Accuracy') + 1);
      const bars = /[▁-█]+/;
      expect(long!.search(bars)).to.equal(short!.search(bars));
      expect(bars.exec(long!)![0])
        .to.have.lengthOf.within(8, 45)
        .and.to.match(/^▁.*█$/);
      // Its three epochs, of 90.
      expect(bars.exec(short!)![0]).to.match(/^▁{1,2}$/);
      expect(lines.filter((line) => /^ *epochs done\b/.test(line)).length).to.be.within(1, 2);
    }
    expect((await compared(40)).slice(0, 3)).to.deep.equal([
      ...['a name that is longer than a third of a…', '  epochs         90', '  test accuracy  0.9000'],
    ]);
  });

  it('compare and list tell the set of each figure, and never choose an epoch by the test set', async () => {
    const val = (epoch: number, valAccuracy: number) => epochRow(epoch, undefined, { valLoss: 0.5, valAccuracy });
    writeRun('runs/val', { dataset: 'mnist', epochs: 2 }, [val(1, 0.9), val(2, 0.7), endRow(epochRow(2, 0.75))]);
    const rows = [epochRow(1, 0.95), epochRow(2, 0.85)];
    writeRun('runs/test', { dataset: 'mnist', epochs: 2 }, [...rows, endRow(rows[1]!)]);
    expect((await session(['runs', 'compare', 'val', 'test'])).stdout)
      .to.match(/^accuracy +0\.8500 test +0\.7000 val$/m)
      .and.to.match(/^test accuracy +0\.8500 +0\.7500$/m);
    const { stdout } = await session(['runs', 'list']);
    expect(stdout)
      .to.match(/^val .* 0\.7000 val accuracy$/m)
      .and.to.match(/^test .* 0\.8500 test accuracy$/m);
  });

  it('rm needs --yes without a terminal, and refuses folders of others and running ones', async () => {
    expect((await session(['runs', 'rm', 'a'])).stderr).to.contain('give --yes');
    expect(await session(['runs', 'rm', 'a', 'stranger', '--yes'])).to.include({ code: 2 });
    const lock = await lockFolder('runs/b');
    expect(await session(['runs', 'rm', 'a', 'b', '--yes'])).to.include({ code: 7 });
    await lock.release();
    expect(existsSync('runs/a/config.json')).to.be.true;
    writeFileSync('runs/b/mine.txt', 'x');
    const { code, stdout, stderr } = await session(['runs', 'rm', 'a', 'runs/b', '--yes']);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^Removed runs\/a \(3 files, .*\)\nRemoved runs\/b \(3 files/);
    expect(stderr).to.contain('runs/b is kept').and.to.contain('runs/b/mine.txt');
    expect(existsSync('runs/a')).to.be.false;
  });

  it('rm asks on a terminal, and takes nothing but a yes for one', async () => {
    const answer = async (given: string | undefined) => {
      const [stdout, stderr, stdin] = [collector(), collector(true), Object.assign(new PassThrough(), { isTTY: true })];
      const done = run(['runs', 'rm', 'a', '--quiet'], {
        stdout,
        stderr,
        stdin,
        env: {},
        signal: new AbortController().signal,
      });
      stdin.end(given);
      return { code: await done, stderr: stderr.text() };
    };
    for (const given of ['\n', 'n\n', 'yess\n', undefined]) {
      const { code, stderr } = await answer(given);
      expect(code).to.equal(0);
      expect(stderr)
        .to.match(/^runs\/a: a run of 3 files/)
        .and.to.contain('[y/N]')
        .and.to.not.contain('Nothing was removed');
    }
    expect(existsSync('runs/a')).to.be.true;
    expect((await answer('y\n')).code).to.equal(0);
    expect(existsSync('runs/a')).to.be.false;
  });

  it('the filter of its help finds a run of a table', async () => {
    writeRun('runs/iris', { dataset: 'data/iris.csv', tags: ['baseline'] }, [epochRow(1, 0.9)]);
    const { stdout } = await session(['runs', '--help']);
    const [, filter] = /\s(tag=\w+,\S+)/.exec(stdout)!;
    const found = await session(['runs', 'list', '--filter', filter!]);
    expect(found.stdout).to.match(/^iris .* 0\.9000 test accuracy +#baseline$/m);
  });

  it('refuses flags of another action, and conditions that are none', async () => {
    for (const argv of [
      ['rm', 'a', '--sort', 'best'],
      ['list', '--yes'],
      ['list', '--filter', 'x'],
      ['compare', '--reverse'],
    ])
      expect(await session(['runs', ...argv]), argv.join(' ')).to.include({ code: 2, stdout: '' });
  });
});
