import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../src/random';
import { kill, start, type Started } from '../sweeps/program';

/** One round of a lane: what happens in it follows from its seed, apart from time. */
export interface Round {
  readonly random: Random;
  /** A new folder, and in it `disk`, which is a small file system where one can be mounted. */
  readonly folder: string;
  /** Starts the program in the folder; its processes are known by their environment. */
  readonly start: (argv: readonly string[], env?: NodeJS.ProcessEnv) => Started;
  /** Counts something for the figures at the end. */
  readonly count: (what: string) => void;
  /** Whether the time is over, so that nothing more is disturbed. */
  readonly over: () => boolean;
  /** What this machine cannot do, by name. */
  readonly lacks: Readonly<Record<string, string | undefined>>;
}

/** The size of the small file system. */
export const DISK_BYTES = 16_000_000;
/** How long a process may take to end by itself, in milliseconds. */
const ENDS_MS = 300_000;
const MARK = 'HANDGRAD_CHAOS';

/** A promise that was broken. */
export class Breach extends Error {
  constructor(message: string) {
    super(message.slice(0, 3000));
  }
}

/** @throws Breach with the first place where two results differ */
export function assertSame(found: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a === b) return;
  let at = 0;
  while (a[at] === b[at]) at++;
  const around = (text: string) => text.slice(Math.max(0, at - 200), at + 200);
  throw new Breach(`${what} differ:\n…${around(a)}…\nexpected:\n…${around(b)}…`);
}

/** Starts the program so that `survivors` finds it and whatever it starts. */
export function starter(folder: string): Round['start'] {
  return (argv, env = {}) => start(folder, argv, { [MARK]: folder, ...env });
}

/** The processes of a round that are still there. */
export function survivors(folder: string): number[] {
  const marked = (pid: string) => procFile(pid, 'environ').split('\0').includes(`${MARK}=${folder}`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && marked(name))
    .map(Number);
}

/** A file about a process; empty when it has ended. */
function procFile(pid: number | string, name: string): string {
  try {
    return readFileSync(join('/proc', String(pid), name), 'utf8');
  } catch {
    return '';
  }
}

/** Waits until every process of a round has ended by itself. */
export async function assertAllEnded({ folder }: Round): Promise<void> {
  for (let waited = 0; survivors(folder).length > 0; waited += 100) {
    if (waited > 15_000) {
      const left = survivors(folder);
      const names = left.map((pid) => procFile(pid, 'cmdline').replaceAll('\0', ' '));
      left.forEach((pid) => kill(pid));
      throw new Breach(`still running after everything has ended: ${names.join('; ')}`);
    }
    await delay(100);
  }
}

/** How a process ended by itself. */
export async function endOf(one: Started, after: string): Promise<number | NodeJS.Signals> {
  const timer = new AbortController();
  const ended = await Promise.race([one.ended, delay(ENDS_MS, undefined, { signal: timer.signal }).catch(() => {})]);
  timer.abort();
  if (ended === undefined) {
    kill(one.child.pid!);
    throw new Breach(`does not end after ${after}: ${one.stderr()}`);
  }
  if (one.stderr().includes('This is a bug')) throw new Breach(`after ${after}: ${one.stderr()}`);
  return ended;
}

/** Everything in a folder but the entries named, and what it holds. */
export function contentOf(folder: string, except: readonly string[]): string {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const kept = names.filter((name) => !except.some((one) => name === one || name.startsWith(`${one}/`)));
  const rows = kept.map((name) => {
    const path = join(folder, name);
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) return `${name} -> ${readlinkSync(path)}`;
    return stat.isFile() ? `${name} ${createHash('sha256').update(readFileSync(path)).digest('hex')}` : name;
  });
  return rows.join('\n');
}

/** Fills the small file system but for some bytes. @returns what gives the space back */
export function fillDisk({ folder, random }: Round): () => void {
  const filler = join(folder, 'disk', 'filler');
  const left = random.integer(40_000);
  for (let size = DISK_BYTES; size > 1000; size = Math.floor(size / 2)) {
    try {
      for (;;) writeFileSync(filler, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  spawnSync('truncate', ['--size', `-${left}`, filler]);
  return () => rmSync(filler, { force: true });
}

/** Limits what a process that runs may have: memory or open files. */
export function limit(pid: number, what: string): void {
  spawnSync('prlimit', ['--pid', String(pid), what]);
}

/** Virtual memory of a process, in bytes; 0 when it has ended. */
export function memoryOf(pid: number): number {
  return 1024 * Number(/^VmSize:\s*(\d+)/m.exec(procFile(pid, 'status'))?.[1] ?? 0);
}

/** One of several. */
export function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.integer(from.length)]!;
}
