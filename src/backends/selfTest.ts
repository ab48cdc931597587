import { core } from './tensorflowJs';

// A network of one layer with small integers, which every backend must compute exactly.
const X = [
  [1, 2, 3],
  [4, 5, 6],
];
const W = [
  [1, -1],
  [0, 2],
  [2, -3],
];
const b = [-10, 9];
const EXPECTED = {
  'X·W + b': [-3, 3, 6, -3],
  'Y = max(X·W + b, 0)': [0, 3, 6, 0],
  'Xᵀ·Y': [24, 3, 30, 6, 36, 9],
  'Y·Wᵀ': [-3, 6, -9, 6, 0, 12],
  'the column sums of Y': [6, 3],
};

/**
 * Computes a known layer, forward and backward, on the current backend.
 * @returns the first wrong result, or undefined if every number is exact
 */
export async function verify(): Promise<string | undefined> {
  const tf = core();
  const results = tf.tidy(() => {
    const x = tf.tensor2d(X);
    const w = tf.tensor2d(W);
    const z = tf.add(tf.matMul(x, w), tf.tensor1d(b));
    const y = tf.maximum(z, 0);
    return [z, y, tf.matMul(x, y, true, false), tf.matMul(y, w, false, true), tf.sum(y, 0)];
  });
  try {
    const computed = await Promise.all(results.map((result) => result.data()));
    const names = Object.keys(EXPECTED) as (keyof typeof EXPECTED)[];
    const wrong = names.findIndex((name, i) => EXPECTED[name].join() !== computed[i]!.join());
    if (wrong === -1) return undefined;
    return `${names[wrong]} gave ${computed[wrong]!.join(' ')} instead of ${EXPECTED[names[wrong]!].join(' ')}`;
  } finally {
    tf.dispose(results);
  }
}
