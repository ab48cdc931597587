import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { createOptimizer } from '../../src/optim/optimizers';
import { updater } from '../../src/optim/sgd';
import { onEachBackend } from '../backend';
import { expectClose } from '../finiteDifferences';

describe('sgd', () => {
  onEachBackend(() => {
    it('steps by lr against the gradient, by hand', () => {
      const before = [tf.tensor2d([[1, 2]]), tf.tensor1d([3])];
      const [W, b] = updater(before, [tf.tensor2d([[10, -10]]), tf.tensor1d([0.5])], 0.1);
      expectClose(W!, [[0, 3]]);
      expectClose(b!, [2.95]);
      expectClose(before[0]!, [[1, 2]], 0); // pure: what came in is as it was
    });

    it('remembers nothing', () => {
      const sgd = createOptimizer('sgd', 0.5);
      const params = [tf.tensor1d([1, 2])];
      expect(sgd.init(params)).to.deep.equal({});
      const { params: after, state } = sgd.update({ params, grads: [tf.tensor1d([1, 1])], decays: [false] }, {}, 1);
      expectClose(after[0]!, [0.5, 1.5]);
      expect(state).to.deep.equal({});
    });
  });
});
