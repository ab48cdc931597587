import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import type { ActivationName } from '../../src/nn/activations';
import { initParams } from '../../src/nn/initialize';
import { createLoss } from '../../src/nn/losses';
import { withBatchNorm } from '../../src/nn/network';
import { createOptimizer, type OptimizerName } from '../../src/optim/optimizers';
import { createRandom } from '../../src/random';
import { startState } from '../../src/training/trainState';
import { type StepOptions, trainStep } from '../../src/training/trainStep';
import { ONE_BACKEND, useBackend, withoutKernel } from '../backend';

interface Case extends Omit<StepOptions, 'optimizer'> {
  readonly rule?: OptimizerName;
  readonly weightDecay?: number;
  readonly clipNorm?: number;
  readonly batchNorm?: boolean;
  readonly normalize?: boolean;
  readonly activation?: ActivationName;
  readonly weighted?: boolean;
  readonly accuracy?: boolean;
}

/** Everything that a step can do beyond the post. */
const ALL: Case = {
  ...{ rule: 'adamw', clipNorm: 1, batchNorm: true, normalize: true, activation: 'gelu' },
  ...{ labelSmoothing: 0.1, mixup: 0.2, ema: 0.99, dropout: 0.2, inputDropout: 0.1 },
};

describe('the operations of a step', () => {
  useBackend(ONE_BACKEND);
  withoutKernel('AdamStep', ONE_BACKEND);

  // Each costs a call of the backend however small its tensors are: whoever adds one changes a number here.
  const cases: readonly [what: string, options: Case, oneHidden: number, twoHidden: number][] = [
    ["the post's", {}, 35, 47],
    ["the post's, its right answers counted", { accuracy: true }, 40, 52],
    ['with weight decay', { weightDecay: 0.01 }, 39, 53],
    ['momentum', { rule: 'momentum' }, 43, 59],
    ['nesterov', { rule: 'nesterov' }, 51, 71],
    ['rmsprop', { rule: 'rmsprop' }, 63, 89],
    ['adam', { rule: 'adam' }, 75, 107],
    ['adamw', { rule: 'adamw' }, 77, 110],
    ['with batch normalization', { batchNorm: true }, 64, 105],
    ['with dropout', { dropout: 0.2, inputDropout: 0.1 }, 38, 52],
    ['with weights', { weighted: true }, 37, 49],
    ['of numbers', { loss: createLoss('mse') }, 27, 39],
    ["with Huber's loss", { loss: createLoss('huber') }, 31, 43],
    ['with everything', ALL, 194, 315],
  ];
  for (const [what, options, ...wanted] of cases) {
    it(`${what}: ${wanted.join(' and ')} with one and two hidden layers`, async () => {
      // tfjs-node clips by two operations, each with a scalar of its own.
      const clips = what.includes('Huber') && ONE_BACKEND === 'tensorflow' ? 4 : 0;
      const found = [await countOf([8], options), await countOf([8, 6], options)];
      expect(found.map((count) => count - clips)).to.deep.equal(wanted);
    });
  }
});

async function countOf(
  hiddens: readonly number[],
  { rule = 'sgd', weightDecay, clipNorm, batchNorm, normalize, activation, weighted, accuracy, ...options }: Case,
): Promise<number> {
  const optimizer = createOptimizer(rule, 0.1, { weightDecay, clipNorm });
  const plain = initParams(12, 3, hiddens, createRandom(0, 'init'), { activation });
  const state = startState(batchNorm ? withBatchNorm(plain) : plain, optimizer, {
    normalization: normalize ? { mean: tf.tensor1d([0.3]), std: tf.tensor1d([0.25]) } : undefined,
    averages: options.ema !== undefined,
    accuracy,
  }); // prettier-ignore
  const batch = {
    X: tf.ones<tf.Rank.R2>([6, 12]),
    y: tf.zeros<tf.Rank.R1>([6], 'int32'),
    ...(options.loss && { T: tf.ones<tf.Rank.R2>([6, 3]) }),
    ...(weighted && { w: tf.ones<tf.Rank.R2>([6, 1]) }),
  };
  const { kernels } = await tf.profile(() => {
    tf.tidy(() => trainStep(batch, state, { ...options, optimizer }));
    return tf.scalar(0);
  });
  return kernels.length;
}
