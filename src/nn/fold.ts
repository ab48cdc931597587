import * as tf from '@tensorflow/tfjs-core';
import { foldBatchNorm } from './batchNorm';
import { layersOf, type Params } from './mlp';

/** How the inputs are normalised: X ← (X - mean) / std. A number for all of them, or one for each, [numInputs]. */
export interface Normalisation {
  readonly mean: tf.Tensor;
  readonly std: tf.Tensor;
}

/**
 * The inputs as a network with normalisation sees them: mean 0 and standard deviation 1 over the training samples. A step
 * of gradient descent is then as good along one input as along another.
 * @param X [n, numInputs]
 */
export function normalise(X: tf.Tensor2D, { mean, std }: Normalisation): tf.Tensor2D {
  return tf.div(tf.sub(X, mean), std);
}

/**
 * The network as it is used: a plain one, W1 b1 W2 b2 …, whatever it was trained with. What training adds is either gone by
 * then (dropout is the identity) or affine, and an affine map next to a linear layer is one layer with it:
 * - normalised inputs: ((X - m) / s)·W + b = X·(W / s) + (b - (m / s)·W), with m and s a column for the rows of W;
 * - batch normalisation, by its running statistics: see `foldBatchNorm`.
 *
 * So a trained network is evaluated, saved and exported with nothing beside its weights that could be forgotten.
 * @param params as they are trained, with scales where layers have batch normalisation
 * @param statistics [mean1, variance1, mean2, …] of those layers
 * @returns fresh tensors [W1, b1, W2, b2, …]
 */
export function fold(params: Params, statistics: readonly tf.Tensor[], normalisation?: Normalisation): tf.Tensor[] {
  let seen = 0;
  return layersOf(params).flatMap(({ W, b, g }, l) => {
    // Batch normalisation comes after the layer's own inputs are in, so it is folded last. Its bias enters after it: 0 before.
    const within = g ? tf.zerosLike(b) : b;
    const first = l === 0 && normalisation ? foldNormalisation(W, within, normalisation) : { W, b: within };
    if (!g) return [tf.clone(first.W), tf.clone(first.b)];
    const [mean, variance] = [statistics[seen]!, statistics[seen + 1]!] as [tf.Tensor1D, tf.Tensor1D];
    seen += 2;
    const folded = foldBatchNorm(first.W, b, g, tf.sub(mean, first.b), variance);
    return [folded.W, folded.b];
  });
}

function foldNormalisation(W: tf.Tensor2D, b: tf.Tensor1D, { mean, std }: Normalisation) {
  const column = (values: tf.Tensor) => (values.rank === 0 ? values : tf.reshape(values, [-1, 1]));
  const scaled = tf.div<tf.Tensor2D>(W, column(std));
  return { W: scaled, b: tf.sub<tf.Tensor1D>(b, tf.sum(tf.mul(scaled, column(mean)), 0)) };
}
