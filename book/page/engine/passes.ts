import type * as tf from '@tensorflow/tfjs-core';
import { relu, reluBackward } from '../../../src/nn/activations';
import { linear, linearBackward, linearInputBackward } from '../../../src/nn/linear';
import type { Layer } from '../../../src/nn/mlp';
import { softmaxCrossEntropy, softmaxCrossEntropyBackward } from '../../../src/nn/softmaxCrossEntropy';

/** The passes of the network with one hidden layer, with everything that the figures show. Call it in a `tf.tidy`. */
export function passes(X: tf.Tensor2D, T: tf.Tensor2D, [{ W: W1, b: b1 }, { W: W2, b: b2 }]: readonly [Layer, Layer]) {
  const Z = linear(X, W1, b1);
  const H = relu(Z);
  const O = linear(H, W2, b2);
  const { loss, P } = softmaxCrossEntropy(O, T);

  const dO = softmaxCrossEntropyBackward(P, T);
  const { dW: dW2, db: db2 } = linearBackward(dO, H);
  const dH = linearInputBackward(dO, W2);
  const dZ = reluBackward(dH, H);
  const { dW: dW1, db: db1 } = linearBackward(dZ, X);
  return { Z, H, O, loss, P, dO, dH, dZ, dW1, db1, dW2, db2 };
}
