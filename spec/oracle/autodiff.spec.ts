// A mocha process of its own runs this file (npm test starts it): importing @tensorflow/tfjs registers TensorFlow.js's
// own gradients for everybody in the process, and elsewhere their absence is the proof that ours are ours.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { ACTIVATIONS, type ActivationName } from '../../src/nn/activations';
import { batchNorm, batchNormBackward } from '../../src/nn/batchNorm';
import { linear, linearBackward, linearInputBackward } from '../../src/nn/linear';
import { createLoss, LOSSES, type LossName } from '../../src/nn/losses';
import { forward, lossAndGradients, mlp, plainSteps } from '../../src/nn/mlp';
import {
  dropInputs,
  dropoutMasks,
  listGradients,
  parametersOf,
  trainingSteps,
  withParameters,
} from '../../src/nn/network';
import {
  crossEntropyLoss,
  crossEntropyLossBackward,
  softmax,
  softmaxBackward,
  softmaxCrossEntropy,
  softmaxCrossEntropyBackward,
} from '../../src/nn/softmaxCrossEntropy';
import { oneHot } from '../../src/nn/targets';
import { randomNetwork, randomNormalized } from '../nn/randomNetwork';
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
      const dZ = randomTensor<tf.Rank.R2>([7, 4], 5);
      const [dX, dW, db] = tf.grads((X, W, b) => linear(X as tf.Tensor2D, W as tf.Tensor2D, b as tf.Tensor1D))(
        [X, W, b],
        dZ,
      );
      const ours = linearBackward(dZ, X);
      expectSame(linearInputBackward(dZ, W), dX!);
      expectSame(ours.dW, dW!);
      expectSame(ours.db, db!);
    });

    for (const name of Object.keys(ACTIVATIONS) as ActivationName[]) {
      it(name, () => {
        const { forward, backward } = ACTIVATIONS[name];
        const [Z, dH] = [X, randomTensor<tf.Rank.R2>([7, 5], 6)];
        expectSame(backward(dH, Z, forward(Z)), tf.grad((Z) => forward(Z as tf.Tensor2D))(Z, dH));
      });
    }

    it('batch normalization', () => {
      const [U, dZ] = [X, randomTensor<tf.Rank.R2>([7, 5], 6)];
      const [g, b] = [randomTensor<tf.Rank.R1>([5], 7), randomTensor<tf.Rank.R1>([5], 8)];
      const [dU, dg, db] = tf.grads((U, g, b) => {
        const { mean, variance } = tf.moments(U, 0);
        return tf.batchNorm2d(
          U as tf.Tensor2D,
          mean as tf.Tensor1D,
          variance as tf.Tensor1D,
          b as tf.Tensor1D,
          g as tf.Tensor1D,
          1e-5,
        );
      })([U, g, b], dZ);
      const ours = batchNormBackward(dZ, batchNorm(U, g, b), g);
      expectSame(ours.dU, dU!);
      expectSame(ours.dg, dg!);
      expectSame(ours.db, db!);
    });

    for (const activation of Object.keys(ACTIVATIONS) as ActivationName[]) {
      it(`the whole network with batch normalization, dropout and ${activation}`, () => {
        const T = oneHot(y(), 4);
        const network = randomNormalized([5, 8, 6, 4], activation, 30);
        const masks = dropoutMasks(7, network, 0.3, 5);
        const seen = dropInputs(X, 0.2, 5);
        const { grads } = lossAndGradients(seen, T, trainingSteps(network, masks));
        const theirs = tf.grads((...params: tf.Tensor[]) => {
          const { O } = forward(seen, trainingSteps(withParameters(network, params), masks));
          return tf.losses.softmaxCrossEntropy(T, O).asScalar();
        })(parametersOf(network).map(({ tensor }) => tensor));
        listGradients(grads).forEach((grad, i) => expectSame(grad, theirs[i]!, 1e-4));
      });
    }

    it('softmax', () => {
      const dP = randomTensor<tf.Rank.R2>([7, 4], 7);
      expectSame(softmaxBackward(dP, softmax(O)), tf.grad((O) => tf.softmax(O))(O, dP));
    });

    it("cross-entropy, and both in one against TensorFlow.js's own loss", () => {
      const T = oneHot(y(), 4);
      const P = softmax(O);
      expectSame(crossEntropyLossBackward(P, y()), tf.grad((P) => crossEntropyLoss(P as tf.Tensor2D, y()))(P));
      const theirs = (O: tf.Tensor) => tf.losses.softmaxCrossEntropy(T, O).asScalar();
      expectSame(softmaxCrossEntropy(O, T).loss, theirs(O));
      expectSame(softmaxCrossEntropyBackward(P, T), tf.grad(theirs)(O));
    });

    const { NONE } = tf.Reduction;
    const theirLoss = (name: LossName, T: tf.Tensor, O: tf.Tensor, w?: tf.Tensor): tf.Scalar => {
      if (name === 'cross-entropy') {
        const each = tf.losses.softmaxCrossEntropy(T, O, undefined, 0, NONE); // [n]
        return tf.mean(tf.mul(each, w ? tf.squeeze(w, [1]) : 1));
      }
      const each =
        name === 'mse'
          ? tf.losses.meanSquaredError(T, O, undefined, NONE)
          : tf.losses.huberLoss(T, O, undefined, 0.8, NONE);
      return tf.mean(tf.mul(each, w ?? 1));
    };

    for (const name of Object.keys(LOSSES) as LossName[]) {
      for (const weighted of [false, true]) {
        it(`${name}${weighted ? ' with weights' : ''}, alone and below a whole network`, () => {
          const T = name === 'cross-entropy' ? oneHot(y(), 4) : randomTensor<tf.Rank.R2>([7, 4], 9);
          const w = weighted ? tf.abs(randomTensor<tf.Rank.R2>([7, 1], 10)) : undefined;
          const lossOf = createLoss(name, { delta: 0.8 });
          const { loss, P } = lossOf.forward(O, T, w);
          const alone = tf.valueAndGrad((O) => theirLoss(name, T, O, w))(O);
          expectSame(loss, alone.value);
          expectSame(lossOf.backward(P, T, w), alone.grad);
          const network = randomNetwork([5, 8, 4], 30);
          const { grads } = lossAndGradients(X, T, plainSteps(network), lossOf, w);
          const theirs = tf.grads((...params: tf.Tensor[]) =>
            theirLoss(name, T, mlp(X, withParameters(network, params)), w),
          )(parametersOf(network).map(({ tensor }) => tensor));
          listGradients(grads).forEach((grad, i) => expectSame(grad, theirs[i]!));
        });
      }
    }

    for (const hiddens of [[], [8], [8, 6], [8, 7, 6]]) {
      it(`the whole network, hidden layers: [${hiddens.join(', ')}]`, () => {
        const network = randomNetwork([5, ...hiddens, 4], 30);
        const T = oneHot(y(), 4);
        const { loss, grads } = lossAndGradients(X, T, plainSteps(network));
        const theirs = tf.valueAndGrads((...params: tf.Tensor[]) =>
          tf.losses.softmaxCrossEntropy(T, mlp(X, withParameters(network, params))).asScalar(),
        )(parametersOf(network).map(({ tensor }) => tensor));
        expectSame(loss, theirs.value);
        listGradients(grads).forEach((grad, i) => expectSame(grad, theirs.grads[i]!));
      });
    }
  });
});
