import { readFileSync } from 'node:fs';

/** How often to look, in milliseconds. */
const EVERY_MS = 250;

/**
 * Calls back once when the program that started this one has ended without stopping it first: a sweep that was killed,
 * or npm, which forwards some signals to the shell between them, and drops others. The end of a user's own shell does
 * not count: a run that was started with `nohup` lives on.
 */
export function onParentEnd(callback: () => void): void {
  let called = false;
  const once = () => {
    if (!called) callback();
    called = true;
  };
  // A sweep starts its runs with a channel, which closes with it.
  process.on('disconnect', once);
  process.channel?.unref();
  if (process.env['npm_lifecycle_event'] === undefined || process.channel) return;
  const { ppid } = process;
  // npx, and scripts of other packages, leave a shell in between.
  const above = isShell(ppid) ? parentOf(ppid) : undefined;
  const isOrphan = () => process.ppid !== ppid || (above !== undefined && parentOf(ppid) !== above);
  const timer = setInterval(() => {
    if (!isOrphan()) return;
    clearInterval(timer);
    once();
  }, EVERY_MS);
  timer.unref();
}

/** Whether a process is the shell that npm starts a script with. */
export function isShell(pid: number): boolean {
  return /(^|\/)(sh|bash|dash|zsh|ksh)$/.test(read(`/proc/${pid}/cmdline`).split('\0')[0]!);
}

function parentOf(pid: number): number | undefined {
  const parent = Number(/^PPid:\s*(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1]);
  return parent > 1 ? parent : undefined;
}

/** A file about a process; empty where there is none, such as on macOS: only the parent itself is watched there. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
