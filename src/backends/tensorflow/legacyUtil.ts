import util from 'node:util';

// The two functions of Node's `util` that tfjs-node 4.22.0 calls.
const LEGACY = {
  isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  isArray: Array.isArray,
};

/**
 * Restores for tfjs-node 4.22.0 what Node 23 removed from `util` (tensorflow/tfjs#8609),
 * and avoids Node 22's deprecation warning.
 */
export function restoreLegacyUtil(): void {
  Object.assign(util, LEGACY);
}
