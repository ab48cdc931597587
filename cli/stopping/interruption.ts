/**
 * The abort reason of every command's signal: the program was asked to stop. It is thrown like an error, but reported
 * as a notice.
 */
export class Interruption extends Error {
  override readonly name = 'Interruption';

  /** @param message undefined when stdout is closed, so nothing is reported */
  constructor(
    readonly exitCode: number,
    message?: string,
  ) {
    super(message);
  }
}
