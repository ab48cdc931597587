import { readFileSync } from 'node:fs';
import { execa, ExecaError, type Options } from 'execa';
import { z } from 'zod';
import { HandgradError, type ErrorKind } from '../src/errors';

/** A training process that has ended. */
export interface TimedRun {
  /** Of each epoch, as the process measured it: training and evaluation. */
  readonly seconds: readonly number[];
  /** Largest resident size of the whole process; only Linux tells. */
  readonly peakRssBytes?: number;
}

const epochLine = z.object({ epoch: z.number(), seconds: z.number() });

/** Often enough for a mark that only rises: what is missed is what the last moment before the exit adds. */
const POLL_MS = 50;

/** The exit codes that handgrad and the peers share. */
const KINDS: Readonly<Record<number, ErrorKind>> = { 2: 'usage', 3: 'data', 4: 'backend', 6: 'storage' };

/**
 * Runs a training program that prints a JSON line per epoch, and waits for its end.
 * @param args after the program's name
 * @throws HandgradError with what the program wrote to stderr, when it cannot be started or fails
 */
export async function timedRun(program: string, args: readonly string[]): Promise<TimedRun> {
  const seconds: number[] = [];
  let peakRssBytes: number | undefined;
  const child = execa(program, args, { lines: true });
  const poll = setInterval(() => (peakRssBytes = highWaterMark(child.pid) ?? peakRssBytes), POLL_MS);
  try {
    for await (const line of child) {
      const found = epochLine.safeParse(JSON.parse(line));
      if (found.success) seconds.push(found.data.seconds);
    }
    await child;
  } catch (error) {
    throw error instanceof ExecaError ? explain(program, error as ExecaError<Options>) : error;
  } finally {
    clearInterval(poll);
  }
  return { seconds, peakRssBytes };
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

function explain(program: string, error: ExecaError<Options>): HandgradError {
  if (error.code === 'ENOENT') {
    const install = 'python3 -m pip install -r bench/peers/requirements.txt';
    return new HandgradError(
      'backend',
      `There is no program "${program}": name a Python with --python, after ${install}.`,
    );
  }
  const said = [error.stderr].flat().join('\n').trim();
  const kind = KINDS[error.exitCode ?? 1];
  // A planned end says why in its last line; of any other, all that was said may be needed.
  const message = kind ? said.split('\n').at(-1) : said;
  return new HandgradError(kind ?? 'failure', message || error.shortMessage, { cause: error });
}
