import type { RunId } from './journal';
import { nextConfiguration, type Configuration } from '../spec/samplers';
import { rungsOf, type SweepState } from './sweepState';

/** What a sweep does next when there is capacity for one more run. */
export type Decision =
  | { readonly type: 'run'; readonly run: RunId }
  | { readonly type: 'promote'; readonly trial: number; readonly rung: number }
  | { readonly type: 'trial'; readonly trial: number; readonly configuration: Configuration; readonly cursor: number }
  /** Ask the external program for a configuration. */
  | { readonly type: 'ask'; readonly trial: number }
  /** Nothing now, but the current runs may lead to more. */
  | { readonly type: 'wait' }
  | { readonly type: 'done' };

/**
 * Decides from the state alone, so a killed and resumed sweep makes the same decisions from the same results as an
 * uninterrupted one: first due runs, then promotions, then new configurations.
 * @param closed whether no new configuration is wanted
 */
export function nextDecision(state: SweepState, closed = false): Decision {
  const [run] = state.due.values();
  if (run) return { type: 'run', run };
  const promotion = nextPromotion(state);
  if (promotion) return promotion;
  const created = state.trials.length;
  if (!closed && created < (state.spec.runCap ?? Infinity)) {
    if (state.spec.method === 'bayes') return { type: 'ask', trial: created };
    const next = nextConfiguration(state.spec, state.made, state.cursor);
    if (next) return { type: 'trial', trial: created, ...next };
  }
  return state.running.size > 0 ? { type: 'wait' } : (lastPromotion(state) ?? { type: 'done' });
}

/**
 * Asynchronous successive halving (Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020): a
 * trial is promoted to the next rung as soon as it is among the best 1/eta of those that have reached its own, the
 * highest rung first. Early on, it may be the best of very few, with better ones to come; so at most 1/eta of a rung is
 * ever promoted, and the next place goes to the best waiting trial (delayed, as in Li et al., Hyper-Tune, VLDB 2022).
 */
function nextPromotion(state: SweepState): Decision | undefined {
  const { halving } = state.spec;
  if (!halving) return undefined;
  for (let rung = halving.rungs.length - 2; rung >= 0; rung--) {
    const { ranked, failed } = state.standing[rung]!;
    const promising = Math.floor((ranked.length + failed) / halving.eta);
    if (state.entered[rung + 1]! >= promising) continue;
    const found = ranked.slice(0, promising).find(({ trial }) => isPromotable(state, trial, rung));
    if (found) return { type: 'promote', trial: found.trial, rung: rung + 1 };
  }
  return undefined;
}

/**
 * With few trials, a rung may have no best 1/eta. When nothing else is left to do, the best trial is promoted to the
 * end.
 */
function lastPromotion(state: SweepState): Decision | undefined {
  const top = rungsOf(state.spec).length - 1;
  if (state.standing[top]!.ranked.length > 0) return undefined;
  for (let rung = top - 1; rung >= 0; rung--) {
    const found = state.standing[rung]!.ranked.find(({ trial }) => isPromotable(state, trial, rung));
    if (found) return { type: 'promote', trial: found.trial, rung: rung + 1 };
  }
  return undefined;
}

function isPromotable(state: SweepState, number: number, rung: number): boolean {
  const trial = state.trials[number]!;
  return trial.rung === rung && trial.failed === undefined;
}
