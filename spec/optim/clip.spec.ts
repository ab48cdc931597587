import * as tf from '@tensorflow/tfjs-core';
import { clipByGlobalNorm } from '../../src/optim/clip';
import { onEachBackend } from '../backend';
import { expectClose } from '../finiteDifferences';

describe('clipByGlobalNorm', () => {
  onEachBackend(() => {
    const grads = () => [tf.tensor2d([[3, 0]]), tf.tensor1d([0, 4])]; // together 5 long

    it('shortens all gradients alike when they are longer together, by hand', () => {
      const [dW, db] = clipByGlobalNorm(grads(), 1);
      expectClose(dW!, [[0.6, 0]]);
      expectClose(db!, [0, 0.8]);
    });

    it('leaves shorter ones as they are, none included', () => {
      const [dW, db] = clipByGlobalNorm(grads(), 5.5);
      expectClose(dW!, [[3, 0]]);
      expectClose(db!, [0, 4]);
      expectClose(clipByGlobalNorm([tf.zeros([2])], 1)[0]!, [0, 0]);
    });
  });
});
