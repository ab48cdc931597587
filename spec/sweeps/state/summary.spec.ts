import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../../../src/sweeps/state/journal';
import { importance } from '../../../src/sweeps/state/importance';
import { rank, type Ranked } from '../../../src/sweeps/state/ranking';
import { writeSummary } from '../../../src/sweeps/state/summary';
import { replay } from '../../../src/sweeps/state/sweepState';
import { temporaryFolder } from '../../data/tinyDataset';
import { resultOf, specOf } from '../spec/specOf';

const spec = specOf({ method: 'grid', parameters: { hidden: { values: ['8,4', 16, 32] } }, seeds: 2 });
const run = (trial: number, seed: number) => ({ trial, seed, rung: 0 });
const trials = [[8, 4], [16], [32]].map((hidden, trial): Entry => ({
  type: 'trial',
  trial,
  configuration: { hidden },
}));
const entries: Entry[] = [
  ...trials,
  resultOf(run(0, 0), 0.5, { config: { hidden: [8, 4], seed: 0 }, runDir: 'trials/0000-s0' }),
  resultOf(run(0, 1), 0.7),
  resultOf(run(1, 0), 0.8, { config: { hidden: [16], seed: 0 } }),
  resultOf(run(1, 1), 0.9),
  resultOf(run(2, 0), 1),
  { type: 'failure', ...run(2, 1), reason: 'out of "memory",\nreally', code: 'SIGKILL', retry: false },
];

describe('summary', () => {
  const folder = temporaryFolder();

  it('has a row for each configuration, best first: mean and spread over the seeds, and why one failed', async () => {
    await writeSummary(replay(spec, entries), folder());
    const rows: Record<string, string>[] = parse(readFileSync(join(folder(), 'summary.csv')), { columns: true });
    expect(rows.map((row) => [row['rank'], row['trial'], row['state'], row['hidden']])).to.deep.equal([
      ['1', '1', 'done', '16'],
      ['2', '0', 'done', '8,4'],
      ['3', '2', 'failed', '32'],
    ]);
    expect(Number(rows[0]!['testAccuracy'])).to.be.closeTo(0.85, 1e-12);
    expect(Number(rows[0]!['spread'])).to.be.closeTo(Math.sqrt(0.005), 1e-12);
    expect(rows[2]).to.include({ reason: 'out of "memory",\nreally', testAccuracy: '' });
    expect(rows[1]!['runs']).to.equal('trials/0000-s0');
  });

  it('F86 a text that a spreadsheet would compute stays a text; numbers stay numbers', async () => {
    const texts = ['=HYPERLINK("http://x")', '+1+1', '-2+3', '@SUM(A1)', '\t=1', '-0.5', '1e-3', 'a=b'];
    for (const reason of texts) {
      const failed: Entry = { type: 'failure', ...run(2, 1), reason, code: 1, retry: false };
      await writeSummary(replay(spec, [...entries.slice(0, -1), failed]), folder());
      const rows: Record<string, string>[] = parse(readFileSync(join(folder(), 'summary.csv')), { columns: true });
      const kept = ['-0.5', '1e-3', 'a=b'].includes(reason);
      expect(rows[2]!['reason']).to.equal(kept ? reason : `'${reason}`);
    }
  });

  it('best.json is the settings of the best one, and is not there when there is none', async () => {
    await writeSummary(replay(spec, trials), folder());
    expect(existsSync(join(folder(), 'best.json'))).to.be.false;
    await writeSummary(replay(spec, entries), folder());
    expect(JSON.parse(readFileSync(join(folder(), 'best.json'), 'utf8'))).to.deep.equal({ hidden: [16], seed: 0 });
  });
});

describe('importance', () => {
  const row = (configuration: Ranked['configuration'], value: number, curve = [value]): Ranked => ({
    trial: 0,
    state: 'done',
    configuration,
    value,
    curve,
    epochs: curve.length,
    spread: undefined,
    seconds: 1,
    failures: 0,
    runDirs: [],
    reason: undefined,
  });
  const shares = (rows: readonly Ranked[], names = ['lr', 'hidden']) =>
    Object.fromEntries(importance(rows, names).map(({ parameter, share }) => [parameter, share]));
  const grid = (value: (lr: number, hidden: number) => number) =>
    [1, 2, 3, 4].flatMap((lr) => [1, 2, 3, 4].map((hidden) => row({ lr, hidden: [hidden] }, value(lr, hidden))));

  it('gives all to the parameter that alone decides, and nothing to the other', () => {
    const found = shares(grid((lr) => lr * lr));
    expect(found['lr']).to.be.closeTo(1, 1e-9);
    expect(found['hidden']).to.equal(0);
  });

  it('divides as the variances are: 4 to 1 for y = 2 lr + hidden', () => {
    const found = shares(grid((lr, hidden) => 2 * lr + hidden));
    expect(found['lr']).to.be.closeTo(0.75, 0.06);
    expect(found['hidden']).to.be.below(0.2);
    expect(
      importance(
        grid((lr, hidden) => 2 * lr + hidden),
        ['hidden', 'lr'],
      )[0]!.parameter,
    ).to.equal('lr');
  });

  it('puts numbers with many values into ranges, so that each value of its own explains nothing', () => {
    const rows = Array.from({ length: 40 }, (_, i) =>
      row({ lr: i / 40 + 1e-3, hidden: [i % 4] }, Math.abs(i / 40 - 0.5)),
    );
    expect(shares(rows)['lr']).to.be.above(0.7);
    expect(shares(rows)['hidden']).to.be.below(0.1);
  });

  it('compares trials that stopped early with what the others had then', () => {
    const rows = [1, 1, 2, 2].flatMap((lr) => [
      row({ lr, hidden: [1] }, lr, [lr]),
      row({ lr, hidden: [2] }, 9, [lr, 9]),
    ]);
    expect(shares(rows)['lr']).to.be.closeTo(1, 1e-9);
  });

  it('says nothing of too few results, of equal ones, or of a single parameter', () => {
    const none = (rows: readonly Ranked[], names?: string[]) => expect(shares(rows, names)).to.deep.equal({});
    none(grid((lr) => lr).slice(0, 3));
    none(grid(() => 1));
    none(
      grid((lr) => lr),
      ['lr'],
    );
  });

  it('ranks what got further first', () => {
    const halved = specOf({
      method: 'grid',
      parameters: { lr: { values: [1, 2] } },
      early_terminate: { type: 'hyperband', min_iter: 1 },
    });
    const state = replay(halved, [
      { type: 'trial', trial: 0, configuration: { lr: 1 } },
      { type: 'trial', trial: 1, configuration: { lr: 2 } },
      resultOf({ trial: 0, seed: 0, rung: 0 }, 0.9),
      resultOf({ trial: 1, seed: 0, rung: 0 }, 0.8),
      { type: 'promotion', trial: 1, rung: 1 },
      resultOf({ trial: 1, seed: 0, rung: 1 }, 0.85),
    ]);
    expect(rank(state).map(({ trial }) => trial)).to.deep.equal([1, 0]);
  });
});
