import * as tf from '@tensorflow/tfjs-core';

// Z [n, o]  what the linear map of a layer gives, one sample a row
// g [o]     the scale that each unit learns (γ in the paper, weight in PyTorch)
// b [o]     the shift that each unit learns (β there): the layer's bias, which stands here, because a bias added to Z
//           would go away with the mean
// Y [n, o]  Z with mean 0 and variance 1 in every column, times g, plus b

/** Added to the variance, so that a unit that is the same for all samples is not divided by 0. */
const EPSILON = 1e-5;
/** How much of the running statistics each batch replaces. */
const MOMENTUM = 0.1;

/** What the forward pass keeps for the backward pass, and for the running statistics. */
export interface BatchNormTrace {
  /** D = Z - μ [n, o] */
  readonly D: tf.Tensor2D;
  /** s = 1 / √(v + ε) [o] */
  readonly s: tf.Tensor1D;
  /** μ, the mean of each column [o] */
  readonly mean: tf.Tensor1D;
  /** v, the mean square of D's columns [o] */
  readonly variance: tf.Tensor1D;
}

/**
 * Batch normalisation (Ioffe and Szegedy 2015) as it trains, by the batch's own statistics. With μ the mean of a column
 * of Z and v its variance, D = Z - μ, s = 1 / √(v + ε): **Y = g ⊙ s ⊙ D + b**. Whatever the layers below do, a unit sees
 * inputs of one size, and the loss changes evenly along all weights.
 * @param Z [n, o], n at least 2: one sample is its own mean
 * @returns Y [n, o] and what the backward pass needs
 */
export function batchNorm(Z: tf.Tensor2D, g: tf.Tensor1D, b: tf.Tensor1D): { Y: tf.Tensor2D; trace: BatchNormTrace } {
  const mean = tf.mean<tf.Tensor1D>(Z, 0);
  const D = tf.sub<tf.Tensor2D>(Z, mean);
  const variance = tf.mean<tf.Tensor1D>(tf.square(D), 0);
  const s = scaleOf(variance);
  return { Y: tf.add(tf.mul(D, tf.mul(g, s)), b), trace: { D, s, mean, variance } };
}

/**
 * Written with N = s ⊙ D, Y = g ⊙ N + b. The parameters first, as in any affine map: **db = Σ_r dY**, **dg = Σ_r dY ⊙ N**.
 *
 * dN = dY ⊙ g goes on to Z, and Z[r] moves the N of every sample of its column: its own through D, and all through μ and v.
 * - With v held: N = (Z - μ) s. Z[r] moves μ by 1/n, so dZ ∋ s (dN - 1/n Σ dN).
 * - Through v: ∂s/∂v = -s³/2 and ∂v/∂Z[r] = 2 D[r] / n (the mean's part vanishes, as Σ D = 0), so
 *   dZ[r] ∋ (Σ dN D) (-s³/2) (2 D[r] / n) = -s N[r] 1/n Σ dN N.
 *
 * Together, with g taken out and Σ dY = db, Σ dY N = dg: **dZ = g s (dY - db/n - N dg/n)**. What a unit cannot change by
 * normalisation, its mean and its length, is exactly what is taken out of its gradient.
 * @param dY [n, o]
 * @returns dZ [n, o], dg [o], db [o]
 */
export function batchNormBackward(
  dY: tf.Tensor2D,
  { D, s }: BatchNormTrace,
  g: tf.Tensor1D,
): { dZ: tf.Tensor2D; dg: tf.Tensor1D; db: tf.Tensor1D } {
  const n = dY.shape[0];
  const db = tf.sum<tf.Tensor1D>(dY, 0);
  const dg = tf.mul<tf.Tensor1D>(tf.sum(tf.mul(dY, D), 0), s);
  const centred = tf.sub(dY, tf.div(db, n));
  const dN = tf.sub(centred, tf.mul(D, tf.mul(s, tf.div(dg, n))));
  return { dZ: tf.mul(dN, tf.mul(g, s)), dg, db };
}

/**
 * The same map once the network is used: by statistics of the whole training, so that a sample's output does not depend on
 * its company. It is affine then, and the linear map before it is too, so both are one: with k = g / √(v + ε),
 * g (Z - μ) / √(v + ε) + b = X·(W ⊙ k) + (b - μ ⊙ k). `fold` does that to a whole network.
 * @param W [i, o] and b [o] of the layer, g [o] its scale, mean and variance [o] its running statistics
 * @returns W [i, o] and b [o] of a layer without normalisation
 */
export function foldBatchNorm(
  W: tf.Tensor2D,
  b: tf.Tensor1D,
  g: tf.Tensor1D,
  mean: tf.Tensor1D,
  variance: tf.Tensor1D,
): { W: tf.Tensor2D; b: tf.Tensor1D } {
  const k = tf.mul(g, scaleOf(variance));
  return { W: tf.mul(W, k), b: tf.sub(b, tf.mul(mean, k)) };
}

/** The statistics before the first batch: mean 0 and variance 1, of a layer of `width` units. */
export function startStatistics(width: number): [mean: tf.Tensor1D, variance: tf.Tensor1D] {
  return [tf.zeros([width]), tf.ones([width])];
}

/**
 * Running statistics after a batch: a tenth of the way to the batch's own. The batch's v is the variance of these n samples;
 * what is wanted is that of all there are, of which v falls short by (n - 1) / n on average.
 * @param n samples in the batch
 */
export function updateStatistics(
  mean: tf.Tensor1D,
  variance: tf.Tensor1D,
  trace: BatchNormTrace,
  n: number,
): [mean: tf.Tensor1D, variance: tf.Tensor1D] {
  const towards = (running: tf.Tensor1D, batch: tf.Tensor1D) =>
    tf.add<tf.Tensor1D>(running, tf.mul(tf.sub(batch, running), MOMENTUM));
  return [towards(mean, trace.mean), towards(variance, tf.mul(trace.variance, n / Math.max(1, n - 1)))];
}

/** 1 / √(v + ε) */
function scaleOf(variance: tf.Tensor1D): tf.Tensor1D {
  return tf.div(1, tf.sqrt(tf.add(variance, EPSILON)));
}
