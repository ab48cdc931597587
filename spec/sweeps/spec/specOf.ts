import { SWEEP_SETTINGS } from '../../../cli/arguments/sweepSettings';
import type { Entry, JobId, Result } from '../../../src/sweeps/state/journal';
import { readSweep, type SweepSpec } from '../../../src/sweeps/spec/sweepFile';

/** A sweep file's content as a sweep, under the rules of the real settings. */
export function specOf(content: unknown): SweepSpec {
  return readSweep(content, SWEEP_SETTINGS, (name, known) => `did you mean one of ${known.length}, not ${name}?`);
}

/** A result of a run with this value. */
export function resultOf(job: JobId, value: number, more: Partial<Result> = {}): Entry {
  const standard = { curve: [value], epochs: 1, seconds: 1, trainingSeconds: 1, config: { lr: value } };
  return { type: 'result', ...job, value, ...standard, ...more };
}
