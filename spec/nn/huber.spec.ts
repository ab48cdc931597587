import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { huber, huberBackward } from '../../src/nn/huber';
import { meanSquaredError, meanSquaredErrorBackward } from '../../src/nn/meanSquaredError';
import { onEachBackend } from '../backend';
import { expectClose, expectGradient, randomTensor } from '../finiteDifferences';

describe("Huber's loss", () => {
  onEachBackend(() => {
    // Residuals -3, 1, 2 and 0 with δ = 2: 2 (3 - 1), 1/2, 2 (2 - 1), 0.
    const O = () => tf.tensor2d([[1, 5], [4, 0]]); // prettier-ignore
    const T = () => tf.tensor2d([[4, 4], [2, 0]]); // prettier-ignore

    it('by hand: the square up to δ, linear beyond, and one slope at δ', () => {
      expect(huber(O(), T(), 2).dataSync()[0]).to.be.closeTo((4 + 0.5 + 2 + 0) / 4, 1e-6);
      expectClose(huberBackward(O(), T(), 2), [[-0.5, 0.25], [0.5, 0]]); // prettier-ignore
    });

    it('weights, by hand', () => {
      const w = tf.tensor2d([[2], [0.5]]);
      expect(huber(O(), T(), 2, w).dataSync()[0]).to.be.closeTo((2 * 4.5 + 0.5 * 2) / 4, 1e-6);
      expectClose(huberBackward(O(), T(), 2, w), [[-1, 0.5], [0.25, 0]]); // prettier-ignore
    });

    it('is half the mean squared error while δ is larger than all residuals', () => {
      const [O, T] = [randomTensor<tf.Rank.R2>([5, 3], 1), randomTensor<tf.Rank.R2>([5, 3], 2)];
      expectClose(huber(O, T, 100), tf.mul(meanSquaredError(O, T), 0.5));
      expectClose(huberBackward(O, T, 100), tf.mul(meanSquaredErrorBackward(O, T), 0.5));
    });

    it('an outlier of any size pulls with δ', () => {
      const far = tf.tensor2d([[1e30]]);
      expectClose(huberBackward(far, tf.zerosLike(far), 3), [[3]]);
      expect(huber(far, tf.zerosLike(far), 3).dataSync()[0]! / 3e30).to.be.closeTo(1, 1e-6);
    });

    it('backward agrees with finite differences, weighted and not', () => {
      const [O, T] = [randomTensor<tf.Rank.R2>([8, 3], 2), randomTensor<tf.Rank.R2>([8, 3], 3)];
      for (const w of [undefined, tf.abs(randomTensor<tf.Rank.R2>([8, 1], 4))]) {
        const loss = (O: tf.Tensor) => huber(O as tf.Tensor2D, T, 0.7, w);
        expectGradient(loss, O, tf.scalar(1), huberBackward(O, T, 0.7, w), 2e-3);
      }
    });
  });
});
