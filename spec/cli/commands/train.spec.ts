import { expect } from 'chai';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfigFile } from '../../../src/files/configFile';
import { writePoints } from '../points';
import { session } from '../session';

describe('train, before it trains', () => {
  let folder: string;
  let csv: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'handgrad-before-'));
    csv = writePoints(join(folder, 'points.csv'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const train = (...flags: string[]) => session(['train', '--backend', 'cpu', ...flags]);

  it('--print-config prints what --config reads: the same config, with where each value comes from', async () => {
    const one = file('one.yaml', `dataset: ${csv}\nlr: 0.5\nhidden: [8, 4]\nepochs: 2\n`);
    const two = file('two.yaml', 'lr: 0.25\nbatch_size: 20\n');
    for (const configs of [
      ['--config', one, two],
      ['--config', one, '--config', two],
    ]) {
      const { code, stdout, stderr } = await train(...configs, '--hidden', '', '--print-config');
      expect(code, stderr).to.equal(0);
      const lines = stdout.split('\n').map((line) => line.split(/ +# /));
      const shown = Object.fromEntries(lines.filter(([line]) => line)) as Record<string, string>;
      expect(shown).to.include({ [`dataset: ${csv}`]: one, 'lr: 0.25': two, 'batchSize: 20': two, 'epochs: 2': one });
      expect(shown).to.include({ 'hidden: []': 'flag', 'optimizer: adamw': 'table default', 'seed: 0': 'default' });
      const again = await train('--config', file('again.yaml', stdout), '--print-config', '--json');
      const { config, origins } = JSON.parse(again.stdout) as Record<string, Record<string, unknown>>;
      expect(config).to.deep.equal(await readConfigFile(join(folder, 'again.yaml')));
      expect(origins).to.include({ lr: join(folder, 'again.yaml'), backend: 'flag' });
    }
    expect(readdirSync(folder).filter((name) => !/\.(yaml|csv)$/.test(name))).to.deep.equal([]);
    expect(readFileSync(join(folder, 'again.yaml'), 'utf8')).to.contain('backend: cpu');
  });

  it('takes the data set as an argument or as --dataset, over that of a config file', async () => {
    const other = file('other.yaml', 'dataset: other.csv\nepochs: 2\n');
    const planned = async (...argv: string[]) => {
      const { code, stdout, stderr } = await train(...argv, '--config', other, '--print-config');
      expect(code, stderr).to.equal(0);
      return stdout;
    };
    const flagged = await planned('--dataset', csv);
    expect(flagged).to.match(new RegExp(`^dataset: ${csv} +# flag$`, 'm'));
    for (const argv of [[csv], [csv, '--dataset', csv]]) expect(await planned(...argv)).to.equal(flagged);
    const described = await session(['describe', csv, '--epochs', '2', '--json']);
    expect(described.code, described.stderr).to.equal(0);
    for (const argv of [
      ['--dataset', csv],
      [csv, '--dataset', csv],
    ]) {
      expect(await session(['describe', ...argv, '--epochs', '2', '--json'])).to.deep.equal(described);
    }
    expect((await train('--hidden', '8', csv, '--folds', '2', '--dry-run')).stdout).to.match(/in 2 folds of/);
  });

  it('--dry-run prints steps, memory and time, and writes nothing', async () => {
    const names = readdirSync(folder);
    const dir = join(folder, 'dry');
    const flags = ['--dataset', csv, '--epochs', '3', '--batch-size', '50', '--dry-run', '--run-dir', dir];
    const { code, stdout, stderr } = await train(...flags);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.contain('points, 120 training and 30 test samples\n').and.to.contain('Total: 771 parameters');
    expect(stdout).to.contain('\nSteps:   3 an epoch, 9 in 3 epochs\n');
    expect(stdout).to.match(/\nMemory: {2}\S+ kB of tensors at the peak, 1.8 kB of samples\n/);
    expect(stdout).to.match(/\nTime: {4}about \S+ s, with .+ a step and .+ an evaluation, by \d+ steps on cpu\n$/);
    const { stdout: json } = await train(...flags, '--folds', '2', '--json');
    expect(JSON.parse(json)).to.include({ type: 'estimate', backend: 'cpu', stepsPerEpoch: 2, steps: 12 });
    expect(readdirSync(folder)).to.deep.equal(names);
  });

  it('--summary prints the layers, and --report shows them on the page', async () => {
    const dir = join(folder, 'run');
    const network = ['--dataset', csv, '--hidden', '1200', '--batch-norm', '--epochs', '1', '--run-dir', dir];
    const { code, stdout, stderr } = await train(...network, '--summary', '--report');
    expect(code, stderr).to.equal(0);
    expect(stdout.split('\n').slice(0, 8)).to.deep.equal([
      '',
      'Layer         Output     Parameters  Activation',
      'input         [n, 2]',
      'hidden 1      [n, 1200]       2,400',
      'batch norm 1  [n, 1200]       2,400  relu',
      'output        [n, 3]          3,603  softmax',
      'Total: 8,403 parameters and 2,400 running statistics, 43.2 kB',
      '',
    ]);
    const page = readFileSync(join(dir, 'report.html'), 'utf8').replace(/\s+/g, ' ');
    expect(page).to.contain('8,403 parameters, beside 2,400 running statistics: 43.2 kB in float32');
    expect(page).to.match(/batch norm 1<\/th> *<td class="">\[n, 1200\]<\/td> *<td class="number">2,400<\/td>/);
    const json = await train('--dataset', csv, '--epochs', '1', '--summary', '--json', '--run-dir', `${dir}-json`);
    const [start, summary] = json.stdout.split('\n').map((line) => (line ? (JSON.parse(line) as object) : {}));
    expect(start).to.include({ type: 'start', parameters: 771 });
    expect(summary).to.include({ type: 'summary', parameters: 771, bytes: 4 * 771 });
  });
});
