import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { dataIterator } from '../../src/training/batches';
import { predictValues } from '../../src/training/predictValues';
import { onEachBackend } from '../backend';

describe('predictValues', () => {
  onEachBackend(() => {
    it('are in the units of the labels, by hand', async () => {
      // O = [x, 2 x]; the first label has mean 10 and deviation 2, the second 0 and 1.
      const network = {
        layers: [{ W: tf.tensor2d([[1, 2]]), b: tf.tensor1d([0, 0]) }],
        activation: 'relu' as const,
      };
      const targets = [
        { name: 'a', mean: 10, std: 2 },
        { name: 'b', mean: 0, std: 1 },
      ];
      const samples = {
        features: Float32Array.from([0, 1, -2]),
        targets: Float32Array.from([1, 0, 0, 5, -1, 0]),
        ...{ scale: 1, labels: new Int32Array(3), count: 3, numInputs: 1 },
      };
      const before = tf.memory().numTensors;
      const { predicted, actual } = await predictValues(dataIterator(samples, 2), network, targets);
      expect([...predicted]).to.deep.equal([10, 0, 12, 2, 6, -4]);
      expect([...actual]).to.deep.equal([12, 0, 10, 5, 8, 0]);
      expect(tf.memory().numTensors).to.equal(before);
    });
  });
});
