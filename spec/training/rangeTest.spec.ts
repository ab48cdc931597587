import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import type { Samples } from '../../src/data/samples';
import { createLoss } from '../../src/nn/losses';
import { createOptimizer } from '../../src/optim/optimizers';
import { dataIterator } from '../../src/training/batches';
import { rangeRate, type RangeStep, rangeTest, suggestRate } from '../../src/training/rangeTest';
import { disposeState, startState } from '../../src/training/trainState';
import { failure } from '../failure';
import { onEachBackend } from '../backend';

describe('rangeRate', () => {
  it('grows by the same factor from step to step', () => {
    const range = { minLr: 1e-4, maxLr: 1, steps: 5 };
    const rates = [1, 2, 3, 4, 5].map((step) => rangeRate(range, step));
    [1e-4, 1e-3, 1e-2, 0.1, 1].forEach((rate, i) => expect(rates[i]).to.be.closeTo(rate, 1e-12));
  });
});

describe('suggestRate', () => {
  const found = (smoothed: (i: number) => number): RangeStep[] =>
    Array.from({ length: 41 }, (_, i) => ({ step: i + 1, lr: 10 ** (i / 10 - 4), loss: 0, smoothed: smoothed(i) }));

  it('is where a known curve falls fastest, and names the lowest place', () => {
    // Falls along a logistic curve around step 21, where the rate is 0.01, and rises again from step 31 on, at 0.1.
    const curve = (i: number) => 1 - 1 / (1 + Math.exp(20 - i)) + Math.max(0, i - 30);
    expect(suggestRate(found(curve))).to.deep.equal({ lr: 0.01, lowest: 0.1 });
  });

  it('is nothing where the loss only rises, stays or trembles', () => {
    for (const curve of [(i: number) => 1 + i, () => 1, (i: number) => 1 + 0.01 * Math.sin(i)]) {
      expect(suggestRate(found(curve))).to.equal(undefined);
    }
    expect(suggestRate(found(() => 1).slice(0, 1))).to.equal(undefined);
  });
});

describe('rangeTest', () => {
  // One weight and one bias, inputs 1 and -1, mean squared error: the loss is (w - 3)² + (b - 1)², whose gradient is
  // 2(w - 3), 2(b - 1). A step multiplies both distances by 1 - 2·lr, so that it diverges at rates above 1.
  const samples: Samples = {
    ...{ features: Float32Array.of(1, -1), scale: 1, labels: new Int32Array(2), count: 2, numInputs: 1 },
    targets: Float32Array.of(4, -2),
  };
  const start = (w = 0) => {
    const layers = [{ W: tf.tensor2d([[w]]), b: tf.tensor1d([0]) }];
    const state = startState({ layers, activation: 'relu' }, createOptimizer('sgd', 0.1));
    const withRate = (lr: Parameters<typeof createOptimizer>[1]) => createOptimizer('sgd', lr);
    return { state, withRate, trainIter: dataIterator(samples, 2), loss: createLoss('mse') };
  };
  const all = async (options: Parameters<typeof rangeTest>[0]) => {
    const test = rangeTest(options);
    const yielded: RangeStep[] = [];
    for (;;) {
      const { done, value } = await test.next();
      if (done) return { yielded, result: value };
      yielded.push(value);
    }
  };

  onEachBackend(() => {
    it('follows a quadratic loss as it is computed by hand, until it diverges', async () => {
      const before = tf.memory().numTensors;
      const range = { minLr: 1e-4, maxLr: 100, steps: 61 };
      const options = start();
      const { yielded, result } = await all({ ...options, ...range });
      disposeState(options.state);
      expect(tf.memory().numTensors).to.equal(before);
      expect(result.steps).to.deep.equal(yielded);
      let [expected, mean] = [10, 0];
      for (const { step, lr, loss, smoothed } of yielded) {
        expect(lr).to.equal(rangeRate(range, step));
        expect(loss).to.be.closeTo(expected, 1e-4 * (0.1 + expected));
        mean = 0.9 * mean + 0.1 * loss;
        expect(smoothed).to.be.closeTo(mean / (1 - 0.9 ** step), 1e-6 * (1 + mean));
        expected = loss * (1 - 2 * lr) ** 2;
      }
      expect(result.diverged).to.equal(true);
      expect(yielded.length).to.be.below(61);
      expect(yielded.at(-1)!.lr).to.be.above(1);
      expect(result.suggestion!.lr).to.be.within(0.01, 1);
    });

    it('does not diverge where no rate is too large', async () => {
      const options = start();
      const { yielded, result } = await all({ ...options, minLr: 0.01, maxLr: 0.4, steps: 30 });
      disposeState(options.state);
      expect(yielded).to.have.length(30);
      expect(result.diverged).to.equal(false);
      expect(result.suggestion!.lr).to.be.within(0.01, 0.4);
    });

    it('refuses a loss that is non-finite from the start', async () => {
      const options = start(NaN);
      await failure('diverged', () => all({ ...options, minLr: 0.01, maxLr: 0.4, steps: 30 }));
      disposeState(options.state);
    });
  });
});
