import type { ErrorKind } from '../src/errors';

/** What the process ends with for each kind of error; 0 is success, and 1 is also what a defect of handgrad gives. */
export const EXIT_CODES = {
  failure: 1,
  usage: 2,
  data: 3,
  backend: 4,
  diverged: 5,
  storage: 6,
  locked: 7,
  model: 8,
} satisfies Record<ErrorKind, number>;

/** The signals that end a run in order, after the step at hand, and what the process ends with then. */
export const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 143 } satisfies Partial<
  Record<NodeJS.Signals, number>
>;
