import { availableParallelism, totalmem } from 'node:os';
import type { Options } from 'yargs';
import { HandgradError } from '../../src/errors';
import type { Division } from '../../src/sweeps/workers/localExecutor';
import { type Args, wholeNumberFlag } from './options';
import { quoted } from '../../src/words';

/** Of a run on Fashion-MNIST, with some air. */
const BYTES_PER_RUN = 1e9;

/** Flags that divide a machine among the runs on it. */
export const MACHINE_OPTIONS = {
  workers: {
    requiresArg: true,
    nargs: 1,
    group: 'Machine:',
    describe: 'how many trials train at once, else one for each core or GPU',
  },
  threads: {
    requiresArg: true,
    nargs: 1,
    group: 'Machine:',
    describe: 'threads of each trial, else the cores divided among the workers',
  },
  gpus: {
    requiresArg: true,
    nargs: 1,
    group: 'Machine:',
    describe: 'the GPUs, which the trials take in turn: 0,1',
  },
} satisfies Record<string, Options>;

/** @throws HandgradError 'usage' */
export function divisionOf(args: Args): Division {
  const gpus = gpusOf(args['gpus'] as string | undefined);
  const cores = availableParallelism();
  const fitting = Math.max(1, Math.min(cores, Math.floor(totalmem() / BYTES_PER_RUN)));
  const workers = wholeNumberFlag(args, 'workers', 1, 1024) ?? (gpus.length > 0 ? gpus.length : fitting);
  const threads = wholeNumberFlag(args, 'threads', 1, 1024) ?? Math.max(1, Math.floor(cores / workers));
  return { workers, threads, gpus };
}

/** Numbers, or the longer names that nvidia-smi -L gives. */
function gpusOf(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const gpus = text.split(',').map((part) => part.trim());
  if (gpus.every((gpu) => /^(\d{1,3}|(GPU|MIG)-[\w-]{1,80})$/.test(gpu)) && new Set(gpus).size === gpus.length)
    return gpus;
  throw new HandgradError('usage', `--gpus must be a list of different GPU numbers such as 0,1, not ${quoted(text)}.`);
}
