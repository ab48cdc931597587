import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { ACTIVATIONS, type ActivationName, relu, reluBackward } from '../../src/nn/activations';
import { linear, linearBackward, linearInputBackward } from '../../src/nn/linear';
import { type Layer, lossAndGradients, mlp, type Network, plainSteps } from '../../src/nn/mlp';
import {
  dropInputs,
  dropoutMasks,
  listGradients,
  parametersOf,
  trainingSteps,
  withParameters,
} from '../../src/nn/network';
import { softmaxCrossEntropy, softmaxCrossEntropyBackward } from '../../src/nn/softmaxCrossEntropy';
import { oneHot } from '../../src/nn/targets';
import { onEachBackend } from '../backend';
import { expectClose, expectGradient, randomTensor } from '../finiteDifferences';
import { randomNetwork, randomNormalized } from './randomNetwork';

describe('mlp', () => {
  onEachBackend(() => {
    // Two inputs, two hidden units (the second is inactive for this sample), two classes.
    const network = (): Network => ({
      layers: [
        { W: tf.tensor2d([[1, -1], [2, 0.5]]), b: tf.tensor1d([-1, 0]) }, // prettier-ignore
        { W: tf.tensor2d([[1, 2], [5, 7]]), b: tf.tensor1d([0.5, 0]) }, // prettier-ignore
      ],
      activation: 'relu',
    });
    const X = () => tf.tensor2d([[1, 1]]);

    it('is linear, relu, linear: by hand', () => {
      // Z1 = [1 + 2 - 1, -1 + 0.5] = [2, -0.5]; H1 = [2, 0]; O = [2 + 0.5, 4]
      expectClose(mlp(X(), network()), [[2.5, 4]]);
    });

    it('backward is the chain rule: by hand', () => {
      // P = [1, e^1.5] / (1 + e^1.5); dO = P - [1, 0] = [-q, q] with q = the probability of the wrong class.
      const q = Math.exp(1.5) / (1 + Math.exp(1.5));
      const { loss, grads } = lossAndGradients(X(), tf.tensor2d([[1, 0]]), plainSteps(network()));
      expect(loss.dataSync()[0]).to.be.closeTo(-Math.log(1 - q), 1e-6);
      expect(grads).to.have.length(2);
      expectClose(grads[1]!.db, [-q, q]);
      expectClose(grads[1]!.dW, [
        [-2 * q, 2 * q],
        [0, 0],
      ]);
      // dH1 = dO·W2ᵀ = [q, 2q]; the inactive unit passes nothing on: dZ1 = [q, 0].
      expectClose(grads[0]!.db, [q, 0]);
      expectClose(grads[0]!.dW, [
        [q, 0],
        [q, 0],
      ]);
    });

    it('the nine lines of the README give the loss and the gradients that the walk over the steps gives', () => {
      const X = randomTensor<tf.Rank.R2>([5, 3], 9);
      const T = oneHot(tf.tensor1d([0, 3, 1, 2, 3], 'int32'), 4);
      const network = randomNetwork([3, 6, 4], 20);
      const [{ W: W1, b: b1 }, { W: W2, b: b2 }] = network.layers as [Layer, Layer];

      const Z = linear(X, W1, b1); // forward
      const H = relu(Z);
      const O = linear(H, W2, b2);
      const { loss, P } = softmaxCrossEntropy(O, T);
      const dO = softmaxCrossEntropyBackward(P, T); // backward: the same lines, from the last to the first
      const { dW: dW2, db: db2 } = linearBackward(dO, H);
      const dH = linearInputBackward(dO, W2);
      const dZ = reluBackward(dH, H);
      const { dW: dW1, db: db1 } = linearBackward(dZ, X);

      const walked = lossAndGradients(X, T, plainSteps(network));
      expectClose(walked.loss, loss, 0);
      listGradients(walked.grads).forEach((grad, i) => expectClose(grad, [dW1, db1, dW2, db2][i]!, 0));
    });

    it('a network that training adds nothing to has the plain steps', () => {
      const [X, T] = [randomTensor<tf.Rank.R2>([5, 3], 9), oneHot(tf.tensor1d([0, 3, 1, 2, 3], 'int32'), 4)];
      const network = randomNetwork([3, 6, 5, 4], 20);
      const [plain, training] = [plainSteps(network), trainingSteps(network)].map((steps) =>
        listGradients(lossAndGradients(X, T, steps).grads),
      ) as [tf.Tensor[], tf.Tensor[]];
      plain.forEach((grad, i) => expectClose(training[i]!, grad, 0));
    });

    it('flattens samples of any shape', () => {
      const network = randomNetwork([6, 4, 3], 20);
      const X = randomTensor<tf.Rank.R3>([5, 2, 3]);
      expectClose(mlp(X, network), mlp(tf.reshape(X, [5, 6]), network), 0);
    });

    it('computes no gradient with respect to the samples: nobody needs it', async () => {
      const network = randomNetwork([7, 6, 5, 4], 20);
      const [X, T] = [randomTensor<tf.Rank.R2>([5, 7], 9), oneHot(tf.tensor1d([0, 3, 1, 2, 3], 'int32'), 4)];
      const { kernels } = await tf.profile(() => lossAndGradients(X, T, plainSteps(network)).loss);
      // Three layers: three products forward, three for the weights, and two between the layers.
      expect(kernels.filter(({ name }) => name === 'BatchMatMul')).to.have.length(3 + 3 + 2);
    });

    for (const hiddens of [[], [4], [5, 4], [4, 6, 3]]) {
      it(`agrees with finite differences in every parameter, hidden layers: [${hiddens.join(', ')}]`, () => {
        const network = randomNetwork([3, ...hiddens, 4], 20, 0.8);
        const X = randomTensor<tf.Rank.R2>([5, 3], 9);
        const T = oneHot(tf.tensor1d([0, 3, 1, 2, 3], 'int32'), 4);
        const params = parametersOf(network).map(({ tensor }) => tensor);
        const grads = listGradients(lossAndGradients(X, T, plainSteps(network)).grads);
        expect(grads.map((g) => g.shape)).to.deep.equal(params.map((p) => p.shape));
        params.forEach((param, i) => {
          const loss = (moved: tf.Tensor) =>
            softmaxCrossEntropy(mlp(X, withParameters(network, params.with(i, moved))), T).loss;
          expectGradient(loss, param, tf.scalar(1), grads[i]!, 0.02);
        });
      });
    }

    for (const activation of Object.keys(ACTIVATIONS) as ActivationName[]) {
      it(`agrees with finite differences with batch normalization, dropout and ${activation}`, () => {
        const network = randomNormalized([3, 5, 4, 4], activation, 20, 0.8);
        const X = dropInputs(randomTensor<tf.Rank.R2>([6, 3], 9), 0.2, 1);
        const T = oneHot(tf.tensor1d([0, 3, 1, 2, 3, 0], 'int32'), 4);
        const masks = dropoutMasks(6, network, 0.3, 1);
        const params = parametersOf(network).map(({ tensor }) => tensor);
        const pass = (params: readonly tf.Tensor[]) =>
          lossAndGradients(X, T, trainingSteps(withParameters(network, params), masks));
        const grads = listGradients(pass(params).grads);
        expect(grads.map((g) => g.shape)).to.deep.equal(params.map((p) => p.shape));
        params.forEach((param, i) => {
          expectGradient((moved) => pass(params.with(i, moved)).loss, param, tf.scalar(1), grads[i]!, 0.02);
        });
      });
    }

    it('names the parameters as the post does, and decays the matrices only', () => {
      const names = (network: Parameters<typeof parametersOf>[0]) =>
        parametersOf(network).map(({ name, decays }) => (decays ? `${name} decays` : name));
      expect(names(randomNetwork([2, 3, 2], 1))).to.deep.equal(['W1 decays', 'b1', 'W2 decays', 'b2']);
      expect(names(randomNormalized([2, 3, 2], 'relu', 1))).to.deep.equal([
        ...['W1 decays', 'b1', 'g1', 'W2 decays', 'b2'],
      ]);
    });
  });
});
