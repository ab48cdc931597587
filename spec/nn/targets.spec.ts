import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { smoothLabels } from '../../src/nn/labelSmoothing';
import { mixup } from '../../src/nn/mixup';
import { oneHot, softmaxCrossEntropy, softmaxCrossEntropyBackward } from '../../src/nn/softmaxCrossEntropy';
import { onEachBackend } from '../backend';
import { expectClose, expectGradient, randomTensor } from '../finiteDifferences';

describe('truths that are not certain', () => {
  onEachBackend(() => {
    it('smoothLabels gives a part to all classes alike, by hand', () => {
      expectClose(smoothLabels(tf.tensor2d([[0, 1, 0, 0]]), 0.2), [[0.05, 0.85, 0.05, 0.05]]);
    });

    it('mixup mixes each sample and its truth with the one opposite, by hand', () => {
      const X = tf.tensor2d([[0, 10], [2, 20], [4, 30]]); // prettier-ignore
      const { X: mixed, Y } = mixup(X, oneHot(tf.tensor1d([0, 1, 2], 'int32'), 3), 0.75);
      expectClose(mixed, [[1, 15], [2, 20], [3, 25]]); // prettier-ignore
      expectClose(Y, [[0.75, 0, 0.25], [0, 1, 0], [0.25, 0, 0.75]]); // prettier-ignore
    });

    it('the loss takes them: it is their cross-entropy, and P - Y over n its gradient', () => {
      const O = randomTensor<tf.Rank.R2>([4, 3], 1);
      const truth = oneHot(tf.tensor1d([0, 2, 1, 1], 'int32'), 3);
      const Y = smoothLabels(mixup(O, truth, 0.7).Y, 0.1);
      expectClose(tf.sum(Y, 1), [1, 1, 1, 1]);
      const { loss, P } = softmaxCrossEntropy(O, Y);
      const p = P.dataSync();
      const wanted = Array.from(Y.dataSync()).reduce((sum, y, i) => sum - y * Math.log(p[i]!), 0) / 4;
      expect(loss.dataSync()[0]).to.be.closeTo(wanted, 1e-6);
      const dO = softmaxCrossEntropyBackward(P, Y);
      expectGradient((O) => softmaxCrossEntropy(O as tf.Tensor2D, Y).loss, O, tf.scalar(1), dO, 5e-3);
    });
  });
});
