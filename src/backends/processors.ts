import fs from 'node:fs';
import os from 'node:os';
import { setTimeout } from 'node:timers/promises';

/** What a look at the processors is worth: the system counts their time in steps of 10 ms. */
const LOOK_MS = 60;

/**
 * Watches how busy the processors are while something else is done, and says afterwards how many of them this process
 * can have to itself.
 * @param meanwhile work that takes this process's one thread; where it takes less than 60 ms, the look is that long
 * @returns what `meanwhile` gave, and the processors for each process that computes here now, this one included: 2 when
 * it is alone on two processors, 1 when another one is busy too
 */
export async function watchProcessors<T>(meanwhile: () => Promise<T>): Promise<{ result: T; share: number }> {
  const before = os.cpus();
  const started = performance.now();
  const result = await meanwhile();
  const left = LOOK_MS - (performance.now() - started);
  if (left > 0) await setTimeout(left);
  const allowed = allowedProcessors();
  const others = Math.max(0, busyProcessors(before, os.cpus()) - 1);
  // The machine's other processes may run on processors that this one may not use.
  return { result, share: allowed / (1 + (others * allowed) / Math.max(1, before.length)) };
}

/** How many processors were at work between two looks. */
function busyProcessors(before: readonly os.CpuInfo[], after: readonly os.CpuInfo[]): number {
  const shares = after.map(({ times }, i) => {
    const total = sum(times) - sum(before[i]!.times);
    return total > 0 ? 1 - (times.idle - before[i]!.times.idle) / total : 0;
  });
  return shares.reduce((busy, share) => busy + share, 0);
}

const sum = (times: os.CpuInfo['times']) => Object.values(times).reduce((total, ms) => total + ms, 0);

/**
 * The processors that this process may use: those it is bound to, and what its container grants (Node 20 does not ask).
 */
export function allowedProcessors(cpuMax = '/sys/fs/cgroup/cpu.max'): number {
  const bound = os.availableParallelism();
  try {
    const [quota, period] = fs.readFileSync(cpuMax, 'utf8').trim().split(' ').map(Number);
    return quota! > 0 && period! > 0 ? Math.max(1, Math.min(bound, Math.round(quota! / period!))) : bound;
  } catch {
    return bound; // no Linux, or no container
  }
}

/** What a user should know who has asked for more threads than this process may use processors. */
export function tooManyThreads(threads: number): string | undefined {
  const processors = allowedProcessors();
  if (threads <= processors) return undefined;
  const on = processors === 1 ? 'one processor' : `${processors} processors`;
  return `${threads} threads on ${on} slow each other down.`;
}
