import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import {
  crossEntropyLoss,
  crossEntropyLossBackward,
  softmax,
  softmaxBackward,
  softmaxCrossEntropy,
  softmaxCrossEntropyBackward,
} from '../../src/nn/softmaxCrossEntropy';
import { oneHot } from '../../src/nn/targets';
import { onEachBackend } from '../backend';
import { expectClose, expectGradient, randomTensor } from '../finiteDifferences';

describe('softmax and cross-entropy', () => {
  onEachBackend(() => {
    const logits = () =>
      tf.tensor2d([
        [0, Math.log(3)],
        [Math.log(4), 0],
      ]);
    const y = () => tf.tensor1d([1, 1], 'int32');

    it('oneHot puts a float 1 at the class', () => {
      expectClose(oneHot(tf.tensor1d([2, 0], 'int32'), 3), [
        [0, 0, 1],
        [1, 0, 0],
      ]);
      expect(oneHot(y(), 2).dtype).to.equal('float32');
    });

    it('softmax by hand: logits log 1 and log 3 are one quarter and three', () => {
      expectClose(softmax(logits()), [
        [0.25, 0.75],
        [0.8, 0.2],
      ]);
    });

    it('the loss by hand: -(log 0.75 + log 0.2) / 2, from probabilities and from logits', () => {
      const byHand = -(Math.log(0.75) + Math.log(0.2)) / 2;
      expect(crossEntropyLoss(softmax(logits()), y()).dataSync()[0]).to.be.closeTo(byHand, 1e-6);
      const { loss, P } = softmaxCrossEntropy(logits(), oneHot(y(), 2));
      expect(loss.dataSync()[0]).to.be.closeTo(byHand, 1e-6);
      expectClose(P, softmax(logits()));
    });

    it('the gradient by hand: (P - T) / n', () => {
      const T = oneHot(y(), 2);
      expectClose(softmaxCrossEntropyBackward(softmax(logits()), T), [
        [0.125, -0.125],
        [0.4, -0.4],
      ]);
    });

    it('the gradient in one step is that of softmax after that of the loss', () => {
      const O = randomTensor<tf.Rank.R2>([7, 5], 1);
      const y = tf.tensor1d([0, 1, 2, 3, 4, 0, 2], 'int32');
      const P = softmax(O);
      expectClose(
        softmaxBackward(crossEntropyLossBackward(P, y), P),
        softmaxCrossEntropyBackward(P, oneHot(y, 5)),
        1e-7,
      );
    });

    it('each backward pass agrees with finite differences', () => {
      const O = randomTensor<tf.Rank.R2>([6, 4], 2);
      const y = tf.tensor1d([3, 1, 0, 2, 2, 1], 'int32');
      const P = softmax(O);
      const dP = randomTensor<tf.Rank.R2>([6, 4], 3);
      const one = tf.scalar(1);
      expectGradient((O) => softmax(O as tf.Tensor2D), O, dP, softmaxBackward(dP, P));
      expectGradient((P) => crossEntropyLoss(P as tf.Tensor2D, y), P, one, crossEntropyLossBackward(P, y), 0.02);
      const T = oneHot(y, 4);
      const fused = (O: tf.Tensor) => softmaxCrossEntropy(O as tf.Tensor2D, T).loss;
      expectGradient(fused, O, one, softmaxCrossEntropyBackward(P, T));
      const soft = softmax(randomTensor<tf.Rank.R2>([6, 4], 4)); // any rows that sum to 1 are targets
      expectGradient(
        (O) => softmaxCrossEntropy(O as tf.Tensor2D, soft).loss,
        O,
        one,
        softmaxCrossEntropyBackward(P, soft),
      );
    });

    describe('F51 logits of any size', () => {
      const cases: Record<string, number[][]> = {
        'one huge': [[1e4, 0, -5]],
        'one hugely negative': [[-1e4, 1, 2]],
        'plus and minus 1e4, and the right class is the unlikely one': [[-1e4, 1e4, 0]],
        'all equal': [[7, 7, 7]],
        'all equal and huge': [[-1e4, -1e4, -1e4]],
        'one class only': [[-1e4], [1e4]],
        'a batch of all of it': [
          [1e4, -1e4, 0],
          [-1e4, -1e4, 1e4],
          [0, 0, 0],
        ],
      };
      for (const [name, rows] of Object.entries(cases)) {
        it(`F51 ${name}: finite, and equal to float64`, () => {
          const y = tf.zeros<tf.Rank.R1>([rows.length], 'int32');
          const { loss, P } = softmaxCrossEntropy(tf.tensor2d(rows), oneHot(y, rows[0]!.length));
          const reference = rows.map((row) => {
            const m = Math.max(...row);
            const S = row.reduce((sum, o) => sum + Math.exp(o - m), 0);
            return { loss: m + Math.log(S) - row[0]!, P: row.map((o) => Math.exp(o - m) / S) };
          });
          const mean = reference.reduce((sum, row) => sum + row.loss, 0) / rows.length;
          const got = loss.dataSync()[0]!;
          expect(got).to.satisfy(Number.isFinite);
          expect(Math.abs(got - mean)).to.be.at.most(1e-6 * Math.max(1, mean));
          expectClose(
            P,
            reference.map((row) => row.P),
          );
          expectClose(
            softmax(tf.tensor2d(rows)),
            reference.map((row) => row.P),
          );
        });
      }
    });
  });
});
