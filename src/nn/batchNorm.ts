import * as tf from '@tensorflow/tfjs-core';
import { linearInputBackward } from './linear';
import type { Layer } from './mlp';
import type { Step } from './step';

// U [n, o]  U = X·W, the linear map of a layer without its bias, one sample a row
// g [o]     the scale that each unit learns (γ in the paper, weight in PyTorch)
// b [o]     the shift that each unit learns (β there): the layer's bias, which is added here, because a bias added to U
//           would be subtracted again with the mean
// Z [n, o]  the pre-activations: U with mean 0 and variance 1 in every column, times g, plus b

/** Added to the variance, which is 0 for a unit that is constant over the batch. */
const EPSILON = 1e-5;
/** The weight of a batch in the running statistics. */
const MOMENTUM = 0.1;

/** The mean μ and the variance v of each unit over some samples, [o] each. */
export type Statistics = { readonly mean: tf.Tensor1D; readonly variance: tf.Tensor1D };

/** The learned scale and shift of each unit, and its running statistics over the training so far. */
export type Norm = { readonly g: tf.Tensor1D; readonly b: tf.Tensor1D } & Statistics;

/** A layer with batch normalization. Its bias is in `norm`. */
export type NormalizedLayer = { readonly W: tf.Tensor2D; readonly norm: Norm };

/** What the forward pass keeps: D = U - μ [n, o], s = 1 / √(v + ε) [o], and the statistics of the batch. */
export interface BatchNormRecord extends Statistics {
  readonly D: tf.Tensor2D;
  readonly s: tf.Tensor1D;
}

/**
 * Batch normalization (Ioffe and Szegedy 2015) in training, by the statistics of the batch. With μ the mean of a
 * column of U and v its variance, D = U - μ, s = 1 / √(v + ε): **Z = g ⊙ s ⊙ D + b**. Whatever the layers below do,
 * the inputs of an activation have one size, and the loss is about as steep along one weight as along another.
 * @param U [n, o], n at least 2: a single sample is its own mean
 * @returns Z [n, o], and what the backward pass needs
 */
export function batchNorm(U: tf.Tensor2D, g: tf.Tensor1D, b: tf.Tensor1D): { Z: tf.Tensor2D } & BatchNormRecord {
  const mean = tf.mean<tf.Tensor1D>(U, 0);
  const D = tf.sub<tf.Tensor2D>(U, mean);
  const variance = tf.mean<tf.Tensor1D>(tf.square(D), 0);
  const s = scaleOf(variance);
  return { Z: tf.add(tf.mul(D, tf.mul(g, s)), b), D, s, mean, variance };
}

/**
 * With N = s ⊙ D, Z = g ⊙ N + b. The parameters first, as in any affine map: **db = Σ_r dZ**, **dg = Σ_r dZ ⊙ N**.
 *
 * dN = dZ ⊙ g is passed on to U, and U[r] moves the N of every sample of its column: its own through D, and all of them
 * through μ and v.
 * - With v held: N = (U - μ) s. U[r] moves μ by 1/n, so dU ∋ s (dN - 1/n Σ dN).
 * - Through v: ∂s/∂v = -s³/2 and ∂v/∂U[r] = 2 D[r] / n (the mean's part vanishes, as Σ D = 0), so
 *   dU[r] ∋ (Σ dN D) (-s³/2) (2 D[r] / n) = -s N[r] 1/n Σ dN N.
 *
 * Together, with g taken out and Σ dZ = db, Σ dZ N = dg: **dU = g s (dZ - db/n - N dg/n)**. Normalization fixes a
 * unit's mean and length, so the gradient loses exactly those two components.
 * @param dZ [n, o]
 * @returns dU [n, o], dg [o], db [o]
 */
export function batchNormBackward(
  dZ: tf.Tensor2D,
  { D, s }: Pick<BatchNormRecord, 'D' | 's'>,
  g: tf.Tensor1D,
): { dU: tf.Tensor2D; dg: tf.Tensor1D; db: tf.Tensor1D } {
  const n = dZ.shape[0];
  const db = tf.sum<tf.Tensor1D>(dZ, 0);
  const dg = tf.mul<tf.Tensor1D>(tf.sum(tf.mul(dZ, D), 0), s);
  const centered = tf.sub(dZ, tf.div(db, n));
  const dN = tf.sub(centered, tf.mul(D, tf.mul(s, tf.div(dg, n))));
  return { dU: tf.mul(dN, tf.mul(g, s)), dg, db };
}

/** The linear map of a layer with batch normalization, in the place of `linearStep`: Z = g ⊙ N + b, N from U = X·W. */
export const normalizedStep = ({ W, norm: { g, b } }: NormalizedLayer): Step<BatchNormRecord> => ({
  forward(X) {
    const { Z, ...record } = batchNorm(tf.matMul(X, W), g, b);
    return { Y: Z, ...record };
  },
  backward(dZ, { X, D, s }) {
    const { dU, dg, db } = batchNormBackward(dZ, { D, s }, g);
    return { grads: { dW: tf.matMul(X, dU, true, false), db, dg }, dX: () => linearInputBackward(dU, W) };
  },
});

/**
 * The same layer in inference, by the statistics of the whole training, so that the output of a sample does not depend
 * on the rest of its batch. It is affine then, and so is the linear map before it: both are one layer. With
 * k = g / √(v + ε), **g (X·W - μ) / √(v + ε) + b = X·(W ⊙ k) + (b - μ ⊙ k)**. `fold` does that to a whole network.
 */
export function foldBatchNorm({ W, norm: { g, b, mean, variance } }: NormalizedLayer): Layer {
  const k = tf.mul(g, scaleOf(variance));
  return { W: tf.mul(W, k), b: tf.sub(b, tf.mul(mean, k)) };
}

/** The normalization of a layer before the first batch: scale 1, mean 0 and variance 1, and the bias given. */
export function initNorm(b: tf.Tensor1D): Norm {
  return { g: tf.onesLike(b), b, mean: tf.zerosLike(b), variance: tf.onesLike(b) };
}

/**
 * Running statistics after a batch: a tenth of the way to the batch's own.
 * v is a biased estimate of the variance of all samples, on average (n - 1) / n of it, and is corrected here.
 * @param n samples in the batch
 */
export function updateStatistics(running: Statistics, batch: Statistics, n: number): Statistics {
  const toward = (from: tf.Tensor1D, to: tf.Tensor1D) => tf.add<tf.Tensor1D>(from, tf.mul(tf.sub(to, from), MOMENTUM));
  return {
    mean: toward(running.mean, batch.mean),
    variance: toward(running.variance, tf.mul(batch.variance, n / Math.max(1, n - 1))),
  };
}

/** 1 / √(v + ε) */
function scaleOf(variance: tf.Tensor1D): tf.Tensor1D {
  return tf.div(1, tf.sqrt(tf.add(variance, EPSILON)));
}
