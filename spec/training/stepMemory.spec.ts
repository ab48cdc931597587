import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { initParams } from '../../src/nn/initialize';
import { createOptimizer } from '../../src/optim/optimizers';
import { createRandom } from '../../src/random';
import { leastStepBytes } from '../../src/training/stepMemory';
import { trainStep } from '../../src/training/trainStep';
import { disposeState, startState } from '../../src/training/trainState';
import { ONE_BACKEND, useBackend } from '../backend';

describe('leastStepBytes', () => {
  useBackend(ONE_BACKEND);

  it('is the parameters and what is kept, by hand', () => {
    expect(leastStepBytes([2, 3, 1], 5)).to.equal(4 * (2 * 3 + 3 + 3 * 1 + 1 + 5 * (2 + 2 * 3 + 1)));
    expect(leastStepBytes([2, 1], 5)).to.equal(4 * (2 + 1 + 5 * (2 + 1)));
  });

  for (const widths of [
    [20, 4],
    [20, 300, 4],
    [300, 20, 30, 4],
  ]) {
    it(`is less than a step takes, and more than a fifth of it: ${widths.join(', ')}`, async () => {
      const before = tf.memory().numBytes;
      const network = initParams(widths[0]!, 4, widths.slice(1, -1), createRandom(1, 'init'));
      const optimizer = createOptimizer('sgd', 0.1);
      const state = startState(network, optimizer);
      const batch = { X: tf.ones<tf.Rank.R2>([64, widths[0]!]), y: tf.zeros<tf.Rank.R1>([64], 'int32') };
      let next: tf.TensorContainer;
      const { peakBytes } = await tf.profile(
        () => (next = tf.tidy(() => ({ ...trainStep(batch, state, { optimizer }) }))),
      );
      const taken = peakBytes - before;
      expect(leastStepBytes(widths, 64)).to.be.within(taken / 5, taken);
      disposeState(state);
      tf.dispose([next!, batch]);
    });
  }
});
