import type { ErrorKind } from '../../errors';

/** How a process of the trainer ended, when not well. */
export interface Ended {
  readonly exitCode?: number;
  readonly signal?: string;
  /** Why it did not even start. */
  readonly message: string;
}

/** A failed run, for the journal. */
export interface ExitMeaning {
  readonly reason: string;
  /** The kind of error, the signal, or the exit code. */
  readonly code: number | string;
  /** Whether the same run may end better. */
  readonly retry: boolean;
}

/** The same settings and the same seed end the same way: there is no point in another try. */
const FINAL: readonly string[] = ['usage', 'data', 'diverged'] satisfies ErrorKind[];

/**
 * What an end means.
 * @param codes what the trainer's process ends with for each kind of error
 * @param said the sentence that it left in its log
 */
export function meaningOf(
  { exitCode, signal, message }: Ended,
  codes: Readonly<Record<ErrorKind, number>>,
  said: string | undefined,
  logPath: string,
): ExitMeaning {
  const log = `see ${logPath}`;
  if (signal)
    return {
      reason: `killed by ${signal}${signal === 'SIGKILL' ? ' (out of memory, perhaps)' : ''}; ${log}`,
      code: signal,
      retry: true,
    };
  if (exitCode === undefined) return { reason: `not started: ${message}`, code: 'not started', retry: true };
  const kind = (Object.keys(codes) as ErrorKind[]).find((name) => codes[name] === exitCode);
  const code = kind ?? exitCode;
  return { reason: `exit ${exitCode}: ${said ?? 'no message'}; ${log}`, code, retry: !FINAL.includes(String(code)) };
}
