import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import type { Network } from '../../src/nn/mlp';
import { dataIterator } from '../../src/training/batches';
import {
  accuracy,
  confusionMatrix,
  evaluate,
  evaluateAccuracy,
  evaluationBatchSize,
  predictProbabilities,
} from '../../src/training/evaluate';
import { onEachBackend } from '../backend';

describe('evaluate', () => {
  onEachBackend(() => {
    // A linear classifier of one input: O = [0, x - 0.5]. Class 1 is predicted where x > 0.5.
    const network = (): Network => ({
      layers: [{ W: tf.tensor2d([[0, 1]]), b: tf.tensor1d([0, -0.5]) }],
      activation: 'relu',
    });
    const samples = {
      features: Float32Array.from([0, 1, 0.25, 0.75, 1]),
      scale: 1,
      labels: Int32Array.from([0, 1, 1, 1, 0]),
      count: 5,
      numInputs: 1,
    };
    const lossOf = (x: number, label: number) => Math.log(1 + Math.exp(label === 1 ? 0.5 - x : x - 0.5));
    const meanLoss = samples.features.reduce((sum, x, i) => sum + lossOf(x, samples.labels[i]!), 0) / 5;

    it('accuracy counts the correct predictions of a batch, as in the post', () => {
      const yHat = tf.tensor2d([
        [0.1, 0.9],
        [0.8, 0.2],
        [0.3, 0.7],
      ]);
      expect(accuracy(yHat, tf.tensor1d([1, 1, 1], 'int32')).dataSync()[0]).to.equal(2);
    });

    for (const batchSize of [1, 2, 3, 5, 100]) {
      it(`weighs every sample the same in batches of ${batchSize}, by hand`, async () => {
        const result = await evaluate(dataIterator(samples, batchSize), network());
        expect(result.accuracy).to.be.closeTo(3 / 5, 1e-7);
        expect(result.loss).to.be.closeTo(meanLoss, 1e-6);
        expect(await evaluateAccuracy(dataIterator(samples, batchSize), network())).to.be.closeTo(3 / 5, 1e-7);
      });
    }

    it('counts which class is taken for which', async () => {
      expect(await confusionMatrix(dataIterator(samples, 2), network())).to.deep.equal([
        [1, 1],
        [1, 2],
      ]);
    });

    it('gives the probabilities of every sample', async () => {
      const rows = await predictProbabilities(dataIterator(samples, 2), network());
      expect(rows).to.have.length(5);
      rows.forEach(([zero, one], i) => {
        expect(one).to.be.closeTo(1 / (1 + Math.exp(0.5 - samples.features[i]!)), 1e-6);
        expect(zero! + one!).to.be.closeTo(1, 1e-6);
      });
    });

    it('evaluates as many samples at once as keep the widest layer at half a million numbers, and at least one', () => {
      const of = (...widths: number[]) =>
        tf.tidy(() => {
          const layers = widths.slice(1).map((width, l) => {
            return { W: tf.zeros<tf.Rank.R2>([widths[l]!, width]), b: tf.zeros<tf.Rank.R1>([width]) };
          });
          return evaluationBatchSize({ layers, activation: 'relu' });
        });
      expect(of(784, 256, 10)).to.equal(668);
      expect(of(4, 4096, 3)).to.equal(128);
      expect(of(2_000_000, 1)).to.equal(1);
    });

    it('leaves no tensor behind', async () => {
      const weights = network();
      const before = tf.memory().numTensors;
      await evaluate(dataIterator(samples, 2), weights);
      await confusionMatrix(dataIterator(samples, 2), weights);
      await predictProbabilities(dataIterator(samples, 2), weights);
      expect(tf.memory().numTensors).to.equal(before);
    });
  });
});
