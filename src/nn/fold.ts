import * as tf from '@tensorflow/tfjs-core';
import { foldBatchNorm } from './batchNorm';
import type { Layer, Network } from './mlp';
import type { TrainableNetwork } from './network';

/** How the inputs are normalized: X ← (X - mean) / std. One number for all of them, or one for each, [numInputs]. */
export type Normalization = { readonly mean: tf.Tensor; readonly std: tf.Tensor };

/**
 * The inputs with mean 0 and standard deviation 1 over the training samples. One learning rate then suits all of them.
 * @param X [n, numInputs]
 */
export function normalize(X: tf.Tensor2D, { mean, std }: Normalization): tf.Tensor2D {
  return tf.div(tf.sub(X, mean), std);
}

/**
 * The network for inference: a plain one, whatever it was trained with. What training adds is either gone by then
 * (dropout is the identity) or affine, and an affine map next to a linear layer is one layer with it:
 * - normalized inputs: ((X - m) / s)·W + b = X·(W / s) + (b - (m / s)·W), with m and s a column for the rows of W;
 * - batch normalization, by its running statistics: see `foldBatchNorm`.
 *
 * So evaluating, saving and exporting a trained network take its weights only.
 * @returns fresh tensors
 */
export function fold({ layers, activation }: TrainableNetwork, normalization?: Normalization): Network {
  const plain = layers.map((layer, l): Layer => {
    // A layer with batch normalization adds its bias later.
    const linear = 'norm' in layer ? { W: layer.W, b: tf.zerosLike(layer.norm.b) } : layer;
    const { W, b } = l === 0 && normalization ? foldNormalization(linear, normalization) : linear;
    if (!('norm' in layer)) return { W: tf.clone(W), b: tf.clone(b) };
    // What the normalization of the inputs adds to U is subtracted again with the mean.
    return foldBatchNorm({ W, norm: { ...layer.norm, mean: tf.sub(layer.norm.mean, b) } });
  });
  return { layers: plain, activation };
}

function foldNormalization({ W, b }: Layer, { mean, std }: Normalization): Layer {
  const column = (values: tf.Tensor) => (values.rank === 0 ? values : tf.reshape(values, [-1, 1]));
  const scaled = tf.div<tf.Tensor2D>(W, column(std));
  return { W: scaled, b: tf.sub<tf.Tensor1D>(b, tf.sum(tf.mul(scaled, column(mean)), 0)) };
}
