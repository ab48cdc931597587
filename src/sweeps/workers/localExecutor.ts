import { join } from 'node:path';
import type { Machine } from '../machine';
import type { Executor, Job } from '../runJobs';
import { type Program, type Share, trainInProcess } from './trainProcess';

/** The folder of the trials in a sweep's. */
export const TRIALS = 'trials';

/** What a run is called in the folder of trials: `0007`, or `0007-s2` where a configuration has several seeds. */
export function runName({ trial, seed }: Pick<Job, 'trial' | 'seed'>, seeds: number): string {
  const number = String(trial).padStart(4, '0');
  return seeds === 1 ? number : `${number}-s${seed}`;
}

/** The places of a machine, each with its share of it. A run takes one for as long as it goes on. */
export function createPlaces({ workers, threads, gpus }: Machine): { take(): Share; giveBack(share: Share): void } {
  const free = Array.from({ length: workers }, (_, i): Share => ({ threads, gpu: gpus[i % gpus.length] }));
  return {
    take() {
      const share = free.shift();
      if (!share) throw new Error('more runs than places');
      return share;
    },
    giveBack: (share) => void free.push(share),
  };
}

/** Carries runs out as processes of this machine. */
export function localExecutor(
  program: Program,
  dir: string,
  machine: Machine,
  { metric, seeds }: { metric: string; seeds: number },
): Executor {
  const places = createPlaces(machine);
  return {
    capacity: () => machine.workers,
    async run(job, onProgress, signal) {
      const share = places.take();
      const { settings, epochs } = job;
      const run = { folder: join(dir, TRIALS), name: runName(job, seeds), settings, epochs, metric };
      try {
        return await trainInProcess(program, run, share, onProgress, signal);
      } finally {
        places.giveBack(share);
      }
    },
  };
}
