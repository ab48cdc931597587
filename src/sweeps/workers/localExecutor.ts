import { join } from 'node:path';
import { HandgradError } from '../../errors';
import type { Guard } from '../../files/atomicFile';
import type { Machine } from '../machine';
import type { Executor } from '../runTrials';
import { runName, TRIALS } from '../sweepFolder';
import { type Program, type MachineShare, trainInProcess } from './trainProcess';

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
  { metric, seeds, ...how }: { metric: string; seeds: number; takeOver?: boolean; guard?: Guard },
): Executor {
  const slots = createSlots(machine);
  return {
    capacity: () => machine.workers,
    async run(run, onProgress, signal) {
      const share = slots.take();
      const { settings, epochs } = run;
      const local = { folder: join(dir, TRIALS), name: runName(run, seeds), settings, epochs, metric, ...how };
      try {
        const outcome = await trainInProcess(program, local, share, onProgress, signal);
        // The machine's fault, not the trial's: the sweep stops, and this run is due again when it is resumed.
        if (outcome.type === 'failure' && outcome.code === 'storage') {
          throw new HandgradError(
            'storage',
            `Run ${local.name} cannot be saved (${outcome.reason}); resume the sweep then.`,
          );
        }
        return outcome;
      } finally {
        slots.release(share);
      }
    },
  };
}
