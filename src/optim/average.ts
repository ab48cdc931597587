import * as tf from '@tensorflow/tfjs-core';

/**
 * The exponential moving average of the weights (Polyak and Juditsky 1992 for the plain mean): late in training the
 * weights oscillate around a minimum, and their mean is closer to it than they are. **A ← d·A + (1 - d)·W**.
 *
 * A starts as the initial weights, which would keep the weight d^t.
 * To forget them early, d is min(decay, (1 + t) / (10 + t)).
 * @param averages A, shaped like `params`
 * @param decay 0.999 averages over about 1,000 steps
 * @param step t, from 1
 * @returns the new averages
 */
export function updateAverages(
  averages: readonly tf.Tensor[],
  params: readonly tf.Tensor[],
  decay: number,
  step: number,
): tf.Tensor[] {
  const d = Math.min(decay, (1 + step) / (10 + step));
  return averages.map((A, i) => tf.add(A, tf.mul(tf.sub(params[i]!, A), 1 - d)));
}
