import { expect } from 'chai';
import { runTrials } from '../../src/sweeps/runTrials';
import type { Entry, Journal } from '../../src/sweeps/state/journal';
import { replay } from '../../src/sweeps/state/sweepState';
import { specOf } from './spec/specOf';

describe('runTrials', () => {
  /** Runs a sweep whose trials end with these values, in order, and 0 afterwards. @returns how many there were */
  async function trials(values: readonly number[], more: object, patience?: number, workers = 1) {
    const entries: Entry[] = [];
    const journal = { append: (entry: Entry) => Promise.resolve(void entries.push(entry)) } as unknown as Journal;
    const spec = specOf({ method: 'random', parameters: { lr: { min: 0.1, max: 1 } }, run_cap: 30, ...more });
    const state = replay(spec, []);
    await runTrials({
      ...{ state, journal, advisor: undefined, retries: 0, patience, signal: new AbortController().signal },
      executor: {
        capacity: () => workers,
        async run({ trial, epochs }) {
          await new Promise((resolve) => setImmediate(resolve));
          const value = values[trial] ?? 0;
          if (Number.isNaN(value)) return { type: 'failure', reason: 'no', code: 1, retry: false };
          const result = { value, curve: [value], epochs, seconds: 1, trainingSeconds: 1, config: { lr: 1 } };
          return { type: 'result', result };
        },
      },
      onEvent: () => {},
    });
    return state;
  }

  it('ends after as many trials in a row as it has patience for, failed ones included', async () => {
    const count = async (values: readonly number[], patience?: number, workers?: number) =>
      (await trials(values, {}, patience, workers)).trials.length;
    expect(await count([0.1, 0.5])).to.equal(30);
    expect(await count([0.1, 0.5], 3)).to.equal(5);
    expect(await count([0.1, 0.5, 0.2, 0.3, 0.6], 3)).to.equal(8);
    expect(await count([0.5, NaN, NaN, 0.2], 2)).to.equal(3);
    expect(await count([NaN, NaN, NaN, 0.5], 2)).to.equal(6);
    // Those that are under way end as well.
    expect(await count([0.5], 3, 4)).to.be.within(4, 8);
  });

  it('brings the best ones of a halving to their end all the same', async () => {
    const halving = { fixed: { epochs: 9 }, early_terminate: { type: 'hyperband', min_iter: 1 } };
    const state = await trials([0.5], halving, 4);
    expect(state.trials.length).to.be.below(30);
    expect(state.trials[0]!.rung).to.equal(2);
    expect(state.running.size + state.due.size).to.equal(0);
  });
});
