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
      const H = relu(tf.tensor2d([[-2, -0.5, 0, 0.5, 2]]));
      expectClose(reluBackward(tf.tensor2d([[1, 2, 3, -4, 5]]), H), [[0, 0, 0, -4, 5]]);
    });

    it('each has its values and slopes at -1, 0.5 and 2, by hand', () => {
      const at = [-1, 0.5, 2];
      const logistic = (x: number) => 1 / (1 + Math.exp(-x));
      const bell = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
      const Phi = [0.1586552539, 0.6914624613, 0.9772498681]; // the normal distribution function there
      const expected: Record<ActivationName, { h: number[]; slope: number[]; tolerance?: number }> = {
        relu: { h: [0, 0.5, 2], slope: [0, 1, 1] },
        'leaky-relu': { h: [-0.01, 0.5, 2], slope: [0.01, 1, 1] },
        tanh: { h: at.map(Math.tanh), slope: at.map((x) => 1 / Math.cosh(x) ** 2) },
        sigmoid: { h: at.map(logistic), slope: at.map((x) => logistic(x) * (1 - logistic(x))) },
        silu: {
          h: at.map((x) => x * logistic(x)),
          slope: at.map((x) => logistic(x) * (1 + x * (1 - logistic(x)))),
        },
        // The exact form x Φ(x), which the tanh form comes near to.
        gelu: { h: at.map((x, i) => x * Phi[i]!), slope: at.map((x, i) => Phi[i]! + x * bell(x)), tolerance: 2e-3 },
      };
      for (const name of Object.keys(ACTIVATIONS) as ActivationName[]) {
        const { h, slope, tolerance = 1e-6 } = expected[name];
        const Z = tf.tensor2d([at]);
        const H = ACTIVATIONS[name].forward(Z);
        expectClose(H, [h], tolerance);
        expectClose(ACTIVATIONS[name].backward(tf.tensor2d([[1, 1, 1]]), Z, H), [slope], tolerance);
      }
    });

    for (const name of Object.keys(ACTIVATIONS) as ActivationName[]) {
      it(`${name} agrees with finite differences`, () => {
        const { forward, backward } = ACTIVATIONS[name];
        const Z = randomTensor<tf.Rank.R2>([6, 5], 5);
        const nearACorner = Math.min(...Z.dataSync().map(Math.abs));
        expect(nearACorner, 'no point where the difference would cross the corner').to.be.greaterThan(0.011);
        const dH = randomTensor<tf.Rank.R2>([6, 5], 6);
        expectGradient((Z) => forward(Z as tf.Tensor2D), Z, dH, backward(dH, Z, forward(Z)));
      });
    }
  });
});
