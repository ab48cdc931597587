import { readFileSync } from 'node:fs';
import { execa, ExecaError, type Options } from 'execa';
import { z } from 'zod';
import { HandgradError, type ErrorKind } from '../../src/errors';

/**
 * A program that trains and prints a JSON line per epoch, at least {"epoch", "seconds"}, after one that says who it is.
 */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  /** What it finds in its environment beside this process's; undefined takes something out of it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const isStart = z.object({ type: z.literal('start') });

const startLine = z.object({
  /** What it computes with, by name, the library that computes first. */
  versions: z.record(z.string(), z.string()).optional(),
  device: z.string().optional(),
  threads: z.number().optional(),
  processor: z.string().optional(),
  /** What it compiled before its first epoch, if it is that kind. */
  compileSeconds: z.number().optional(),
});

const epochLine = z.object({ epoch: z.number(), seconds: z.number(), trainSeconds: z.number().optional() });

/** What a training program says of itself. */
export type About = z.infer<typeof startLine>;

/** A training process that has ended. */
export interface TimedRun {
  readonly about: About;
  /** Of each epoch, as the process measured it: training and evaluation. */
  readonly seconds: readonly number[];
  /** Of each epoch, the training alone, where the process says so. */
  readonly trainSeconds: readonly number[];
  /** From its start to its first step: what is left of the time to the first epoch's line without that epoch. */
  readonly secondsToFirstStep: number;
  /** Largest resident size of the whole process; only Linux tells. */
  readonly peakRssBytes?: number;
}

/** Often enough for a mark that only rises: what is missed is what the last moment before the exit adds. */
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

/** VmHWM of a running process, where there is a /proc to ask. It belongs to the program, not to what started it. */
function highWaterMark(pid: number | undefined): number | undefined {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined; // no /proc on this system, or the process is gone: the last reading stands
  }
}

/** What a program that could not be started, or failed, said of it; any other error as it is. */
export function explainFailure({ file }: Program, cause: unknown): unknown {
  if (!(cause instanceof ExecaError)) return cause;
  const error = cause as ExecaError<Options>;
  if (error.code === 'ENOENT') return new HandgradError('backend', `There is no program "${file}".`, { cause: error });
  const said = [error.stderr].flat().join('\n').trim();
  const kind = KINDS[error.exitCode ?? 1];
  // A planned end says why in its last line; of any other, all that was said may be needed.
  const message = kind ? said.split('\n').at(-1) : said;
  return new HandgradError(kind ?? 'failure', message || error.shortMessage, { cause: error });
}
