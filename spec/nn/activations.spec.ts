import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { ACTIVATIONS, type ActivationName, relu, reluBackward } from '../../src/nn/activations';
import { onEachBackend } from '../backend';
import { expectClose, expectGradient, randomTensor } from '../finiteDifferences';

describe('activations', () => {
  onEachBackend(() => {
    it('relu keeps what is positive and makes the rest 0', () => {
      expectClose(relu(tf.tensor2d([[-2, -0.5, 0, 0.5, 2]])), [[0, 0, 0, 0.5, 2]]);
    });

    it('relu lets the gradient through where its input was positive, and at 0 does not', () => {
      const Y = relu(tf.tensor2d([[-2, -0.5, 0, 0.5, 2]]));
      expectClose(reluBackward(tf.tensor2d([[1, 2, 3, -4, 5]]), Y), [[0, 0, 0, -4, 5]]);
    });

    it('each has its values and slopes at -1, 0.5 and 2, by hand', () => {
      const at = [-1, 0.5, 2];
      const logistic = (x: number) => 1 / (1 + Math.exp(-x));
      const bell = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
      const Phi = [0.1586552539, 0.6914624613, 0.9772498681]; // the normal distribution function there
      const expected: Record<ActivationName, { y: number[]; slope: number[]; tolerance?: number }> = {
        relu: { y: [0, 0.5, 2], slope: [0, 1, 1] },
        'leaky-relu': { y: [-0.01, 0.5, 2], slope: [0.01, 1, 1] },
        tanh: { y: at.map(Math.tanh), slope: at.map((x) => 1 / Math.cosh(x) ** 2) },
        sigmoid: { y: at.map(logistic), slope: at.map((x) => logistic(x) * (1 - logistic(x))) },
        silu: {
          y: at.map((x) => x * logistic(x)),
          slope: at.map((x) => logistic(x) * (1 + x * (1 - logistic(x)))),
        },
        // The exact form x Φ(x), which the tanh form comes near to.
        gelu: { y: at.map((x, i) => x * Phi[i]!), slope: at.map((x, i) => Phi[i]! + x * bell(x)), tolerance: 2e-3 },
      };
      for (const name of Object.keys(ACTIVATIONS) as ActivationName[]) {
        const { y, slope, tolerance = 1e-6 } = expected[name];
        const X = tf.tensor2d([at]);
        const Y = ACTIVATIONS[name].forward(X);
        expectClose(Y, [y], tolerance);
        expectClose(ACTIVATIONS[name].backward(tf.tensor2d([[1, 1, 1]]), X, Y), [slope], tolerance);
      }
    });

    for (const name of Object.keys(ACTIVATIONS) as ActivationName[]) {
      it(`${name} agrees with finite differences`, () => {
        const { forward, backward } = ACTIVATIONS[name];
        const X = randomTensor<tf.Rank.R2>([6, 5], 5);
        const nearACorner = Math.min(...X.dataSync().map(Math.abs));
        expect(nearACorner, 'no point where the difference would cross the corner').to.be.greaterThan(0.011);
        const dY = randomTensor<tf.Rank.R2>([6, 5], 6);
        expectGradient((X) => forward(X as tf.Tensor2D), X, dY, backward(dY, X, forward(X)));
      });
    }
  });
});
