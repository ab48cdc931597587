import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { createLoss, LOSSES, type LossName } from '../../src/nn/losses';
import { lossAndGradients, plainSteps } from '../../src/nn/mlp';
import { listGradients } from '../../src/nn/network';
import { softmax } from '../../src/nn/softmaxCrossEntropy';
import { oneHot } from '../../src/nn/targets';
import { onEachBackend } from '../backend';
import { expectClose, expectGradient, randomTensor } from '../finiteDifferences';
import { randomNetwork } from './randomNetwork';

describe('losses', () => {
  onEachBackend(() => {
    const O = () => randomTensor<tf.Rank.R2>([6, 3], 1);
    const w = () => tf.tensor2d([0.5, 2, 0, 1, 1.5, 1], [6, 1]);
    const targets = (name: LossName) =>
      name === 'cross-entropy'
        ? oneHot(tf.tensor1d([0, 2, 1, 1, 0, 2], 'int32'), 3)
        : randomTensor<tf.Rank.R2>([6, 3], 2);

    it('cross-entropy with weights, by hand', () => {
      const lossOf = createLoss('cross-entropy');
      // Probabilities 1/4, 3/4 and 4/5, 1/5; the second class is right.
      const logits = tf.tensor2d([[0, Math.log(3)], [Math.log(4), 0]]); // prettier-ignore
      const T = tf.tensor2d([[0, 1], [0, 1]]); // prettier-ignore
      const w = tf.tensor2d([[0.5], [1.5]]);
      const { loss, P } = lossOf.forward(logits, T, w);
      expect(loss.dataSync()[0]).to.be.closeTo(-(0.5 * Math.log(0.75) + 1.5 * Math.log(0.2)) / 2, 1e-6);
      expectClose(lossOf.backward(P, T, w), [[0.0625, -0.0625], [0.6, -0.6]]); // prettier-ignore
    });

    it('P are probabilities of classes, and otherwise the outputs themselves', () => {
      expectClose(createLoss('cross-entropy').forward(O(), targets('cross-entropy')).P, softmax(O()));
      for (const name of ['mse', 'huber'] as const) {
        expectClose(createLoss(name).forward(O(), targets(name)).P, O(), 0);
      }
    });

    it("huber's δ is 1 unless given", () => {
      const far = [tf.tensor2d([[7]]), tf.tensor2d([[0]])] as const;
      expectClose(createLoss('huber').backward(...far), [[1]]);
      expectClose(createLoss('huber', { delta: 3 }).backward(...far), [[3]]);
    });

    for (const name of Object.keys(LOSSES) as LossName[]) {
      describe(name, () => {
        const loss = createLoss(name, { delta: 0.8 });
        const T = () => targets(name);
        const sumOf = (rows: readonly number[], weights?: tf.Tensor2D) => {
          const part = (A: tf.Tensor2D) => tf.gather(A, [...rows]);
          return loss.forward(part(O()), part(T()), weights && part(weights)).loss.dataSync()[0]! * rows.length;
        };

        it('weights of 1 change nothing', () => {
          const ones = tf.ones<tf.Rank.R2>([6, 1]);
          const [plain, weighted] = [loss.forward(O(), T()), loss.forward(O(), T(), ones)];
          expectClose(weighted.loss, plain.loss, 1e-7);
          expectClose(loss.backward(weighted.P, T(), ones), loss.backward(plain.P, T()), 1e-7);
        });

        it('a weight of 0 leaves a sample out, and 2 counts it twice', () => {
          const twice = tf.tensor2d([1, 2, 0, 1, 1, 1], [6, 1]);
          expect(sumOf([0, 1, 2, 3, 4, 5], twice)).to.be.closeTo(sumOf([0, 1, 1, 3, 4, 5]), 1e-5);
          const { P } = loss.forward(O(), T(), twice);
          const [two, one] = [loss.backward(P, T(), twice), loss.backward(P, T())];
          expectClose(tf.slice(two, [1, 0], [1, 3]), tf.mul(tf.slice(one, [1, 0], [1, 3]), 2));
          expectClose(tf.slice(two, [2, 0], [1, 3]), [[0, 0, 0]]);
        });

        it('batches times their sizes add up to the whole, so that every sample counts by its weight', () => {
          const whole = sumOf([0, 1, 2, 3, 4, 5], w());
          const [full, partial] = [sumOf([0, 1, 2, 3], w()), sumOf([4, 5], w())];
          expect(full + partial).to.be.closeTo(whole, 1e-5);
        });

        it('backward agrees with finite differences, weighted and not', () => {
          for (const weights of [undefined, w()]) {
            const { P } = loss.forward(O(), T(), weights);
            const f = (O: tf.Tensor) => loss.forward(O as tf.Tensor2D, T(), weights).loss;
            expectGradient(f, O(), tf.scalar(1), loss.backward(P, T(), weights), 3e-3);
          }
        });

        it('lossAndGradients takes it down the network', () => {
          const network = randomNetwork([4, 5, 3], 7);
          const X = randomTensor<tf.Rank.R2>([6, 4], 8);
          const { loss: value, grads } = lossAndGradients(X, T(), plainSteps(network), loss, w());
          const [, , , db2] = listGradients(grads);
          const { trace } = lossAndGradients(X, T(), plainSteps(network));
          const { loss: direct, P } = loss.forward(trace.at(-1)!.Y, T(), w());
          expectClose(value, direct, 0);
          expectClose(db2!, tf.sum(loss.backward(P, T(), w()), 0), 0);
        });
      });
    }
  });
});
