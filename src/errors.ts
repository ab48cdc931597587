import { visible } from './words';

/** The kind of an error, which the command line maps to an exit code. */
export type ErrorKind =
  | 'failure' // an expectation was missed, or no other kind applies
  | 'usage' // an invalid flag, key or setting
  | 'data' // a data set that is missing, damaged or not what it claims to be
  | 'backend' // a backend that cannot run here
  | 'diverged' // training produced non-finite values
  | 'storage' // a folder or disk that cannot be written
  | 'locked' // a run folder that another process uses
  | 'model'; // a model or checkpoint file that is invalid, or of another network

/**
 * An error for the user: its message is one sentence that says what, where and what to do. Any other error is a bug in
 * handgrad.
 */
export class HandgradError extends Error {
  override readonly name = 'HandgradError';

  constructor(
    readonly kind: ErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    // Messages quote files and paths, which may contain control characters.
    super(visible(message), options);
  }
}

/** The exit code for each kind of error. 0 is success; a bug in handgrad also exits with 1. */
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
