import { availableParallelism, totalmem } from 'node:os';
import { HandgradError } from '../errors';
import { quoted } from '../words';

/** How a machine is divided among concurrent runs. */
export interface Machine {
  /** The number of concurrent runs. */
  readonly workers: number;
  /** Threads of each run's backend. */
  readonly threads: number;
  /** The GPUs, assigned to runs round robin: their numbers, or the UUIDs that `nvidia-smi -L` prints. */
  readonly gpus: readonly string[];
}

/** A run on Fashion-MNIST, with some headroom. */
const BYTES_PER_RUN = 1e9;

/**
 * Divides this machine. The defaults are one run per core or GPU, as far as memory allows, and the cores divided evenly
 * among the runs.
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
