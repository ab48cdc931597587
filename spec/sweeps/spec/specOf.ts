import type { Entry, RunId, Result } from '../../../src/sweeps/state/journal';
import { readSweep, type SweepSpec } from '../../../src/sweeps/spec/sweepFile';

/** A sweep file's content as a sweep. */
export const specOf = (content: unknown): SweepSpec => readSweep(content);

/** A result of a run with this value. */
export function resultOf(run: RunId, value: number, more: Partial<Result> = {}): Entry {
  const standard = { curve: [value], epochs: 1, seconds: 1, trainingSeconds: 1, config: { lr: value } };
  return { type: 'result', ...run, value, ...standard, ...more };
}
