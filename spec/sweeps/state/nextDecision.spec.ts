import { expect } from 'chai';
import { createRandom } from '../../../src/random';
import type { Entry, RunId } from '../../../src/sweeps/state/journal';
import { nextDecision } from '../../../src/sweeps/state/nextDecision';
import { rank } from '../../../src/sweeps/state/ranking';
import type { SweepSpec } from '../../../src/sweeps/spec/sweepFile';
import { apply, runKey, meanAt, replay, type SweepState } from '../../../src/sweeps/state/sweepState';
import { resultOf, specOf } from '../spec/specOf';

const halving = (more: object = {}) =>
  specOf({
    method: 'random',
    run_cap: 27,
    parameters: { lr: { distribution: 'uniform', min: 0.01, max: 1 } },
    fixed: { epochs: 9 },
    early_terminate: { type: 'hyperband', min_iter: 1, eta: 3 },
    ...more,
  });

/** A promotion, and where its trial stood among those that had come to its rung by then. */
interface Promotion {
  readonly rung: number;
  readonly place: number;
  readonly of: number;
}

interface Played {
  readonly promotions: readonly Promotion[];
  readonly state: SweepState;
  readonly entries: Entry[];
  readonly runs: RunId[];
}

/**
 * Plays a sweep with `workers` runs at once that end in an order of their own:
 * the better lr is the nearer to 0.7, and more epochs show it better.
 * @param stop after this many entries, as a kill would
 */
function play(
  spec: SweepSpec,
  { workers = 3, seed = 1, stop = Infinity, entries = [] as Entry[], fails = (_: RunId): boolean => false } = {},
): Played {
  const random = createRandom(seed, 'sweep');
  const state = replay(spec, entries);
  const log = [...entries];
  const runs: RunId[] = [];
  const running: RunId[] = [];
  const promotions: Promotion[] = [];
  const record = (entry: Entry) => {
    apply(state, entry);
    log.push(entry);
  };
  while (log.length < stop) {
    const decision = running.length < workers ? nextDecision(state) : ({ type: 'wait' } as const);
    if (decision.type === 'done') break;
    else if (decision.type === 'promote') {
      const { ranked, failed } = state.standing[decision.rung - 1]!;
      const place = ranked.findIndex(({ trial }) => trial === decision.trial);
      promotions.push({ rung: decision.rung, place, of: ranked.length + failed });
      record({ ...decision, type: 'promotion' });
    } else if (decision.type === 'trial') {
      state.cursor = decision.cursor;
      record({ type: 'trial', trial: decision.trial, configuration: decision.configuration });
    } else if (decision.type === 'run') {
      record({ type: 'start', ...decision.run });
      running.push(decision.run);
      runs.push(decision.run);
    } else {
      const [run] = running.splice(random.integer(running.length), 1);
      const quality = 1 - Math.abs((state.trials[run!.trial]!.configuration['lr'] as number) - 0.7);
      if (fails(run!)) record({ type: 'failure', ...run!, reason: 'it does', code: 1, retry: false });
      else record(resultOf(run!, quality + run!.rung / 10, { epochs: 3 ** run!.rung }));
    }
  }
  return { state, entries: log, runs, promotions };
}

const atRung = (runs: readonly RunId[], rung: number) => runs.filter((run) => run.rung === rung).length;

describe('decisions', () => {
  it('without early termination every configuration is run once, to the end', () => {
    const spec = specOf({ method: 'grid', parameters: { lr: { values: [0.1, 0.2, 0.3] } }, seeds: 2 });
    const { runs, state } = play(spec);
    expect(runs.map(runKey).sort()).to.deep.equal(['0.0.0', '0.1.0', '1.0.0', '1.1.0', '2.0.0', '2.1.0']);
    expect(rank(state).map(({ trial }) => trial)).to.deep.equal([2, 1, 0]);
  });

  it('halving sends the best third on from each rung, and the best of all to the end', () => {
    for (const workers of [1, 2, 5, 40]) {
      const { runs, state, promotions } = play(halving(), { workers });
      expect(atRung(runs, 0)).to.equal(27);
      // Asynchronous: it sends on what is among the best third of those that have come, and no more than a third.
      for (const { place, of } of promotions) expect(place, `${workers} workers`).to.be.below(Math.floor(of / 3));
      expect(atRung(runs, 1), `${workers} workers`).to.equal(9);
      expect(atRung(runs, 2), `${workers} workers`).to.equal(3);
      const best = Math.max(...state.trials.map((trial) => meanAt(trial, 0)));
      expect(meanAt(state.trials[rank(state)[0]!.trial]!, 0)).to.equal(best);
      expect(new Set(runs.map(runKey)).size).to.equal(runs.length);
    }
  });

  it('halving takes a promotion before a new trial, the highest rung first', () => {
    const { runs } = play(halving(), { workers: 1 });
    const firstAt = (rung: number) => runs.findIndex((run) => run.rung === rung);
    expect(firstAt(1)).to.equal(3);
    // The third result there, and not one new trial later.
    expect(atRung(runs.slice(0, firstAt(2)), 1)).to.equal(3);
    expect(runs[firstAt(2) - 1]!.rung).to.equal(1);
  });

  it('few trials still bring one to the end', () => {
    const { runs, state } = play(halving({ run_cap: 2 }));
    expect(runs.map(({ rung }) => rung)).to.deep.equal([0, 0, 1, 2]);
    expect(rank(state)[0]).to.include({ state: 'done' });
  });

  it('failed trials count as the worst, and take nobody with them', () => {
    const { runs, state } = play(halving(), { fails: ({ trial }) => trial % 3 === 0 });
    expect(state.trials.filter(({ failed }) => failed !== undefined)).to.have.length(9);
    expect(runs.some(({ trial, rung }) => trial % 3 === 0 && rung > 0)).to.be.false;
    expect(atRung(runs, 2)).to.be.at.least(3);
    expect(
      rank(state)
        .slice(-9)
        .every((row) => row.state === 'failed'),
    ).to.be.true;
  });

  it('F80 a sweep killed after any entry goes on to the same results: no finished run again, none left out', () => {
    for (const spec of [halving({ run_cap: 12 }), halving({ run_cap: 6, seeds: 2 })]) {
      const whole = play(spec, { workers: 1 });
      for (let stop = 1; stop < whole.entries.length; stop++) {
        const before = play(spec, { workers: 1, stop });
        const after = play(spec, { workers: 1, entries: before.entries });
        const finished = new Set(before.entries.flatMap((entry) => (entry.type === 'result' ? [runKey(entry)] : [])));
        expect(
          after.runs.filter((run) => finished.has(runKey(run))),
          `killed after ${stop}`,
        ).to.be.empty;
        // One at a time, the order of results is the order of decisions: the replay is exact.
        expect(rank(after.state), `killed after ${stop}`).to.deep.equal(rank(whole.state));
      }
    }
  });

  it('F83 a result that comes twice counts once', () => {
    const { state, entries } = play(halving({ run_cap: 9 }));
    const before = JSON.stringify(rank(state));
    const standing = JSON.stringify(state.standing);
    for (const entry of entries) if (entry.type === 'result') apply(state, { ...entry, value: 99 });
    expect(JSON.stringify(rank(state))).to.equal(before);
    expect(JSON.stringify(state.standing)).to.equal(standing);
  });

  it('a failed trial that is given another chance is run again', () => {
    const { entries } = play(halving({ run_cap: 3 }), { fails: ({ trial }) => trial === 1 });
    const { runs, state } = play(halving({ run_cap: 3 }), { entries: [...entries, { type: 'revived', trial: 1 }] });
    expect(runs.map(({ trial }) => trial)).to.include(1);
    expect(state.trials[1]!.failed).to.equal(undefined);
  });
});
