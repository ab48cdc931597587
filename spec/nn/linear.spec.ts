import * as tf from '@tensorflow/tfjs-core';
import { linear, linearBackward, linearInputBackward } from '../../src/nn/linear';
import { onEachBackend } from '../backend';
import { expectClose, expectGradient, randomTensor } from '../finiteDifferences';

describe('linear', () => {
  onEachBackend(() => {
    const X = () =>
      tf.tensor2d([
        [1, 2],
        [3, 4],
        [-1, 0],
      ]);
    const W = () =>
      tf.tensor2d([
        [1, 0, -1],
        [2, 1, 0.5],
      ]);
    const b = () => tf.tensor1d([10, 20, 30]);
    const dZ = () =>
      tf.tensor2d([
        [1, 0, 2],
        [0, 1, 0],
        [-1, 3, 1],
      ]);

    it('computes X·W + b, by hand', () => {
      expectClose(linear(X(), W(), b()), [
        [15, 22, 30],
        [21, 24, 29],
        [9, 20, 31],
      ]);
    });

    it('computes dW = Xᵀ·dZ and db, the column sums of dZ, by hand', () => {
      const { dW, db } = linearBackward(dZ(), X());
      expectClose(dW, [
        [2, 0, 1],
        [2, 4, 4],
      ]);
      expectClose(db, [0, 4, 3]);
    });

    it('computes dX = dZ·Wᵀ, by hand', () => {
      expectClose(linearInputBackward(dZ(), W()), [
        [-1, 3],
        [0, 1],
        [-2, 1.5],
      ]);
    });

    it('agrees with finite differences in X, W and b', () => {
      const X = randomTensor<tf.Rank.R2>([5, 4], 1);
      const W = randomTensor<tf.Rank.R2>([4, 3], 2);
      const b = randomTensor<tf.Rank.R1>([3], 3);
      const dZ = randomTensor<tf.Rank.R2>([5, 3], 4);
      const { dW, db } = linearBackward(dZ, X);
      expectGradient((X) => linear(X as tf.Tensor2D, W, b), X, dZ, linearInputBackward(dZ, W));
      expectGradient((W) => linear(X, W as tf.Tensor2D, b), W, dZ, dW);
      expectGradient((b) => linear(X, W, b as tf.Tensor1D), b, dZ, db);
    });
  });
});
