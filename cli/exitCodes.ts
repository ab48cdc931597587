export { EXIT_CODES } from '../src/errors';

/** The signals that stop a run gracefully, after the current step, and their exit codes. */
export const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 143 } satisfies Partial<
  Record<NodeJS.Signals, number>
>;

/** The names of those signals. */
export const SIGNALS = Object.keys(SIGNAL_CODES) as NodeJS.Signals[];
