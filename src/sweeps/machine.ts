import { availableParallelism, totalmem } from 'node:os';
import { HandgradError } from '../errors';
import { quoted } from '../words';

/** How a machine is divided among the runs that train at once. */
export interface Machine {
  /** Runs at once. */
  readonly workers: number;
  /** Threads of each run's backend. */
  readonly threads: number;
  /** The graphics cards, which the runs take in turn: their numbers, or the longer names that nvidia-smi -L gives. */
  readonly gpus: readonly string[];
}

/** Of a run on Fashion-MNIST, with some air. */
const BYTES_PER_RUN = 1e9;

/**
 * This machine, divided: what is left out is one run for each core or graphics card,
 * as far as memory allows, and the cores divided among them.
 * @throws HandgradError 'usage' naming what cannot be used
 */
export function divideMachine({ workers, threads, gpus = [] }: Partial<Machine> = {}): Machine {
  for (const [name, value] of Object.entries({ workers, threads })) {
    if (value === undefined || (Number.isInteger(value) && value >= 1 && value <= 1024)) continue;
    throw new HandgradError('usage', `\`${name}\` must be a whole number from 1 to 1024, not ${quoted(value)}.`);
  }
  const named = gpus.every((gpu) => /^(\d{1,3}|(GPU|MIG)-[\w-]{1,80})$/.test(gpu));
  if (!named || new Set(gpus).size !== gpus.length) {
    throw new HandgradError(
      'usage',
      `\`gpus\` must be a list of different GPU numbers such as 0,1, not ${quoted(gpus.join())}.`,
    );
  }
  const cores = availableParallelism();
  const fitting = Math.max(1, Math.min(cores, Math.floor(totalmem() / BYTES_PER_RUN)));
  const runs = workers ?? (gpus.length > 0 ? gpus.length : fitting);
  return { workers: runs, threads: threads ?? Math.max(1, Math.floor(cores / runs)), gpus };
}
