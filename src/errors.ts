import { visible } from './words';

/** What went wrong, in the words of the exit-code table: the command line turns each kind into its code. */
export type ErrorKind =
  | 'failure' // an expectation was missed, or nothing below fits
  | 'usage' // a flag, a key or a config value that cannot be used
  | 'data' // a data set that is missing, damaged or not what it claims to be
  | 'backend' // a backend that cannot run here
  | 'diverged' // training produced numbers that are not finite
  | 'storage' // a folder or disk that cannot be written
  | 'locked' // a run folder that another process uses
  | 'model'; // a model or checkpoint file that is invalid or of another network

/**
 * An error meant for the person at the terminal: its message is one sentence that says what, where and what to do.
 * Anything else that is thrown is a defect of handgrad.
 */
export class HandgradError extends Error {
  override readonly name = 'HandgradError';

  constructor(
    readonly kind: ErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    // Messages quote files and paths, and those may hold what moves a terminal's cursor.
    super(visible(message), options);
  }
}

/** What the program `handgrad` ends with for each kind of error; 0 is success, and 1 is also what a defect gives. */
export const EXIT_CODES = {
  failure: 1,
  usage: 2,
  data: 3,
  backend: 4,
  diverged: 5,
  storage: 6,
  locked: 7,
  model: 8,
} as const satisfies Record<ErrorKind, number>;
