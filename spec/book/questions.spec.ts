import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { QUESTIONS, type Session, STARTS } from '../../book/page/engine/questions';
import { passes } from '../../book/page/engine/passes';
import { startTraining } from '../../book/page/engine/training';
import { listGradients, lossAndGradients, oneHot, plainSteps } from '../../src';
import { onEachBackend } from '../backend';
import { smallDataset } from '../smallDataset';

const SETTINGS = { seed: 3, lr: 0.1, width: 12, batchSize: 20 };

describe('what the figures of the book ask for', () => {
  onEachBackend(() => {
    let session: Session;
    before(() => {
      const samples = { train: smallDataset(90, 784, 10), test: smallDataset(30, 784, 10, 2) };
      session = { samples, training: startTraining(samples, SETTINGS) };
    });
    after(() => session.training.dispose());

    it('the passes give the gradients of the library', () => {
      const X = tf.randomUniform<tf.Rank.R2>([3, 784]);
      const T = oneHot(tf.tensor1d([4, 0, 4], 'int32'), 10);
      const network = session.training.network();
      const { dW1, db1, dW2, db2 } = passes(X, T, network.layers);
      const expected = listGradients(lossAndGradients(X, T, plainSteps(network)).grads);
      [dW1, db1, dW2, db2].forEach((grad, i) => expect(grad.arraySync()).to.deep.equal(expected[i]!.arraySync()));
    });

    it('a view is of one batch, and its error is (P - T) / n', async () => {
      const view = await QUESTIONS.look(session, [3, 1, 4, 1], 5);
      expect([...view.labels]).to.deep.equal([3, 1, 4, 1].map((row) => session.samples.train.labels[row]));
      view.dO.forEach((value, i) => expect(value).to.be.closeTo((view.P[i]! - view.T[i]!) / 4, 1e-6));
      const sums = Array.from(view.W1, (_, j) => {
        return [0, 1, 2, 3].reduce((sum, r) => sum + view.X[r * 784 + j]! * view.dZ[r * 12 + 5]!, 0);
      });
      view.dW1.forEach((value, j) => expect(value).to.be.closeTo(sums[j]!, 1e-6));
    });

    it('units that start equal stay equal, and zeros learn nothing', async () => {
      for (const [start, distinct] of [
        ['equal', 1],
        ['zeros', 1],
        ['normal', 12],
      ] as const) {
        expect((await QUESTIONS.begin(session, start, SETTINGS, 3)).distinct, start).to.equal(distinct);
      }
      expect((await QUESTIONS.begin(session, 'large', SETTINGS, 1)).losses[0]).to.be.above(20);
    });

    it('a batch is that of the training', async () => {
      const { labels } = await QUESTIONS.batchAt(session, SETTINGS, 0, 4);
      expect(labels).to.have.length(10);
      expect((await QUESTIONS.batchAt(session, SETTINGS, 0, 9)).labels).to.have.length(0);
    });

    it('answers leave no tensor behind', async () => {
      const questions: Record<keyof typeof QUESTIONS, () => Promise<unknown>> = {
        look: () => QUESTIONS.look(session, [0, 1], 0),
        begin: () => Promise.all(Object.keys(STARTS).map((s) => QUESTIONS.begin(session, s as 'he', SETTINGS, 2))),
        lossOf: () => QUESTIONS.lossOf(session, [1, 2, 3], 0),
        check: () => QUESTIONS.check(session, [0, 1], 'W2', 7, 1, 3),
        checkAll: () => QUESTIONS.checkAll(session, [0, 1], 2),
        descend: () => QUESTIONS.descend(session, [0, 1], [0, 0.1], 0.1, 2),
        batchAt: () => QUESTIONS.batchAt(session, SETTINGS, 1, 1),
        examine: () => QUESTIONS.examine(session, 3),
        weights: () => QUESTIONS.weights(session, 24),
        classify: () => QUESTIONS.classify(session, new Float32Array(784)),
      };
      for (const [name, ask] of Object.entries(questions)) {
        const { numTensors } = tf.memory();
        await ask();
        expect(tf.memory().numTensors, name).to.equal(numTensors);
      }
    });
  });
});
