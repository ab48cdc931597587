import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { createLoss } from '../../src/nn/losses';
import type { Network } from '../../src/nn/mlp';
import { dataIterator } from '../../src/training/batches';
import {
  accuracy,
  confusionMatrix,
  evaluate,
  evaluateAccuracy,
  evaluateRegression,
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

    it('gives those of more samples in a batch than a call takes arguments', async () => {
      const count = 140_000;
      const many = { ...samples, features: new Float32Array(count).fill(0.5), labels: new Int32Array(count), count };
      const rows = await predictProbabilities(dataIterator(many, count), network());
      expect(rows).to.have.length(count);
      expect(rows.at(-1)).to.deep.equal([0.5, 0.5]);
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

    describe('of numbers', () => {
      // O = [x, 2x - 1] against two outputs, with standard deviations 10 and 0.5 in units of the label.
      const regression = (): Network => ({
        layers: [{ W: tf.tensor2d([[1, 2]]), b: tf.tensor1d([0, -1]) }],
        activation: 'relu',
      });
      const targets = [
        { name: 'price', mean: 100, std: 10 },
        { name: 'weight', mean: 3, std: 0.5 },
      ];
      const T = [0.5, 0, 1, -1, 0, 2, 1, 1, 3, 1];
      const numbers = {
        ...samples,
        targets: Float32Array.from(T),
        weights: Float32Array.from([5, 1, 1, 1, 0]),
        labels: new Int32Array(5),
      };
      const off = Array.from(samples.features, (x, i) => [x - T[2 * i]!, 2 * x - 1 - T[2 * i + 1]!]);
      const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
      const byHand = targets.map(({ name, std }, c) => {
        const [t, r] = [T.filter((_, i) => i % 2 === c), off.map((row) => row[c]!)];
        const variance = mean(t.map((value) => (value - mean(t)) ** 2));
        const meanSquare = mean(r.map((value) => value ** 2));
        const mae = std * mean(r.map(Math.abs));
        return { name, rmse: std * Math.sqrt(meanSquare), mae, r2: 1 - meanSquare / variance };
      });
      const close = (found: object, wanted: object) => {
        for (const [key, value] of Object.entries(wanted)) {
          if (typeof value !== 'number') continue;
          expect(found).to.have.property(key).that.is.closeTo(value, 1e-5);
        }
      };

      for (const batchSize of [1, 2, 3, 100]) {
        it(`in the label's units, unweighted, in batches of ${batchSize}, by hand`, async () => {
          const mse = createLoss('mse');
          const found = await evaluateRegression(dataIterator(numbers, batchSize), regression(), mse, targets);
          expect(found.perOutput.map(({ name }) => name)).to.deep.equal(['price', 'weight']);
          found.perOutput.forEach((output, c) => close(output, byHand[c]!));
          close(found, {
            loss: mean(off.flat().map((value) => value ** 2)),
            rmse: mean(byHand.map(({ rmse }) => rmse)),
            mae: mean(byHand.map(({ mae }) => mae)),
            r2: mean(byHand.map(({ r2 }) => r2)),
          });
        });
      }

      it('the loss is the one of training', async () => {
        const huber = createLoss('huber', { delta: 0.5 });
        const found = await evaluateRegression(dataIterator(numbers, 2), regression(), huber, targets);
        const one = (r: number) => (Math.abs(r) <= 0.5 ? r ** 2 / 2 : 0.5 * (Math.abs(r) - 0.25));
        close(found, { loss: mean(off.flat().map(one)), rmse: mean(byHand.map(({ rmse }) => rmse)) });
      });

      it('R² keeps its digits far from the mean of the training samples, where float32 would lose them', async () => {
        const [targets, count] = [Float32Array.from({ length: 2000 }, (_, i) => 3000 + (i % 2) / 4), 2000];
        const far = {
          ...{ count, targets, features: targets.map((target) => target - 0.0625), scale: 1 },
          ...{ numInputs: 1, labels: new Int32Array(count) },
        };
        const same: Network = { layers: [{ W: tf.ones([1, 1]), b: tf.zeros([1]) }], activation: 'relu' };
        const one = [{ name: 'y', mean: 0, std: 1 }];
        const { r2, rmse } = await evaluateRegression(dataIterator(far, 64), same, createLoss('mse'), one);
        expect(rmse).to.be.closeTo(0.0625, 1e-6);
        expect(r2).to.be.closeTo(1 - 0.0625 ** 2 / 0.125 ** 2, 1e-6);
      });

      it('targets that are all equal have an R² of 1 if all are met, else of 0, as scikit-learn has it', async () => {
        const constant = { ...numbers, targets: new Float32Array(5).fill(2) };
        const one = [{ name: 'y', mean: 0, std: 1 }];
        for (const [b, r2] of [
          [2, 1],
          [2.5, 0],
        ] as const) {
          const network: Network = { layers: [{ W: tf.zeros([1, 1]), b: tf.tensor1d([b]) }], activation: 'relu' };
          close(await evaluateRegression(dataIterator(constant, 2), network, createLoss('mse'), one), { r2 });
        }
      });

      it('leaves no tensor behind', async () => {
        const weights = regression();
        const before = tf.memory().numTensors;
        await evaluateRegression(dataIterator(numbers, 2), weights, createLoss('mse'), targets);
        expect(tf.memory().numTensors).to.equal(before);
      });
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
