import { HandgradError } from '../../../errors';

/** Reports the progress of a setup, and can stop it. */
export interface Progress {
  /** Receives a line before each slow step. */
  readonly onStep?: (step: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Runs a program until it exits.
 * @returns its stdout
 * @throws HandgradError 'backend' with the last line of its stderr; the signal's reason when aborted
 */
export async function command(
  file: string,
  args: readonly string[],
  { signal, cwd, env }: Progress & { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  const { execa } = await import('execa');
  const result = await execa(file, args, { cwd, env, cancelSignal: signal, reject: false, stdin: 'ignore' });
  signal?.throwIfAborted();
  if (!result.failed) return result.stdout;
  const said = `${result.stderr}\n${result.stdout}`.split('\n').map((line) => line.trim());
  const error = said.find((line) => /\berror\b/i.test(line)) ?? said.filter(Boolean).at(-1);
  const what = `${file} ${args.slice(0, 3).join(' ')}${args.length > 3 ? ' …' : ''}`;
  const why = error ?? result.shortMessage?.split('\n')[0];
  throw new HandgradError('backend', `"${what}" failed: ${(why ?? 'it does not run').replace(/\.$/, '')}.`, {
    cause: result,
  });
}

/** Runs a program that may be missing: undefined if it is, or fails. */
export async function tryCommand(
  file: string,
  args: readonly string[],
  progress: Progress & { env?: Record<string, string> } = {},
): Promise<string | undefined> {
  try {
    return await command(file, args, progress);
  } catch (error) {
    if (error instanceof HandgradError) return undefined;
    throw error;
  }
}
