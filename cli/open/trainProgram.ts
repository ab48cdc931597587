import { MAX_THREADS } from '../../src/backends';
import { programFile } from '../../src/files/places';
import type { Program } from '../../src/sweeps/workers/trainProcess';
import { EXIT_CODES } from '../exitCodes';

/** What a sweep starts for each trial: this program. */
export const trainProgram = (): Program => ({
  path: programFile(),
  env: {},
  exitCodes: EXIT_CODES,
  threads: (count) => ({ threads: Math.min(count, MAX_THREADS) }),
});
