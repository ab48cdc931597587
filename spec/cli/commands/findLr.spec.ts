import { expect } from 'chai';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePoints } from '../points';
import { session } from '../session';

describe('find-lr', () => {
  let folder: string;
  let csv: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'handgrad-find-lr-'));
    csv = writePoints(join(folder, 'points.csv'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const findLr = (...argv: string[]) => session(['find-lr', '--backend', 'cpu', '--hidden', '8', ...argv]);

  it('draws the loss over the rates with the suggested one, and writes its picture', async () => {
    const picture = join(folder, 'lr.svg');
    const { code, stdout, stderr } = await findLr(csv, '--out', picture);
    expect(code, stderr).to.equal(0);
    expect(stdout)
      .to.match(/^Smoothed loss by learning rate: last \d/)
      .and.to.match(/\n +\^\n +lr 0\.000001 +\S+\n/);
    expect(stdout).to.match(/\nSuggested: --lr [\d.]+, where the loss falls fastest\n$/);
    expect(stderr).to.contain('learning rate 0.000001 to 10').and.to.contain(`The picture is ${picture}\n`);
    expect(stderr).to.match(/The loss (diverged at a learning rate of|did not diverge up to)/);
    const svg = readFileSync(picture, 'utf8');
    const [, lr] = /--lr (\S+),/.exec(stdout)!;
    expect(svg).to.match(/^<svg/).and.to.contain(`Suggested learning rate: ${lr}`).and.to.contain('Learning rate');
  });

  it('prints one object with --json, from a config file as well, and writes a PNG', async () => {
    const config = join(folder, 'config.yaml');
    writeFileSync(config, `dataset: ${csv}\nlr: 0.1\nepochs: 3\noptimizer: sgd\n`);
    const picture = join(folder, 'lr.png');
    const flags = ['--config', config, '--steps', '30', '--min-lr', '0.001', '--json', '--out', picture];
    const { code, stdout, stderr } = await findLr(...flags);
    expect(code, stderr).to.equal(0);
    const found = JSON.parse(stdout) as { suggestion: { lr: number }; steps: object[] };
    expect(found).to.include({ dataset: 'points', backend: 'cpu', minLr: 0.001, maxLr: 10 });
    expect(found.suggestion.lr).to.be.within(0.001, 10);
    expect(found.steps[0]).to.have.keys('step', 'lr', 'loss', 'smoothed');
    expect(readFileSync(picture).subarray(1, 4).toString()).to.equal('PNG');
  });

  it('fails where the loss falls at no rate, and refuses what cannot be before anything slow', async () => {
    const flat = await findLr(csv, '--max-lr', '1e-5', '--optimizer', 'sgd');
    expect(flat.code).to.equal(1);
    expect(flat.stderr).to.match(
      /Error: The loss did not decrease at any learning rate from 0\.000001 to 0\.00001; try .+\n$/,
    );
    const cases: [string[], RegExp][] = [
      [[csv, '--dataset', 'mnist'], /two data sets, ".+points\.csv" and --dataset "mnist"; leave one out/],
      [[csv, '--out', join(folder, 'lr.pdf')], /must be called NAME\.png or NAME\.svg, not ".+lr\.pdf"/],
      [[csv, '--min-lr', '1', '--max-lr', '0.5'], /--max-lr above --min-lr: not from 1 to 0\.5/],
      [[csv, '--lr', '1'], /find-lr has no flag --lr/],
    ];
    for (const [argv, message] of cases) {
      const { code, stderr } = await findLr(...argv);
      expect(code, stderr).to.equal(2);
      expect(stderr).to.match(message);
    }
    expect(existsSync(join(folder, 'lr.pdf'))).to.equal(false);
  });
});
