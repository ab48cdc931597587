import type { Configuration } from '../spec/samplers';
import { comparison, isStopped, meanAt, reached, type SweepState, type Trial } from './sweepState';

/** A trial in the ranking. */
export interface Ranked {
  readonly trial: number;
  /** `stopped`: halving has ended it before the last epoch; it may still be promoted while the sweep runs. */
  readonly state: 'done' | 'stopped' | 'failed' | 'unfinished';
  readonly configuration: Configuration;
  /** The mean over the seeds, at the highest rung that all of them reached. */
  readonly value: number | undefined;
  /** The sample standard deviation over the seeds; undefined for one. */
  readonly spread: number | undefined;
  /** The epochs after which `value` was measured. */
  readonly epochs: number | undefined;
  /** Wall-clock seconds of all its runs. */
  readonly seconds: number;
  readonly failures: number;
  /** Folders of its runs. */
  readonly runDirs: readonly string[];
  /** The metric after each epoch, the mean over the seeds. */
  readonly curve: readonly number[];
  readonly reason: string | undefined;
}

/**
 * All trials, best first. With halving, those at a higher rung come first: a value after few epochs is only an estimate
 * of the final one.
 */
export function rank(state: SweepState): Ranked[] {
  const order = comparison(state.spec);
  const rows = state.trials.map((trial) => ({ rung: reached(state, trial), row: describe(state, trial) }));
  return rows
    .sort((a, b) => {
      const [x, y] = [a.row, b.row];
      if ((x.state === 'failed') !== (y.state === 'failed')) return x.state === 'failed' ? 1 : -1;
      if (a.rung !== b.rung) return b.rung - a.rung;
      if (x.value === undefined || y.value === undefined) return x.trial - y.trial;
      return order({ trial: x.trial, value: x.value }, { trial: y.trial, value: y.value });
    })
    .map(({ row }) => row);
}

function stateOf(state: SweepState, trial: Trial): Ranked['state'] {
  if (trial.failed !== undefined) return 'failed';
  if (isStopped(state, trial)) return 'stopped';
  return reached(state, trial) === trial.rung ? 'done' : 'unfinished';
}

function describe(state: SweepState, trial: Trial): Ranked {
  const rung = reached(state, trial);
  const runs = rung < 0 ? [] : trial.results[rung]!.map((result) => result!);
  const all = trial.results.flat().filter((result) => result !== undefined);
  const value = rung < 0 ? undefined : meanAt(trial, rung);
  const epochs = runs.length === 0 ? undefined : Math.max(...runs.map((run) => run.epochs));
  return {
    trial: trial.number,
    state: stateOf(state, trial),
    configuration: trial.configuration,
    value,
    spread: value === undefined || runs.length < 2 ? undefined : deviation(runs.map((run) => run.value)),
    epochs,
    seconds: all.reduce((sum, { seconds }) => sum + seconds, 0),
    failures: trial.failures,
    runDirs: [...new Set(all.flatMap(({ runDir }) => (runDir === undefined ? [] : [runDir])))],
    curve: meanCurve(runs.map(({ curve }) => curve)),
    reason: trial.failed,
  };
}

function meanCurve(curves: readonly (readonly (number | null)[])[]): number[] {
  const length = curves.reduce((least, curve) => Math.min(least, curve.length), curves[0]?.length ?? 0);
  return Array.from({ length }, (_, i) => curves.reduce((sum, curve) => sum + (curve[i] ?? NaN), 0) / curves.length);
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
