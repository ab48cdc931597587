import { list, text, wholeNumber } from '../../src/kinds';
import { flag } from './flags';

/** GPU numbers, or the UUIDs that `nvidia-smi -L` prints. */
const GPU_LIST = 'a list of different GPU numbers such as 0,1';
const GPU = text(GPU_LIST, (name) => /^(\d{1,3}|(GPU|MIG)-[\w-]{1,80})$/.test(name));
const GPUS = list(GPU_LIST, GPU, (names) => names.length > 0 && new Set(names).size === names.length);

/** Flags that divide a machine among concurrent runs. */
export const MACHINE = {
  workers: flag(wholeNumber(1, 1024), {
    group: 'Machine',
    help: 'the number of runs that train at once',
    otherwise: 'one per core or GPU',
  }),
  threads: flag(wholeNumber(1, 1024), {
    group: 'Machine',
    help: 'threads per run',
    otherwise: 'the cores divided among the workers',
  }),
  gpus: flag(GPUS, { group: 'Machine', help: 'the GPUs, assigned to the runs in turn: 0,1' }),
};
