import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { createRandom } from '../src/random';

/** Standard normal numbers that are the same in every run. */
export function randomTensor<R extends tf.Rank>(shape: readonly number[], seed = 1, std = 1): tf.Tensor<R> {
  const random = createRandom(seed, 'gradcheck');
  const size = shape.reduce((product, n) => product * n, 1);
  return tf.tensor<R>(
    Float32Array.from({ length: size }, () => random.normal(0, std)),
    shape as tf.ShapeMap[R],
  );
}

/**
 * Holds dX, the claimed gradient of Σ dY ⊙ f(X), against central differences at every entry of X. The sum is taken in
 * float64, so that only the backend's own rounding is left.
 * @param tolerance on |numeric - claimed| / (|numeric| + |claimed|), | | the length over all entries
 */
export function expectGradient(
  f: (X: tf.Tensor) => tf.Tensor,
  X: tf.Tensor,
  dY: tf.Tensor,
  claimed: tf.Tensor,
  tolerance = 1e-3,
): void {
  expect(claimed.shape).to.deep.equal(X.shape);
  const at = X.dataSync();
  const weights = dY.dataSync();
  const h = 1e-2;
  const value = (i: number, moved: number) => {
    const values = at.slice();
    values[i] = moved;
    const Y = tf.tidy(() => f(tf.tensor(values, X.shape)).dataSync());
    return Array.from(Y).reduce((sum, y, j) => sum + y * weights[j]!, 0);
  };
  const numeric = Array.from(at, (x, i) => {
    return (value(i, x + h) - value(i, x - h)) / (Math.fround(x + h) - Math.fround(x - h));
  });
  const length = (vector: ArrayLike<number>) => Math.hypot(...Array.from(vector));
  const claims = claimed.dataSync();
  const difference = length(numeric.map((g, i) => g - claims[i]!));
  expect(length(numeric), 'a gradient with something at stake').to.be.greaterThan(0.01);
  expect(difference / (length(numeric) + length(claims))).to.be.lessThan(tolerance);
}

/** Every entry within `tolerance` of the expected one. */
export function expectClose(actual: tf.Tensor, expected: tf.Tensor | number[] | number[][], tolerance = 1e-6): void {
  const wanted = expected instanceof tf.Tensor ? expected : tf.tensor(expected);
  expect(actual.shape).to.deep.equal(wanted.shape);
  const [a, w] = [actual.dataSync(), wanted.dataSync()];
  a.forEach((value, i) => expect(value, `entry ${i}`).to.be.closeTo(w[i]!, tolerance));
}
