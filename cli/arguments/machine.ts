import { list, text, wholeNumber } from '../../src/kinds';
import { flag } from './flags';

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
