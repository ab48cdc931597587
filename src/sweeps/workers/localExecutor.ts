import { join } from 'node:path';
import type { Machine } from '../machine';
import type { Executor, TrialRun } from '../runTrials';
import { type Program, type MachineShare, trainInProcess } from './trainProcess';

/** The folder of the runs, inside the sweep's. */
export const TRIALS = 'trials';

/** The name of a run's folder: `0007`, or `0007-s2` if trials have several seeds. */
export function runName({ trial, seed }: Pick<TrialRun, 'trial' | 'seed'>, seeds: number): string {
  const number = String(trial).padStart(4, '0');
  return seeds === 1 ? number : `${number}-s${seed}`;
}

/** The slots of a machine, each with its share of the machine. A run occupies one while it trains. */
export function createSlots({ workers, threads, gpus }: Machine): {
  take(): MachineShare;
  release(share: MachineShare): void;
} {
  const free = Array.from({ length: workers }, (_, i): MachineShare => ({ threads, gpu: gpus[i % gpus.length] }));
  return {
    take() {
      const share = free.shift();
      if (!share) throw new Error('more runs than slots');
      return share;
    },
    release: (share) => void free.push(share),
  };
}

/** Executes runs in processes on this machine. */
export function localExecutor(
  program: Program,
  dir: string,
  machine: Machine,
  { metric, seeds }: { metric: string; seeds: number },
): Executor {
  const slots = createSlots(machine);
  return {
    capacity: () => machine.workers,
    async run(run, onProgress, signal) {
      const share = slots.take();
      const { settings, epochs } = run;
      const local = { folder: join(dir, TRIALS), name: runName(run, seeds), settings, epochs, metric };
      try {
        return await trainInProcess(program, local, share, onProgress, signal);
      } finally {
        slots.release(share);
      }
    },
  };
}
