import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { meanSquaredError, meanSquaredErrorBackward } from '../../src/nn/meanSquaredError';
import { onEachBackend } from '../backend';
import { expectClose, expectGradient, randomTensor } from '../finiteDifferences';

describe('mean squared error', () => {
  onEachBackend(() => {
    it('one output, by hand: the mean of the squares, and 2 (O - T) / n', () => {
      const [O, T] = [tf.tensor2d([[1], [5]]), tf.tensor2d([[4], [1]])];
      expect(meanSquaredError(O, T).dataSync()[0]).to.equal((9 + 16) / 2);
      expectClose(meanSquaredErrorBackward(O, T), [[-3], [4]]);
    });

    it('several outputs, by hand: the mean over them as well', () => {
      const [O, T] = [tf.tensor2d([[1, 5], [2, 0]]), tf.tensor2d([[4, 1], [2, 2]])]; // prettier-ignore
      expect(meanSquaredError(O, T).dataSync()[0]).to.equal((9 + 16 + 0 + 4) / 4);
      expectClose(meanSquaredErrorBackward(O, T), [[-1.5, 2], [0, -1]]); // prettier-ignore
    });

    it('weights, by hand: a sample of weight 2 counts as two of them', () => {
      const [O, T, w] = [tf.tensor2d([[1], [5]]), tf.tensor2d([[4], [1]]), tf.tensor2d([[2], [0.5]])];
      expect(meanSquaredError(O, T, w).dataSync()[0]).to.equal((2 * 9 + 0.5 * 16) / 2);
      expectClose(meanSquaredErrorBackward(O, T, w), [[-6], [2]]);
    });

    it('backward agrees with finite differences, weighted and not', () => {
      const [O, T] = [randomTensor<tf.Rank.R2>([6, 3], 2), randomTensor<tf.Rank.R2>([6, 3], 3)];
      for (const w of [undefined, tf.abs(randomTensor<tf.Rank.R2>([6, 1], 4))]) {
        const loss = (O: tf.Tensor) => meanSquaredError(O as tf.Tensor2D, T, w);
        expectGradient(loss, O, tf.scalar(1), meanSquaredErrorBackward(O, T, w), 2e-3);
      }
    });
  });
});
