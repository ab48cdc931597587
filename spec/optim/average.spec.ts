import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { updateAverages } from '../../src/optim/average';
import { onEachBackend } from '../backend';
import { expectClose } from '../finiteDifferences';

describe('updateAverages', () => {
  onEachBackend(() => {
    it('keeps (1 + t) / (10 + t) early on and the decay later, by hand', () => {
      const [first] = updateAverages([tf.tensor1d([11])], [tf.tensor1d([0])], 0.999, 1);
      expectClose(first!, [2]); // 2/11 of 11
      const [later] = updateAverages([tf.tensor1d([10])], [tf.tensor1d([20])], 0.9, 1000);
      expectClose(later!, [11], 1e-5);
    });

    it('comes to the mean of weights that wander, nearer than they are', () => {
      let averages: tf.Tensor[] = [tf.tensor1d([100])];
      for (let step = 1; step <= 2000; step++) {
        const [next] = tf.tidy(() => updateAverages(averages, [tf.tensor1d([step % 2 === 0 ? 4 : 6])], 0.99, step));
        tf.dispose(averages);
        averages = [next!];
      }
      expect(averages[0]!.dataSync()[0]).to.be.closeTo(5, 0.02);
    });
  });
});
