import { expect } from 'chai';
import { linkSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../data/tinyDataset';
import { pointsRuns, resultOf } from '../runs/pointsRun';
import { handgrad, POINTS, writePoints, writeSweep } from '../sweeps/program';

describe('F108 hard links in the folder of a run or sweep', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  /** Gives every file of a folder another name outside. @returns what that name shows */
  const linked = (dir: string): (() => Record<string, string>) => {
    const outside = join(folder(), 'outside');
    mkdirSync(outside);
    const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
    const files = names.filter((name) => statSync(join(dir, name)).isFile());
    files.forEach((name, i) => linkSync(join(dir, name), join(outside, String(i))));
    return () =>
      Object.fromEntries(files.map((name, i) => [name, readFileSync(join(outside, String(i))).toString('base64')]));
  };

  it('a resumed run writes to none, and ends as the others do', async () => {
    const runs = pointsRuns(folder());
    await runs.train(await runs.start('run', { checkpointEvery: '2' }), 7);
    const outside = linked(runs.at('run'));
    const before = outside();
    expect(before).to.include.all.keys('metrics.jsonl', 'config.json', 'manifest.json');
    await runs.train(await runs.resume('run'));
    expect(outside()).to.deep.equal(before);
    await runs.train(await runs.start('whole', { checkpointEvery: '2' }));
    expect(resultOf(runs.at('run'))).to.deep.equal(resultOf(runs.at('whole')));
  });

  it('a resumed sweep writes to none, also not to the logs of its runs', async () => {
    writePoints(folder());
    const sweep = (count: number) => ({
      method: 'grid',
      parameters: { lr: { values: [0.1, 0.2, 1e12].slice(-count) } },
      fixed: { ...POINTS, epochs: 1, optimizer: 'sgd' },
    });
    const flags = ['--retries', '0'];
    const first = await handgrad(folder(), 'sweep', writeSweep(folder(), sweep(1)), '--run-dir', 's', ...flags);
    expect(first.code, first.stderr).to.equal(1);
    const outside = linked(join(folder(), 's'));
    const before = outside();
    expect(before).to.include.all.keys('journal.jsonl', 'sweep.yaml', 'summary.csv', 'trials/0000.log');
    const again = await handgrad(folder(), 'sweep', '--resume', 's', '--retry-failed', ...flags);
    expect(again.code, again.stderr).to.equal(1);
    expect(outside()).to.deep.equal(before);
    expect(statSync(join(folder(), 's', 'trials', '0000.log')).nlink).to.equal(1);
  });
});
