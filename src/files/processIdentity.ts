import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Which process somebody is: the number of a process that ended is given to another one sooner or later. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** What tells one start of the machine, and one container on it, from another; empty where that cannot be told. */
  readonly system: string;
  /** When the process started, in the system's own words; empty where that cannot be told. */
  readonly processStart: string;
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, host: hostname(), system: systemIdentity(), processStart: startOf(process.pid) ?? '' };
}

/** Whether a process runs: `elsewhere` where this machine cannot know. */
export type Life = 'alive' | 'dead' | 'elsewhere';

/** Whether the process of that identity runs. */
export function lifeOf({ pid, host, system, processStart }: ProcessIdentity): Life {
  if (host !== hostname()) return 'elsewhere';
  const [boot, namespace] = system.split(' ');
  const [ownBoot, ownNamespace] = systemIdentity().split(' ');
  // The machine has been started again since. In another container of it the same numbers are other processes.
  if (boot !== ownBoot) return 'dead';
  if (namespace !== ownNamespace) return 'elsewhere';
  const start = startOf(pid);
  return start === undefined || start !== processStart ? 'dead' : 'alive';
}

/**
 * Linux: the id of this start of the machine and the process namespace. Elsewhere a process's start is a date, which
 * will do.
 */
function systemIdentity(): string {
  if (process.platform !== 'linux') return '';
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
}

/** When a process started; undefined when there is none of that number. */
function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') return linuxStartOf(pid);
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: there is one, of another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  if (process.platform === 'win32') return '';
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env: { LC_ALL: 'C' } }).trim();
  } catch {
    return undefined;
  }
}

function linuxStartOf(pid: number): string | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // proc(5): "pid (name) state …"; the name may hold anything, the rest is numbers. Field 3 is the state, 22 the start.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended; its parent only has not looked yet.
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}
