import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { fold, normalise } from '../../src/nn/fold';
import { initParams, layersOf, mlp, parameterNames } from '../../src/nn/mlp';
import { createRandom } from '../../src/random';
import { onEachBackend } from '../backend';
import { expectClose, randomTensor } from '../finiteDifferences';

describe('fold', () => {
  onEachBackend(() => {
    const inputs = () => randomTensor<tf.Rank.R2>([7, 3], 1);
    const random = (batchNorm: boolean) =>
      initParams(3, 4, [5, 6], createRandom(0, 'init'), 'he', batchNorm).map((p, i) => randomTensor(p.shape, 10 + i));
    const statistics = () =>
      [5, 6].flatMap((width, i) => [randomTensor([width], 30 + i), tf.square(randomTensor([width], 40 + i))]);

    /** The network in evaluation mode, written out as the formulas of the ops have it. */
    function evaluationMode(X: tf.Tensor2D, params: tf.Tensor[], batchNorm: boolean): tf.Tensor2D {
      const running = statistics();
      let H = X;
      layersOf(params).forEach(({ W, b, g }, l, all) => {
        let Z: tf.Tensor = tf.matMul(H, W);
        if (batchNorm && g) {
          const [mean, variance] = [running[2 * l]!, running[2 * l + 1]!];
          Z = tf.mul(tf.div(tf.sub(Z, mean), tf.sqrt(tf.add(variance, 1e-5))), g);
        }
        Z = tf.add(Z, b);
        H = l < all.length - 1 ? tf.tanh(Z as tf.Tensor2D) : (Z as tf.Tensor2D);
      });
      return H;
    }

    for (const batchNorm of [false, true]) {
      for (const [kind, mean, std] of [
        ['none', undefined, undefined],
        ['one number', [0.3], [0.5]],
        ['one for each input', [0.3, -1, 2], [0.5, 3, 0.1]],
      ] as const) {
        it(`is the network in evaluation mode; batch normalisation: ${batchNorm}, normalised inputs: ${kind}`, () => {
          const params = random(batchNorm);
          const X = inputs();
          const normalisation = mean && { mean: tf.tensor1d([...mean]), std: tf.tensor1d([...std]) };
          const seen = normalisation ? normalise(X, normalisation) : X;
          const folded = fold(params, batchNorm ? statistics() : [], normalisation);
          expect(parameterNames(folded)).to.deep.equal(['W1', 'b1', 'W2', 'b2', 'W3', 'b3']);
          expectClose(mlp(X, folded, 'tanh'), evaluationMode(seen, params, batchNorm), 1e-4);
        });
      }
    }

    it('gives tensors of their own: a plain network is copied', () => {
      const params = random(false);
      const folded = fold(params, []);
      tf.dispose(folded);
      expect(params.every((param) => !param.isDisposed)).to.be.true;
    });
  });
});
