import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { fold, normalize } from '../../src/nn/fold';
import { mlp } from '../../src/nn/mlp';
import { parametersOf, type TrainableNetwork } from '../../src/nn/network';
import { onEachBackend } from '../backend';
import { expectClose, randomTensor } from '../finiteDifferences';
import { randomNetwork, randomNormalized } from './randomNetwork';

describe('fold', () => {
  onEachBackend(() => {
    const inputs = () => randomTensor<tf.Rank.R2>([7, 3], 1);
    const WIDTHS = [3, 5, 6, 4];
    const plain = (): TrainableNetwork => ({ ...randomNetwork(WIDTHS, 10), activation: 'tanh' });
    /** With running statistics that are not those of the start. */
    const normalized = (): TrainableNetwork => {
      const { layers, activation } = randomNormalized(WIDTHS, 'tanh', 10);
      const trained = layers.map((layer, l) => {
        if (!('norm' in layer)) return layer;
        const mean = randomTensor<tf.Rank.R1>([WIDTHS[l + 1]!], 30 + l);
        const variance = tf.square<tf.Tensor1D>(randomTensor([WIDTHS[l + 1]!], 40 + l));
        return { ...layer, norm: { ...layer.norm, mean, variance } };
      });
      return { layers: trained, activation };
    };

    /** The network in evaluation mode, written out as the formulas of the ops have it. */
    function evaluationMode(X: tf.Tensor2D, { layers }: TrainableNetwork): tf.Tensor2D {
      let H = X;
      layers.forEach((layer, l) => {
        let Z: tf.Tensor = tf.matMul(H, layer.W);
        if ('norm' in layer) {
          const { g, b, mean, variance } = layer.norm;
          Z = tf.add(tf.mul(tf.div(tf.sub(Z, mean), tf.sqrt(tf.add(variance, 1e-5))), g), b);
        } else {
          Z = tf.add(Z, layer.b);
        }
        H = l < layers.length - 1 ? tf.tanh(Z as tf.Tensor2D) : (Z as tf.Tensor2D);
      });
      return H;
    }

    for (const batchNorm of [false, true]) {
      for (const [kind, mean, std] of [
        ['none', undefined, undefined],
        ['one number', [0.3], [0.5]],
        ['one for each input', [0.3, -1, 2], [0.5, 3, 0.1]],
      ] as const) {
        it(`is the network in evaluation mode; batch normalization: ${batchNorm}, normalized inputs: ${kind}`, () => {
          const network = batchNorm ? normalized() : plain();
          const X = inputs();
          const normalization = mean && { mean: tf.tensor1d([...mean]), std: tf.tensor1d([...std]) };
          const seen = normalization ? normalize(X, normalization) : X;
          const folded = fold(network, normalization);
          expect(parametersOf(folded).map(({ name }) => name)).to.deep.equal(['W1', 'b1', 'W2', 'b2', 'W3', 'b3']);
          expectClose(mlp(X, folded), evaluationMode(seen, network), 1e-4);
        });
      }
    }

    it('gives tensors of their own: a plain network is copied', () => {
      const network = plain();
      tf.dispose(fold(network));
      expect(parametersOf(network).every(({ tensor }) => !tensor.isDisposed)).to.be.true;
    });
  });
});
