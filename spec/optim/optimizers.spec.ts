import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { OPTIMIZERS, type OptimizerName, type OptimizerOptions } from '../../src/optim/optimizers';
import { onEachEngine } from '../engine';
import { expectClose } from '../finiteDifferences';

/** Two steps of one parameter with the gradients given, by the real rule. */
function twoSteps(name: OptimizerName, W: tf.Tensor, grads: number[], lr: number, options?: OptimizerOptions) {
  let params: tf.Tensor[] = [W];
  let state = OPTIMIZERS[name].init(params);
  const seen: tf.Tensor[] = [];
  grads.forEach((g, i) => {
    ({ params, state } = OPTIMIZERS[name].update(params, [tf.fill(W.shape, g)], state, lr, i + 1, options));
    seen.push(params[0]!);
  });
  return seen;
}

describe('optimizers, by hand', () => {
  onEachEngine(() => {
    it('momentum: V is 2, then 0.5 · 2 + 1 = 2', () => {
      const [one, two] = twoSteps('momentum', tf.tensor1d([10]), [2, 1], 0.1, { momentum: 0.5 });
      expectClose(one!, [9.8]);
      expectClose(two!, [9.6]);
    });

    it('nesterov: the steps are 2 + 0.5 · 2 = 3 and 1 + 0.5 · 2 = 2', () => {
      const [one, two] = twoSteps('nesterov', tf.tensor1d([10]), [2, 1], 0.1, { momentum: 0.5 });
      expectClose(one!, [9.7]);
      expectClose(two!, [9.5]);
    });

    it('rmsprop: S is 0.25 · 4 = 1, then 0.75 + 0.25 · 1 = 1', () => {
      const [one, two] = twoSteps('rmsprop', tf.tensor1d([10]), [2, 1], 0.1, { beta2: 0.75 });
      expectClose(one!, [10 - 0.2]);
      expectClose(two!, [9.8 - 0.1]);
    });

    it('adam: the first step is lr long whatever the size of the gradient, the second by the corrected means', () => {
      const [one, two] = twoSteps('adam', tf.tensor1d([10]), [2, 1], 0.1, { beta1: 0.5, beta2: 0.75 });
      expectClose(one!, [9.9]);
      // M = 0.5 · 1 + 0.5 · 1 = 1, over 1 - 0.25; S = 0.75 · 1 + 0.25 · 1 = 1, over 1 - 0.5625.
      expectClose(two!, [9.9 - (0.1 * (1 / 0.75)) / Math.sqrt(1 / 0.4375)]);
      const small = twoSteps('adam', tf.tensor1d([10]), [1e-3], 0.1);
      expectClose(small[0]!, [9.9], 1e-5);
    });

    it('adamw pulls matrices to 0 by lr · λ whatever the gradient, and leaves biases and scales alone', () => {
      const [matrix] = twoSteps('adamw', tf.tensor2d([[10]]), [0], 0.1, { weightDecay: 0.5 });
      expectClose(matrix!, [[10 * (1 - 0.05)]]);
      const [bias] = twoSteps('adamw', tf.tensor1d([10]), [0], 0.1, { weightDecay: 0.5 });
      expectClose(bias!, [10]);
      const [standard] = twoSteps('adamw', tf.tensor2d([[10]]), [0], 0.1);
      expectClose(standard!, [[10 * (1 - 0.001)]]);
    });

    for (const name of ['sgd', 'momentum', 'nesterov', 'rmsprop', 'adam'] as const) {
      it(`${name} decays matrices through the gradient, and biases not`, () => {
        const decayed = (W: tf.Tensor) => twoSteps(name, W, [1], 0.1, { weightDecay: 0.2, epsilon: 0.5 })[0]!;
        const plain = (W: tf.Tensor, g: number) => twoSteps(name, W, [g], 0.1, { epsilon: 0.5 })[0]!;
        expectClose(decayed(tf.tensor2d([[10]])), plain(tf.tensor2d([[10]]), 1 + 0.2 * 10));
        expectClose(decayed(tf.tensor1d([10])), plain(tf.tensor1d([10]), 1));
      });
    }

    it('each finds the bottom of a valley, and leaves what it is given as it was', () => {
      for (const name of Object.keys(OPTIMIZERS) as OptimizerName[]) {
        const start = tf.tensor1d([3, -2]);
        let params: tf.Tensor[] = [start];
        let state = OPTIMIZERS[name].init(params);
        for (let step = 1; step <= 300; step++) {
          // L = (W1 - 1)² + 2 (W2 - 1)²
          const grads = [tf.mul(tf.sub(params[0]!, 1), tf.tensor1d([2, 4]))];
          ({ params, state } = OPTIMIZERS[name].update(params, grads, state, 0.03, step, { weightDecay: 0 }));
        }
        for (const value of params[0]!.dataSync()) expect(value, name).to.be.closeTo(1, 0.05);
        expectClose(start, [3, -2], 0);
      }
    });
  });
});
