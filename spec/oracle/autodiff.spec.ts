// A mocha process of its own runs this file (npm test starts it): importing @tensorflow/tfjs registers TensorFlow.js's own
// gradients for everybody in the process, and elsewhere their absence is the proof that ours are ours.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { ACTIVATIONS, type ActivationName } from '../../src/nn/activations';
import { batchNorm, batchNormBackward } from '../../src/nn/batchNorm';
import { dropoutMasks } from '../../src/nn/dropoutMasks';
import { linear, linearBackward, linearInputBackward } from '../../src/nn/linear';
import { forward, initParams, lossAndGradients, mlp } from '../../src/nn/mlp';
import {
  crossEntropyLoss,
  crossEntropyLossBackward,
  oneHot,
  softmax,
  softmaxBackward,
  softmaxCrossEntropy,
  softmaxCrossEntropyBackward,
} from '../../src/nn/softmaxCrossEntropy';
import { createRandom } from '../../src/random';
import { onEachBackend } from '../backend';
import { randomTensor } from '../finiteDifferences';

/** |actual - expected| / |expected|, the lengths over all entries, is within float32's rounding. */
function expectSame(actual: tf.Tensor, expected: tf.Tensor, tolerance = 1e-5): void {
  expect(actual.shape).to.deep.equal(expected.shape);
  const length = tf.norm(expected).dataSync()[0]!;
  const difference = tf.norm(tf.sub(actual, expected)).dataSync()[0]!;
  expect(length, 'a gradient with something at stake').to.be.greaterThan(1e-6);
  expect(difference / length).to.be.lessThan(tolerance);
}

describe("against TensorFlow.js's own autodiff", () => {
  onEachBackend(() => {
    const X = randomTensor<tf.Rank.R2>([7, 5], 1);
    const O = randomTensor<tf.Rank.R2>([7, 4], 2);
    const y = () => tf.tensor1d([0, 1, 2, 3, 3, 1, 0], 'int32');

    it('linear', () => {
      const W = randomTensor<tf.Rank.R2>([5, 4], 3);
      const b = randomTensor<tf.Rank.R1>([4], 4);
      const dY = randomTensor<tf.Rank.R2>([7, 4], 5);
      const [dX, dW, db] = tf.grads((X, W, b) => linear(X as tf.Tensor2D, W as tf.Tensor2D, b as tf.Tensor1D))(
        [X, W, b],
        dY,
      );
      const ours = linearBackward(dY, X);
      expectSame(linearInputBackward(dY, W), dX!);
      expectSame(ours.dW, dW!);
      expectSame(ours.db, db!);
    });

    for (const name of Object.keys(ACTIVATIONS) as ActivationName[]) {
      it(name, () => {
        const { forward, backward } = ACTIVATIONS[name];
        const dY = randomTensor<tf.Rank.R2>([7, 5], 6);
        expectSame(backward(dY, X, forward(X)), tf.grad((X) => forward(X as tf.Tensor2D))(X, dY));
      });
    }

    it('batch normalisation', () => {
      const dY = randomTensor<tf.Rank.R2>([7, 5], 6);
      const [g, b] = [randomTensor<tf.Rank.R1>([5], 7), randomTensor<tf.Rank.R1>([5], 8)];
      const [dZ, dg, db] = tf.grads((Z, g, b) => {
        const { mean, variance } = tf.moments(Z, 0);
        return tf.batchNorm2d(
          Z as tf.Tensor2D,
          mean as tf.Tensor1D,
          variance as tf.Tensor1D,
          b as tf.Tensor1D,
          g as tf.Tensor1D,
          1e-5,
        );
      })([X, g, b], dY);
      const ours = batchNormBackward(dY, batchNorm(X, g, b).trace, g);
      expectSame(ours.dZ, dZ!);
      expectSame(ours.dg, dg!);
      expectSame(ours.db, db!);
    });

    for (const activation of Object.keys(ACTIVATIONS) as ActivationName[]) {
      it(`the whole network with batch normalisation, dropout and ${activation}`, () => {
        const Y = oneHot(y(), 4);
        const params = initParams(5, 4, [8, 6], createRandom(0, 'init'), 'he', true).map((p, i) =>
          randomTensor(p.shape, 30 + i),
        );
        const masks = dropoutMasks(7, params, { inputDropout: 0.2, dropout: 0.3 }, 5);
        const { grads } = lossAndGradients(X, Y, params, activation, masks);
        const theirs = tf.grads((...params: tf.Tensor[]) =>
          tf.losses.softmaxCrossEntropy(Y, forward(X, params, activation, masks).sums.at(-1)!).asScalar(),
        )(params);
        grads.forEach((grad, i) => expectSame(grad, theirs[i]!, 1e-4));
      });
    }

    it('softmax', () => {
      const dP = randomTensor<tf.Rank.R2>([7, 4], 7);
      expectSame(softmaxBackward(dP, softmax(O)), tf.grad((O) => tf.softmax(O))(O, dP));
    });

    it("cross-entropy, and both in one against TensorFlow.js's own loss", () => {
      const Y = oneHot(y(), 4);
      const P = softmax(O);
      expectSame(crossEntropyLossBackward(P, y()), tf.grad((P) => crossEntropyLoss(P as tf.Tensor2D, y()))(P));
      const theirs = (O: tf.Tensor) => tf.losses.softmaxCrossEntropy(Y, O).asScalar();
      expectSame(softmaxCrossEntropy(O, Y).loss, theirs(O));
      expectSame(softmaxCrossEntropyBackward(P, Y), tf.grad(theirs)(O));
    });

    for (const hiddens of [[], [8], [8, 6], [8, 7, 6]]) {
      it(`the whole network, hidden layers: [${hiddens.join(', ')}]`, () => {
        const params = initParams(5, 4, hiddens, createRandom(0, 'init')).map((p, i) => randomTensor(p.shape, 30 + i));
        const Y = oneHot(y(), 4);
        const { loss, grads } = lossAndGradients(X, Y, params);
        const theirs = tf.valueAndGrads((...params: tf.Tensor[]) =>
          tf.losses.softmaxCrossEntropy(Y, mlp(X, params)).asScalar(),
        )(params);
        expectSame(loss, theirs.value);
        grads.forEach((grad, i) => expectSame(grad, theirs.grads[i]!));
      });
    }
  });
});
