import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { softmaxCrossEntropy, softmaxCrossEntropyBackward } from '../../src/nn/softmaxCrossEntropy';
import { mixup, oneHot, smoothLabels } from '../../src/nn/targets';
import { onEachBackend } from '../backend';
import { expectClose, expectGradient, randomTensor } from '../finiteDifferences';

describe('targets', () => {
  onEachBackend(() => {
    it('smoothLabels spreads a part evenly over all classes, by hand', () => {
      expectClose(smoothLabels(tf.tensor2d([[0, 1, 0, 0]]), 0.2), [[0.05, 0.85, 0.05, 0.05]]);
    });

    it('mixup mixes each sample and its targets with the one opposite, by hand', () => {
      const X = tf.tensor2d([[0, 10], [2, 20], [4, 30]]); // prettier-ignore
      const { X: mixed, T } = mixup(X, oneHot(tf.tensor1d([0, 1, 2], 'int32'), 3), 0.75);
      expectClose(mixed, [[1, 15], [2, 20], [3, 25]]); // prettier-ignore
      expectClose(T, [[0.75, 0, 0.25], [0, 1, 0], [0.25, 0, 0.75]]); // prettier-ignore
    });

    it('the loss takes them: it is their cross-entropy, and P - T over n its gradient', () => {
      const O = randomTensor<tf.Rank.R2>([4, 3], 1);
      const labels = oneHot(tf.tensor1d([0, 2, 1, 1], 'int32'), 3);
      const T = smoothLabels(mixup(O, labels, 0.7).T, 0.1);
      expectClose(tf.sum(T, 1), [1, 1, 1, 1]);
      const { loss, P } = softmaxCrossEntropy(O, T);
      const p = P.dataSync();
      const wanted = Array.from(T.dataSync()).reduce((sum, t, i) => sum - t * Math.log(p[i]!), 0) / 4;
      expect(loss.dataSync()[0]).to.be.closeTo(wanted, 1e-6);
      const dO = softmaxCrossEntropyBackward(P, T);
      expectGradient((O) => softmaxCrossEntropy(O as tf.Tensor2D, T).loss, O, tf.scalar(1), dO, 5e-3);
    });
  });
});
