/**
 * The reason in the abort signal that every command gets: somebody asked the program to stop.
 * It travels as an exception and is nobody's fault.
 */
export class Interruption extends Error {
  override readonly name = 'Interruption';

  /** @param message undefined when nobody is left to read it */
  constructor(
    readonly exitCode: number,
    message?: string,
  ) {
    super(message);
  }
}
