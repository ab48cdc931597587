import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { ACTIVATIONS, type ActivationName } from '../../src/nn/activations';
import { dropoutMasks } from '../../src/nn/dropoutMasks';
import { initParams, lossAndGradients, mlp, parameterNames } from '../../src/nn/mlp';
import { oneHot, softmaxCrossEntropy } from '../../src/nn/softmaxCrossEntropy';
import { createRandom } from '../../src/random';
import { onEachBackend } from '../backend';
import { expectClose, expectGradient, randomTensor } from '../finiteDifferences';

describe('mlp', () => {
  onEachBackend(() => {
    // Two inputs, two hidden units (the second is silent for this sample), two classes.
    const params = () => [
      tf.tensor2d([
        [1, -1],
        [2, 0.5],
      ]),
      tf.tensor1d([-1, 0]),
      tf.tensor2d([
        [1, 2],
        [5, 7],
      ]),
      tf.tensor1d([0.5, 0]),
    ];
    const X = () => tf.tensor2d([[1, 1]]);

    it('is linear, relu, linear: by hand', () => {
      // Z1 = [1 + 2 - 1, -1 + 0.5] = [2, -0.5]; H1 = [2, 0]; O = [2 + 0.5, 4]
      expectClose(mlp(X(), params()), [[2.5, 4]]);
    });

    it('backward is the chain rule: by hand', () => {
      // P = [1, e^1.5] / (1 + e^1.5); dO = P - [1, 0] = [-q, q] with q = the probability of the wrong class.
      const q = Math.exp(1.5) / (1 + Math.exp(1.5));
      const { loss, grads } = lossAndGradients(X(), tf.tensor2d([[1, 0]]), params());
      expect(loss.dataSync()[0]).to.be.closeTo(-Math.log(1 - q), 1e-6);
      const [dW1, db1, dW2, db2] = grads;
      expectClose(db2!, [-q, q]);
      expectClose(dW2!, [
        [-2 * q, 2 * q],
        [0, 0],
      ]);
      // dH1 = dO·W2ᵀ = [q, 2q]; the silent unit passes nothing on: dZ1 = [q, 0].
      expectClose(db1!, [q, 0]);
      expectClose(dW1!, [
        [q, 0],
        [q, 0],
      ]);
    });

    it('flattens samples of any shape', () => {
      const params = initParams(6, 3, 4, createRandom(0, 'init'));
      const X = randomTensor<tf.Rank.R3>([5, 2, 3]);
      expectClose(mlp(X, params), mlp(tf.reshape(X, [5, 6]), params), 0);
    });

    for (const hiddens of [[], [4], [5, 4], [4, 6, 3]]) {
      it(`agrees with finite differences in every parameter, hidden layers: [${hiddens.join(', ')}]`, () => {
        const params = initParams(3, 4, hiddens, createRandom(1, 'init')).map((p, i) =>
          randomTensor(p.shape, 20 + i, 0.8),
        );
        const X = randomTensor<tf.Rank.R2>([5, 3], 9);
        const Y = oneHot(tf.tensor1d([0, 3, 1, 2, 3], 'int32'), 4);
        const { grads } = lossAndGradients(X, Y, params);
        expect(grads.map((g) => g.shape)).to.deep.equal(params.map((p) => p.shape));
        params.forEach((param, i) => {
          const loss = (moved: tf.Tensor) => softmaxCrossEntropy(mlp(X, params.with(i, moved)), Y).loss;
          expectGradient(loss, param, tf.scalar(1), grads[i]!, 0.02);
        });
      });
    }

    for (const activation of Object.keys(ACTIVATIONS) as ActivationName[]) {
      it(`agrees with finite differences with batch normalisation, dropout and ${activation}`, () => {
        const X = randomTensor<tf.Rank.R2>([6, 3], 9);
        const Y = oneHot(tf.tensor1d([0, 3, 1, 2, 3, 0], 'int32'), 4);
        const params = initParams(3, 4, [5, 4], createRandom(1, 'init'), 'he', true).map((p, i) =>
          randomTensor(p.shape, 20 + i, 0.8),
        );
        const masks = dropoutMasks(6, params, { inputDropout: 0.2, dropout: 0.3 }, 1);
        const { grads } = lossAndGradients(X, Y, params, activation, masks);
        expect(grads.map((g) => g.shape)).to.deep.equal(params.map((p) => p.shape));
        params.forEach((param, i) => {
          const loss = (moved: tf.Tensor) => lossAndGradients(X, Y, params.with(i, moved), activation, masks).loss;
          expectGradient(loss, param, tf.scalar(1), grads[i]!, 0.02);
        });
      });
    }

    it('names the parameters as the post does', () => {
      expect(parameterNames(initParams(2, 2, [3], createRandom(0, 'init')))).to.deep.equal(['W1', 'b1', 'W2', 'b2']);
    });
  });
});
