import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Identifies a process beyond its pid, which the system reuses. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Identifies the boot of the machine, and the container; empty where unknown. */
  readonly system: string;
  /** When the process started, in the system's own format; empty where unknown. */
  readonly processStart: string;
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, host: hostname(), system: systemIdentity(), processStart: startOf(process.pid) ?? '' };
}

/** Whether a process is running; `elsewhere` if this machine cannot know. */
export type Life = 'alive' | 'dead' | 'elsewhere';

/** Checks whether a process is running. */
export function lifeOf({ pid, host, system, processStart }: ProcessIdentity): Life {
  if (host !== hostname()) return 'elsewhere';
  const [boot, namespace] = system.split(' ');
  const [ownBoot, ownNamespace] = systemIdentity().split(' ');
  // The machine has rebooted. In another container, the same pid is another process.
  if (boot !== ownBoot) return 'dead';
  if (namespace !== ownNamespace) return 'elsewhere';
  const start = startOf(pid);
  return start === undefined || start !== processStart ? 'dead' : 'alive';
}

/** On Linux, the boot id and the pid namespace. Elsewhere the start of a process is a date, which is sufficient. */
function systemIdentity(): string {
  if (process.platform !== 'linux') return '';
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
}

/** When a process started; undefined when there is no such process. */
function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') return linuxStartOf(pid);
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists, and belongs to another user.
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
  // proc(5): "pid (name) state …"; the name may contain anything, the rest is numbers. Field 3 is the state, 22 the
  // start.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended; its parent has not collected its status yet.
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}
