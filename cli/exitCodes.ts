export { EXIT_CODES } from '../src/errors';

/** The signals that end a run in order, after the step at hand, and what the process ends with then. */
export const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 143 } satisfies Partial<
  Record<NodeJS.Signals, number>
>;
