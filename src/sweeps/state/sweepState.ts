import type { Entry, RunId, ResultEntry } from './journal';
import { type Configuration, configurationKey } from '../spec/samplers';
import type { SweepSpec } from '../spec/sweepFile';

/** One configuration and its state. */
export interface Trial {
  readonly number: number;
  readonly configuration: Configuration;
  /** Its name in the external program that chose it. */
  readonly token: number | undefined;
  /** The rung it has reached or is training for: an index into `rungsOf`. */
  rung: number;
  /** The result of each seed at each rung: [rung][seed]. */
  readonly results: (ResultEntry | undefined)[][];
  /** Failed attempts, over all its runs. */
  failures: number;
  /** Why it counts as failed, in a sentence. */
  failed: string | undefined;
  /** Whether the outcome was reported to the program that chose it. */
  told: boolean;
}

/** The state of a sweep, derived from its journal alone. */
export interface SweepState {
  readonly spec: SweepSpec;
  readonly trials: Trial[];
  /** The configurations so far, by `configurationKey`. */
  readonly made: Set<string>;
  /** Runs that this process has neither finished nor started, in the order in which they are due. */
  readonly due: Map<string, RunId>;
  /** Runs that have begun and not ended. */
  readonly running: Map<string, RunId>;
  /** For each rung, the trials that have a result there, best first, and how many have failed there. */
  readonly standing: { ranked: { trial: number; value: number }[]; failed: number }[];
  /** How many trials have been promoted to each rung. */
  readonly entered: number[];
  cursor: number;
}

/** The epochs after which trials are compared; without early termination, the only rung is the end (undefined). */
export function rungsOf({ halving }: SweepSpec): readonly (number | undefined)[] {
  return halving?.rungs ?? [undefined];
}

/** Identifies a run in maps. */
export function runKey({ trial, seed, rung }: RunId): string {
  return `${trial}.${seed}.${rung}`;
}

/** Builds the state from a journal. Runs that started and did not end are due again. */
export function replay(spec: SweepSpec, entries: readonly Entry[]): SweepState {
  const rungs = rungsOf(spec);
  const state: SweepState = {
    spec,
    trials: [],
    made: new Set(),
    due: new Map(),
    running: new Map(),
    standing: rungs.map(() => ({ ranked: [], failed: 0 })),
    entered: rungs.map(() => 0),
    cursor: 0,
  };
  for (const entry of entries) apply(state, entry);
  // In the order of the trials, as if they had never started.
  const due = [...state.running, ...state.due].sort(([, a], [, b]) => a.trial - b.trial || a.seed - b.seed);
  state.running.clear();
  state.due.clear();
  for (const [key, run] of due) state.due.set(key, run);
  return state;
}

/** Applies one entry of the journal to the state. Repeated entries change nothing: each result counts once. */
export function apply(state: SweepState, entry: Entry): void {
  (APPLY[entry.type] as ((state: SweepState, entry: Entry) => void) | undefined)?.(state, entry);
}

const APPLY: { readonly [Type in Entry['type']]?: (state: SweepState, entry: Extract<Entry, { type: Type }>) => void } =
  {
    trial(state, { trial, configuration, token }) {
      if (state.trials[trial]) return;
      const rungs = state.standing.length;
      state.trials[trial] = {
        number: trial,
        configuration,
        token,
        rung: 0,
        results: Array.from({ length: rungs }, () => []),
        failures: 0,
        failed: undefined,
        told: false,
      };
      state.made.add(configurationKey(configuration));
      enterRung(state, trial, 0);
    },
    promotion(state, { trial, rung }) {
      const known = state.trials[trial];
      if (!known || rung <= known.rung) return;
      known.rung = rung;
      enterRung(state, trial, rung);
    },
    start(state, run) {
      const key = runKey(run);
      if (!state.due.delete(key)) return;
      state.running.set(key, { trial: run.trial, seed: run.seed, rung: run.rung });
    },
    result(state, result) {
      const trial = state.trials[result.trial];
      const seeds = trial?.results[result.rung];
      if (!trial || !seeds || seeds[result.seed]) return;
      seeds[result.seed] = result;
      removePending(state, result);
      if (!trial.failed && seeds.filter(Boolean).length === state.spec.seeds) {
        insertRanked(state, result.rung, { trial: trial.number, value: meanAt(trial, result.rung) });
      }
    },
    failure(state, failure) {
      const trial = state.trials[failure.trial];
      if (!trial || trial.results[failure.rung]?.[failure.seed]) return;
      trial.failures++;
      removePending(state, failure);
      if (failure.retry) {
        state.due.set(runKey(failure), { trial: failure.trial, seed: failure.seed, rung: failure.rung });
        return;
      }
      if (trial.failed) return;
      trial.failed = failure.reason;
      state.standing[failure.rung]!.failed++;
      // Without one of its seeds the trial has no mean, so the others need not run.
      for (const [key, run] of state.due) if (run.trial === trial.number) state.due.delete(key);
    },
    told(state, { trial }) {
      const known = state.trials[trial];
      if (known) known.told = true;
    },
    revived(state, { trial }) {
      const known = state.trials[trial];
      if (!known?.failed) return;
      known.failed = undefined;
      known.failures = 0;
      known.told = false;
      state.standing[known.rung]!.failed--;
      for (let seed = 0; seed < state.spec.seeds; seed++) {
        if (!known.results[known.rung]![seed]) addDue(state, { trial, seed, rung: known.rung });
      }
    },
  };

function enterRung(state: SweepState, trial: number, rung: number): void {
  state.entered[rung]!++;
  for (let seed = 0; seed < state.spec.seeds; seed++) addDue(state, { trial, seed, rung });
}

function addDue(state: SweepState, run: RunId): void {
  state.due.set(runKey(run), run);
}

function removePending(state: SweepState, run: RunId): void {
  state.due.delete(runKey(run));
  state.running.delete(runKey(run));
}

/** Inserts a trial in rank order among those that reached the rung. */
function insertRanked(state: SweepState, rung: number, entry: { trial: number; value: number }): void {
  const { ranked } = state.standing[rung]!;
  const better = comparison(state.spec);
  let [low, high] = [0, ranked.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (better(ranked[middle]!, entry) <= 0) low = middle + 1;
    else high = middle;
  }
  ranked.splice(low, 0, entry);
}

/** Compares by value, better first; ties go to the earlier trial. */
export function comparison({ metric }: SweepSpec) {
  const sign = metric.goal === 'maximize' ? -1 : 1;
  return (a: { trial: number; value: number }, b: { trial: number; value: number }) =>
    sign * (a.value - b.value) || a.trial - b.trial;
}

/**
 * The best trial so far, the first of `rank` and the one of `best.json`: the best at the highest rung that a trial has
 * reached and not failed after; undefined when none has a result.
 */
export function bestTrial(state: SweepState): { readonly trial: number; readonly value: number } | undefined {
  for (let rung = state.standing.length - 1; rung >= 0; rung--) {
    const found = state.standing[rung]!.ranked.find(({ trial }) => {
      const known = state.trials[trial]!;
      return known.failed === undefined && reached(state, known) === rung;
    });
    if (found) return found;
  }
  return undefined;
}

/** Whether halving has ended a trial before the last epoch, so far. */
export function isStopped(state: SweepState, trial: Trial): boolean {
  return trial.failed === undefined && trial.rung < state.standing.length - 1 && reached(state, trial) === trial.rung;
}

/** The highest rung at which all seeds have a result; -1 when there is none. */
export function reached({ spec }: SweepState, { results }: Trial): number {
  return results.findLastIndex((seeds) => seeds.filter(Boolean).length === spec.seeds);
}

/** The mean over the seeds of a trial's result at a rung. */
export function meanAt(trial: Trial, rung: number): number {
  const values = trial.results[rung]!.map((result) => result!.value);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
