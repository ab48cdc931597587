import type { ErrorKind } from '../../errors';

/** How a training process failed. */
export interface Ended {
  readonly exitCode?: number;
  readonly signal?: string;
  /** Why it could not be started. */
  readonly message: string;
}

/** The cause of a failed run, for the journal. */
export interface ExitMeaning {
  readonly reason: string;
  /** The kind of error, the signal, or the exit code. */
  readonly code: number | string;
  /** Whether a retry may succeed. */
  readonly retry: boolean;
}

/** Kinds of errors that the same settings and seed would cause again, so a retry is pointless. */
const FINAL: readonly string[] = ['usage', 'data', 'diverged'] satisfies ErrorKind[];

/**
 * Failures that are due to this machine, not to the trial: its data, its backend, its disk. Another worker may succeed.
 */
const MACHINE: readonly string[] = ['data', 'backend', 'storage', 'not started', 'worker'];

/** Whether a failure is due to this machine. */
export const isMachineFault = ({ code }: Pick<ExitMeaning, 'code'>) => MACHINE.includes(String(code));

/**
 * Translates the end of a process to the cause of a failure.
 * @param codes the exit code for each kind of error
 * @param said the last error message in its log
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
