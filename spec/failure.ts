import { expect } from 'chai';
import { type ErrorKind, HandgradError } from '../src/errors';

/** The message of the HandgradError of this kind that `work` must end with. */
export async function failure(kind: ErrorKind, work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof HandgradError)) throw error;
    expect(error.kind, error.message).to.equal(kind);
    return error.message;
  }
  throw new Error(`expected a HandgradError of kind ${kind}`);
}
