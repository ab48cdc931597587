import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../../../src/sweeps/state/journal';
import { rank } from '../../../src/sweeps/state/ranking';
import { writeSummary } from '../../../src/sweeps/state/summary';
import { bestTrial, replay } from '../../../src/sweeps/state/sweepState';
import { settingsOf } from '../../../src/sweeps/spec/samplers';
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

  it('F104 best.json is the settings that the best one was sent, whatever a result says', async () => {
    await writeSummary(replay(spec, trials), folder());
    expect(existsSync(join(folder(), 'best.json'))).to.be.false;
    await writeSummary(replay(spec, entries), folder());
    const best = () => JSON.parse(readFileSync(join(folder(), 'best.json'), 'utf8')) as unknown;
    expect(best()).to.deep.equal({ hidden: [16], epochs: 10, seed: 0 });
    const hostile = { config: { dataset: '/etc/passwd', source: 'http://host', hidden: [16] } };
    await writeSummary(replay(spec, [...entries.slice(0, -1), resultOf(run(2, 1), 2, hostile)]), folder());
    expect(best()).to.deep.equal({ hidden: [32], epochs: 10, seed: 0 });
  });
});

describe('ranking', () => {
  const folder = temporaryFolder();
  const halved = specOf({
    method: 'grid',
    parameters: { lr: { values: [1, 2] } },
    early_terminate: { type: 'hyperband', min_iter: 1 },
  });
  const halvedEntries: Entry[] = [
    { type: 'trial', trial: 0, configuration: { lr: 1 } },
    { type: 'trial', trial: 1, configuration: { lr: 2 } },
    resultOf({ trial: 0, seed: 0, rung: 0 }, 0.9, { config: { lr: 1 } }),
    resultOf({ trial: 1, seed: 0, rung: 0 }, 0.95, { config: { lr: 2 } }),
    { type: 'promotion', trial: 1, rung: 1 },
    resultOf({ trial: 1, seed: 0, rung: 1 }, 0.85, { config: { lr: 2 } }),
  ];

  it('ranks what got further first, though others had more at a lower rung', () => {
    const state = replay(halved, halvedEntries);
    expect(rank(state).map((row) => [row.trial, row.state])).to.deep.equal([
      [1, 'stopped'],
      [0, 'stopped'],
    ]);
    expect(bestTrial(state)).to.include({ trial: 1, value: 0.85 });
  });

  it('tells trials that were stopped from those that are done, running or failed', () => {
    const last = halved.halving!.rungs.length - 1;
    const promotions = Array.from({ length: last - 1 }, (_, i): Entry[] => [
      { type: 'promotion', trial: 1, rung: i + 2 },
      resultOf({ trial: 1, seed: 0, rung: i + 2 }, 0.9),
    ]);
    const states = (entries: readonly Entry[]) => rank(replay(halved, entries)).map((row) => row.state);
    expect(states([...halvedEntries, ...promotions.flat()])).to.deep.equal(['done', 'stopped']);
    expect(states([...halvedEntries, promotions[0]![0]!])).to.deep.equal(['unfinished', 'stopped']);
  });

  it('the best trial is that of best.json, also after a better one failed', async () => {
    const failed: Entry = { type: 'failure', trial: 1, seed: 0, rung: 2, reason: 'gone', code: 1, retry: false };
    const state = replay(halved, [...halvedEntries, { type: 'promotion', trial: 1, rung: 2 }, failed]);
    await writeSummary(state, folder());
    expect(JSON.parse(readFileSync(join(folder(), 'best.json'), 'utf8'))).to.deep.equal(
      settingsOf(halved, state.trials[0]!.configuration, 0),
    );
    expect(bestTrial(state)).to.include({ trial: 0, value: 0.9 });
    expect(rank(state).map((row) => row.state)).to.deep.equal(['stopped', 'failed']);
  });
});
