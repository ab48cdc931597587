import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { batchNorm, batchNormBackward, foldBatchNorm, initNorm, updateStatistics } from '../../src/nn/batchNorm';
import { linear } from '../../src/nn/linear';
import { onEachBackend } from '../backend';
import { expectClose, expectGradient, randomTensor } from '../finiteDifferences';

describe('batchNorm', () => {
  onEachBackend(() => {
    it('gives each column mean b and deviation g, by hand', () => {
      // Columns of mean 2 and variance 1, and of mean 4 and variance 4.
      const U = tf.tensor2d([
        [1, 6],
        [3, 2],
      ]);
      const { Z, mean, variance } = batchNorm(U, tf.tensor1d([1, 3]), tf.tensor1d([0, 10]));
      expectClose(
        Z,
        [
          [-1, 13],
          [1, 7],
        ],
        1e-4,
      ); // ε = 1e-5 beside a variance of 1
      expectClose(mean, [2, 4]);
      expectClose(variance, [1, 4]);
    });

    it('a column that is the same for all gives b, and a finite gradient', () => {
      const U = tf.fill<tf.Rank.R2>([4, 1], 7);
      const { Z, ...record } = batchNorm(U, tf.tensor1d([2]), tf.tensor1d([0.5]));
      expectClose(Z, [[0.5], [0.5], [0.5], [0.5]]);
      const { dU } = batchNormBackward(randomTensor<tf.Rank.R2>([4, 1]), record, tf.tensor1d([2]));
      expect(dU.dataSync().every(Number.isFinite)).to.be.true;
    });

    it('backward agrees with finite differences in all three', () => {
      const U = randomTensor<tf.Rank.R2>([6, 4], 1, 2);
      const g = randomTensor<tf.Rank.R1>([4], 2);
      const b = randomTensor<tf.Rank.R1>([4], 3);
      const dZ = randomTensor<tf.Rank.R2>([6, 4], 4);
      const { dU, dg, db } = batchNormBackward(dZ, batchNorm(U, g, b), g);
      expectGradient((U) => batchNorm(U as tf.Tensor2D, g, b).Z, U, dZ, dU);
      expectGradient((g) => batchNorm(U, g as tf.Tensor1D, b).Z, g, dZ, dg);
      expectGradient((b) => batchNorm(U, g, b as tf.Tensor1D).Z, b, dZ, db);
      // Normalization fixes a unit's mean and length: neither is in its gradient.
      expectClose(tf.sum(dU, 0), [0, 0, 0, 0], 1e-5);
      expectClose(tf.sum(tf.mul(dU, U), 0), [0, 0, 0, 0], 1e-3);
    });

    it('running statistics move a tenth of the way, to the unbiased variance, by hand', () => {
      const batch = batchNorm(tf.tensor2d([[1], [3]]), tf.tensor1d([1]), tf.tensor1d([0]));
      const { mean, variance } = updateStatistics(initNorm(tf.tensor1d([0])), batch, 2);
      expectClose(mean, [0.2]);
      expectClose(variance, [0.9 + 0.1 * 2]); // 1 · 2 / (2 - 1)
    });

    it('folded into the layer it is the same map as by the running statistics, term by term', () => {
      const [X, W] = [randomTensor<tf.Rank.R2>([5, 3], 1), randomTensor<tf.Rank.R2>([3, 4], 2)];
      const [g, b, mean] = [3, 4, 5].map((seed) => randomTensor<tf.Rank.R1>([4], seed)) as [
        tf.Tensor1D,
        tf.Tensor1D,
        tf.Tensor1D,
      ];
      const variance = tf.square<tf.Tensor1D>(randomTensor<tf.Rank.R1>([4], 6));
      const folded = foldBatchNorm({ W, norm: { g, b, mean, variance } });
      const U = tf.matMul(X, W);
      const wanted = tf.add(tf.mul(g, tf.div(tf.sub(U, mean), tf.sqrt(tf.add(variance, 1e-5)))), b);
      expectClose(linear(X, folded.W, folded.b), wanted, 1e-4);
    });
  });
});
