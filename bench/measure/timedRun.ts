import { readFileSync } from 'node:fs';
import { execa, ExecaError, type Options } from 'execa';
import { z } from 'zod';
import { HandgradError, type ErrorKind } from '../../src/errors';

/**
 * A program that trains and prints a JSON line that describes it, then one per epoch, at least {"epoch", "seconds"}.
 */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  /** Changes to the environment of this process; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const isStart = z.object({ type: z.literal('start') });

const startLine = z.object({
  /** The versions of its libraries by name, the computing one first. */
  versions: z.record(z.string(), z.string()).optional(),
  device: z.string().optional(),
  threads: z.number().optional(),
  processor: z.string().optional(),
  /** The time of compiling before its first epoch, if it compiles. */
  compileSeconds: z.number().optional(),
});

const epochLine = z.object({ epoch: z.number(), seconds: z.number(), trainSeconds: z.number().optional() });

/** A training program's description of itself. */
export type About = z.infer<typeof startLine>;

/** A finished training process. */
export interface TimedRun {
  readonly about: About;
  /** Of each epoch, as the process measured it: training and evaluation. */
  readonly seconds: readonly number[];
  /** Of each epoch, the training alone, where the process says so. */
  readonly trainSeconds: readonly number[];
  /** From its start to its first step: the time to the first epoch's line, minus that epoch. */
  readonly secondsToFirstStep: number;
  /** Largest resident size of the whole process; only Linux tells. */
  readonly peakRssBytes?: number;
}

/** Often enough for a value that only grows: only growth just before the exit is missed. */
const POLL_MS = 50;

/** The exit codes that handgrad and the peers share. */
const KINDS: Readonly<Record<number, ErrorKind>> = { 2: 'usage', 3: 'data', 4: 'backend', 6: 'storage' };

/**
 * Runs a training program and waits for its end.
 * @throws HandgradError with what the program wrote to stderr, when it cannot be started or fails; the signal's reason
 */
export async function timedRun(program: Program, signal: AbortSignal): Promise<TimedRun> {
  const seconds: number[] = [];
  const trainSeconds: number[] = [];
  let about: About = {};
  let firstLine: number | undefined;
  let peakRssBytes: number | undefined;
  const started = performance.now();
  const child = startProgram(program, signal);
  const poll = setInterval(() => (peakRssBytes = highWaterMark(child.pid) ?? peakRssBytes), POLL_MS);
  try {
    for await (const line of child) {
      const said: unknown = JSON.parse(line);
      if (isStart.safeParse(said).success) about = startLine.parse(said);
      const found = epochLine.safeParse(said);
      if (!found.success) continue;
      firstLine ??= (performance.now() - started) / 1000;
      seconds.push(found.data.seconds);
      if (found.data.trainSeconds !== undefined) trainSeconds.push(found.data.trainSeconds);
    }
    await child;
  } catch (error) {
    signal.throwIfAborted();
    throw explainFailure(program, error);
  } finally {
    clearInterval(poll);
  }
  return { about, seconds, trainSeconds, secondsToFirstStep: (firstLine ?? NaN) - (seconds[0] ?? NaN), peakRssBytes };
}

/** The program, its stdout line by line. */
export function startProgram({ file, args, env }: Program, signal: AbortSignal) {
  return execa(file, args, { lines: true, stdin: 'ignore', cancelSignal: signal, env });
}

/** VmHWM of a running process, if there is a /proc. It counts the program, not its parent. */
function highWaterMark(pid: number | undefined): number | undefined {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined; // no /proc on this system, or the process is gone: the last reading stands
  }
}

/** The error of a program that could not be started, or failed; any other error unchanged. */
export function explainFailure({ file }: Program, cause: unknown): unknown {
  if (!(cause instanceof ExecaError)) return cause;
  const error = cause as ExecaError<Options>;
  if (error.code === 'ENOENT') return new HandgradError('backend', `There is no program "${file}".`, { cause: error });
  const said = [error.stderr].flat().join('\n').trim();
  const kind = KINDS[error.exitCode ?? 1];
  // A handled failure has its reason in the last line; otherwise all of stderr may be needed.
  const message = kind ? said.split('\n').at(-1) : said;
  return new HandgradError(kind ?? 'failure', message || error.shortMessage, { cause: error });
}
