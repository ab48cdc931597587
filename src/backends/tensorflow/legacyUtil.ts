import util from 'node:util';

// The two functions of Node's util that tfjs-node 4.22.0 calls.
const LEGACY = {
  isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  isArray: Array.isArray,
};

/**
 * Gives tfjs-node 4.22.0 what Node >= 23 took out of `util` (tensorflow/tfjs#8609), and spares the user Node 22's
 * deprecation warning for it.
 */
export function restoreLegacyUtil(): void {
  Object.assign(util, LEGACY);
}
