import * as tf from '@tensorflow/tfjs-core';
import { plainNetwork, type PlainNetwork } from '../../../src/model/export/plainNetwork';
import { networkOf } from '../../../src/model/parameters';
import type { ActivationName } from '../../../src/nn/activations';
import { mlp } from '../../../src/nn/mlp';
import { softmax } from '../../../src/nn/softmaxCrossEntropy';
import { createRandom } from '../../../src/random';

/** A 6-5-4-3 network with this activation, 40 samples of bytes, and the probabilities that we give them [40 x 3]. */
export function smallNetwork(activation: ActivationName): {
  readonly network: PlainNetwork;
  readonly features: Uint8Array;
  readonly probabilities: Float32Array;
} {
  const random = createRandom(5, 'init');
  const draw = (name: string, shape: number[]) => {
    const size = shape.reduce((product, width) => product * width);
    return { name, shape, data: Float32Array.from({ length: size }, () => random.normal(0, 1)) };
  };
  const widths = [6, 5, 4, 3];
  const parameters = widths
    .slice(1)
    .flatMap((width, l) => [draw(`W${l + 1}`, [widths[l]!, width]), draw(`b${l + 1}`, [width])]);
  const features = Uint8Array.from({ length: 40 * 6 }, () => random.integer(256));
  const scale = 1 / 64;
  const probabilities = tf.tidy(() => {
    const X = tf.tensor2d(
      Float32Array.from(features, (value) => value * scale),
      [40, 6],
    );
    return softmax(mlp(X, networkOf(parameters, activation))).dataSync() as Float32Array;
  });
  const classNames = ['a', 'b', 'c'];
  return { network: plainNetwork({ parameters, scale, activation, classNames }), features, probabilities };
}
