import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The share of all cores, in [0, 1], that other work uses, measured for one second in which the caller is idle. It
 * matters because PyTorch's threads wait for each other: on two cores, one busy core more than doubles the post's epoch
 * and two make it four to six times as long, which makes handgrad, on one thread, look better than it is.
 */
export async function busyShare(): Promise<number> {
  const before = ticks();
  await sleep(1000);
  const after = ticks();
  return 1 - (after.idle - before.idle) / (after.all - before.all);
}

function ticks(): { idle: number; all: number } {
  const times = cpus().map((core) => core.times);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return { idle: sum(times.map(({ idle }) => idle)), all: sum(times.flatMap((time) => Object.values(time))) };
}
