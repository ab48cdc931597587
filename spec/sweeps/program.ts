import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { programFile } from '../../src/files/places';
import { createRandom } from '../../src/random';
import { type Entry, readJournal } from '../../src/sweeps/state/journal';

/** A process of the compiled program, as it goes on. */
export interface Started {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Starts the program in a folder, as it is when installed: compiled. */
export function start(cwd: string, argv: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(process.execPath, [programFile(), ...argv], {
    cwd,
    env: { ...process.env, HANDGRAD_BACKEND: 'cpu', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  return {
    child,
    stdout: () => Buffer.concat(out).toString(),
    stderr: () => Buffer.concat(err).toString(),
    ended: new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal!))),
  };
}

/** Runs the program to its end. */
export async function handgrad(cwd: string, ...argv: readonly string[]) {
  const { ended, stdout, stderr } = start(cwd, argv);
  return { code: await ended, stdout: stdout(), stderr: stderr() };
}

/** The processes that a process has started. */
export function childrenOf(pid: number): number[] {
  try {
    const text = execFileSync('ps', ['-o', 'pid=,comm=', '--ppid', String(pid)], { encoding: 'utf8' });
    return text.split('\n').flatMap((line) => (line.includes('node') ? [Number(line.trim().split(' ')[0])] : []));
  } catch {
    // ps exits with 1 when there is none.
    return [];
  }
}

/** Ends a process at once; one that has ended already is no error. */
export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Writes three classes of points in the plane, which a small network learns in a moment: `points.csv`. */
export function writePoints(folder: string, rows = 120): void {
  const random = createRandom(1, 'split');
  const lines = Array.from({ length: rows }, (_, i) => {
    const at = i % 3;
    const [x, y] = [at + random.normal(0, 0.4), at * at + random.normal(0, 0.4)];
    return `${['ant', 'bee', 'cat'][at]},${x.toFixed(4)},${y.toFixed(4)}`;
  });
  fs.writeFileSync(path.join(folder, 'points.csv'), `species,x,y\n${lines.join('\n')}\n`);
}

/** Writes a sweep file; JSON is YAML. */
export function writeSweep(folder: string, content: object, name = 'sweep.yaml'): string {
  fs.writeFileSync(path.join(folder, name), JSON.stringify(content));
  return name;
}

/** What runs are over these points, in a second. */
export const POINTS = { dataset: 'points.csv', hidden: 8, 'batch-size': 10, epochs: 3 };

/** The entries of a sweep's journal. */
export async function journalOf(folder: string): Promise<readonly Entry[]> {
  return (await readJournal(folder)).entries;
}

/** Each run's results in a journal: its key, and the values that were written down for it. */
export async function resultsOf(folder: string): Promise<Record<string, number[]>> {
  const found: Record<string, number[]> = {};
  for (const entry of await journalOf(folder)) {
    if (entry.type === 'result') (found[`${entry.trial}.${entry.seed}.${entry.rung}`] ??= []).push(entry.value);
  }
  return found;
}
