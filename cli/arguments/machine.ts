import { availableParallelism, totalmem } from 'node:os';
import { list, text, wholeNumber } from '../../src/kinds';
import type { Division } from '../../src/sweeps/workers/localExecutor';
import { flag, type Values } from './flags';

/** Of a run on Fashion-MNIST, with some air. */
const BYTES_PER_RUN = 1e9;

/** Numbers, or the longer names that nvidia-smi -L gives. */
const GPU_LIST = 'a list of different GPU numbers such as 0,1';
const GPU = text(GPU_LIST, (name) => /^(\d{1,3}|(GPU|MIG)-[\w-]{1,80})$/.test(name));
const GPUS = list(GPU_LIST, GPU, (names) => names.length > 0 && new Set(names).size === names.length);

/** Flags that divide a machine among the runs on it. */
export const MACHINE = {
  workers: flag(wholeNumber(1, 1024), {
    group: 'Machine',
    help: 'how many trials train at once, else one for each core or GPU',
  }),
  threads: flag(wholeNumber(1, 1024), {
    group: 'Machine',
    help: 'threads of each trial, else the cores divided among the workers',
  }),
  gpus: flag(GPUS, { group: 'Machine', help: 'the GPUs, which the trials take in turn: 0,1' }),
};

/** How the machine is divided when only some of it is said. */
export function divisionOf({ workers, threads, gpus = [] }: Values<typeof MACHINE>): Division {
  const cores = availableParallelism();
  const fitting = Math.max(1, Math.min(cores, Math.floor(totalmem() / BYTES_PER_RUN)));
  const places = workers ?? (gpus.length > 0 ? gpus.length : fitting);
  return { workers: places, threads: threads ?? Math.max(1, Math.floor(cores / places)), gpus };
}
