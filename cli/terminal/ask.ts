import { createInterface } from 'node:readline/promises';
import { harmless, type Io } from './terminal';

/** Whether a person can be asked: keyboard and screen are there. */
export function canAsk({ stdin, stderr }: Io): boolean {
  return stderr.isTTY === true && (stdin as { isTTY?: boolean } | undefined)?.isTTY === true;
}

/** Asks a question on stderr. @returns whether the answer is yes; the end of the input is a no */
export async function ask(question: string, { stdin, stderr, signal }: Io): Promise<boolean> {
  const lines = createInterface({ input: stdin!, output: stderr });
  try {
    // Without a line, such as after Ctrl-D, the question would wait forever.
    const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    const answer = await Promise.race([lines.question(`${harmless(question)} [y/N] `, { signal }), closed]);
    return /^\s*y(es)?\s*$/i.test(answer);
  } catch (error) {
    // The reason tells more than an AbortError.
    signal.throwIfAborted();
    throw error;
  } finally {
    lines.close();
  }
}
