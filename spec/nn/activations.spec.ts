import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { ACTIVATIONS, type ActivationName, relu, reluBackward } from '../../src/nn/activations';
import { onEachEngine } from '../engine';
import { expectClose, expectGradient, randomTensor } from '../finiteDifferences';

describe('activations', () => {
  onEachEngine(() => {
    it('relu keeps what is positive and makes the rest 0', () => {
      expectClose(relu(tf.tensor2d([[-2, -0.5, 0, 0.5, 2]])), [[0, 0, 0, 0.5, 2]]);
    });

    it('relu lets the gradient through where its input was positive, and at 0 does not', () => {
      const Y = relu(tf.tensor2d([[-2, -0.5, 0, 0.5, 2]]));
      expectClose(reluBackward(tf.tensor2d([[1, 2, 3, -4, 5]]), Y), [[0, 0, 0, -4, 5]]);
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
