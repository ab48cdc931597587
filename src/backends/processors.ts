import fs from 'node:fs';
import os from 'node:os';
import { setTimeout } from 'node:timers/promises';

/** The shortest measurement, in milliseconds: the system counts processor time in steps of 10 ms. */
const SHORTEST_MS = 60;

/**
 * Measures how busy the processors are during other work, and how many of them this process can have to itself.
 * @param meanwhile work on this process's one thread; the measurement takes at least 60 ms
 * @returns the result of `meanwhile`, and the processors per busy process, this one included:
 * 2 for a process alone on two processors, 1 if another one is busy too
 */
export async function watchProcessors<T>(meanwhile: () => Promise<T>): Promise<{ result: T; share: number }> {
  const before = os.cpus();
  const started = performance.now();
  const result = await meanwhile();
  const left = SHORTEST_MS - (performance.now() - started);
  if (left > 0) await setTimeout(left);
  const allowed = allowedProcessors();
  const others = Math.max(0, busyProcessors(before, os.cpus()) - 1);
  // The machine's other processes may run on processors that this one may not use.
  return { result, share: allowed / (1 + (others * allowed) / Math.max(1, before.length)) };
}

/** How many processors were busy between two readings. */
function busyProcessors(before: readonly os.CpuInfo[], after: readonly os.CpuInfo[]): number {
  const shares = after.map(({ times }, i) => {
    const total = sum(times) - sum(before[i]!.times);
    return total > 0 ? 1 - (times.idle - before[i]!.times.idle) / total : 0;
  });
  return shares.reduce((busy, share) => busy + share, 0);
}

const sum = (times: os.CpuInfo['times']) => Object.values(times).reduce((total, ms) => total + ms, 0);

/** The processors that this process may use: its affinity, and its container's quota (which Node 20 ignores). */
export function allowedProcessors(cpuMax = '/sys/fs/cgroup/cpu.max'): number {
  const bound = os.availableParallelism();
  try {
    const [quota, period] = fs.readFileSync(cpuMax, 'utf8').trim().split(' ').map(Number);
    return quota! > 0 && period! > 0 ? Math.max(1, Math.min(bound, Math.round(quota! / period!))) : bound;
  } catch {
    return bound; // not Linux, or no container
  }
}

/** The warning for more threads than this process has processors. */
export function tooManyThreads(threads: number): string | undefined {
  const processors = allowedProcessors();
  if (threads <= processors) return undefined;
  const on = processors === 1 ? 'one processor' : `${processors} processors`;
  return `${threads} threads on ${on} slow each other down.`;
}
