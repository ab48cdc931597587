import * as tf from '@tensorflow/tfjs-core';
import type { Samples, Target } from '../data/samples';
import type { Loss } from '../nn/losses';
import { mlp, type Network } from '../nn/mlp';
import { numOutputs } from '../nn/network';
import { softmax, softmaxCrossEntropy } from '../nn/softmaxCrossEntropy';
import { oneHot } from '../nn/targets';
import type { DataIterator } from './batches';

/** What a classifier in training is judged by, each sample counting the same. */
export interface LossAndAccuracy {
  /** Mean cross-entropy. */
  readonly loss: number;
  /** The share of the samples that are classified correctly, in [0, 1]. */
  readonly accuracy: number;
}

/** What predictions of numbers are judged by, each sample counting the same. With several outputs, all are means. */
export interface RegressionFigures {
  /** The mean loss, of standardized targets, as in training. */
  readonly loss: number;
  /** The root of the mean squared error, in the units of the label. */
  readonly rmse: number;
  /** The mean absolute error, in the units of the label. */
  readonly mae: number;
  /** The share of the label's variance that is predicted: 1 - Σ (o - t)² / Σ (t - mean)². 0 for predicting the mean. */
  readonly r2: number;
}

/** The figures of one output. */
export interface OutputFigures extends Omit<RegressionFigures, 'loss'> {
  readonly name: string;
}

/**
 * The number of correct predictions in a batch, as in the post: those whose largest output is at the right class.
 * @param yHat [n, k], probabilities or logits: softmax does not change which is largest
 * @param y [n], int32 classes
 * @returns a scalar; it stays on the backend, so a loop over batches does not wait for it
 */
export function accuracy(yHat: tf.Tensor2D, y: tf.Tensor1D): tf.Scalar {
  return tf.sum(tf.cast(tf.equal(tf.argMax(yHat, 1), y), 'float32'));
}

/**
 * How many samples to evaluate at once. Many, because every operation has a fixed cost;
 * but with the largest tensor at 2 MB, beyond which nothing is gained and memory is wasted.
 */
export function evaluationBatchSize({ layers }: Network): number {
  const widest = Math.max(...layers.flatMap(({ W }) => W.shape));
  return Math.max(1, Math.floor(2 ** 19 / widest));
}

/** The share of the samples that the network classifies correctly, in [0, 1]. */
export async function evaluateAccuracy(dataIter: DataIterator, network: Network): Promise<number> {
  return (await evaluate(dataIter, network)).accuracy;
}

/** Mean cross-entropy and accuracy over all the samples. Reads from the backend once. */
export async function evaluate(dataIter: DataIterator, network: Network): Promise<LossAndAccuracy> {
  let sums = tf.zeros<tf.Rank.R1>([2]);
  try {
    for (const { X, y } of dataIter) {
      const next = tf.tidy(() => {
        const O = mlp(X, network);
        const { loss } = softmaxCrossEntropy(O, oneHot(y, O.shape[1]));
        // The batch's loss is a mean; times its size it is a sum, which weights the smaller last batch correctly.
        return tf.add<tf.Tensor1D>(sums, tf.stack([tf.mul(loss, y.size), accuracy(O, y)]));
      });
      sums.dispose();
      sums = next;
    }
    const [loss, correct] = await sums.data();
    return { loss: loss! / dataIter.numSamples, accuracy: correct! / dataIter.numSamples };
  } finally {
    sums.dispose();
  }
}

/**
 * The figures of a network that predicts numbers. Reads from the backend once: the sums of the residuals, which float32
 * holds well because targets are standardized. Their variance is computed here, in float64.
 * @param dataIter over samples with targets, one for each of `targets`
 * @param targets give names and units
 */
export async function evaluateRegression(
  dataIter: DataIterator,
  network: Network,
  lossOf: Loss,
  targets: readonly Target[],
): Promise<RegressionFigures & { readonly perOutput: readonly OutputFigures[] }> {
  const { numSamples: n, samples } = dataIter;
  const k = targets.length;
  let sums = tf.zeros<tf.Rank.R1>([1 + 2 * k]);
  try {
    for (const { X, T } of dataIter) {
      const next = tf.tidy(() => {
        const { loss, P } = lossOf.forward(mlp(X, network), T!);
        const R = tf.sub(P, T!);
        const sum = tf.reshape<tf.Rank.R1>(tf.mul(loss, X.shape[0]), [1]);
        return tf.add<tf.Tensor1D>(sums, tf.concat1d([sum, tf.sum(tf.square(R), 0), tf.sum(tf.abs(R), 0)]));
      });
      sums.dispose();
      sums = next;
    }
    const [loss, ...residuals] = await sums.data();
    const variances = varianceOf(samples, k);
    const perOutput = targets.map(({ name, std }, c) => {
      const meanSquare = residuals[c]! / n;
      const r2 = determination(meanSquare, variances[c]!);
      return { name, rmse: Math.sqrt(meanSquare) * std, mae: (residuals[k + c]! / n) * std, r2 };
    });
    const mean = (figure: 'rmse' | 'mae' | 'r2') => perOutput.reduce((sum, output) => sum + output[figure], 0) / k;
    return { loss: loss! / n, rmse: mean('rmse'), mae: mean('mae'), r2: mean('r2'), perOutput };
  } finally {
    sums.dispose();
  }
}

/** R². Targets that are all equal have no variance to predict: then 1 if all are met, else 0, as in scikit-learn. */
function determination(meanSquare: number, variance: number): number {
  if (variance > 0) return 1 - meanSquare / variance;
  return meanSquare === 0 ? 1 : 0;
}

/** The variance of each output's targets over the samples, in two passes, which lose no digits. */
function varianceOf({ targets, count }: Samples, k: number): Float64Array {
  const meanOf = (of: (target: number, c: number) => number) => {
    const sums = new Float64Array(k);
    targets!.forEach((target, i) => (sums[i % k]! += of(target, i % k)));
    return sums.map((sum) => sum / count);
  };
  const means = meanOf((target) => target);
  return meanOf((target, c) => (target - means[c]!) ** 2);
}

/**
 * How often each class was predicted as each class.
 * @returns [k][k] counts: row c, column p is the number of samples of class c that were predicted as p
 */
export async function confusionMatrix(dataIter: DataIterator, network: Network): Promise<number[][]> {
  const k = numOutputs(network);
  let counts = tf.zeros<tf.Rank.R2>([k, k]);
  try {
    for (const { X, y } of dataIter) {
      const next = tf.tidy(() => {
        const predicted = tf.argMax<tf.Tensor1D>(mlp(X, network), 1);
        // The product of the one-hot rows of labels and predictions counts the pairs.
        return tf.add<tf.Tensor2D>(counts, tf.matMul(oneHot(y, k), oneHot(predicted, k), true, false));
      });
      counts.dispose();
      counts = next;
    }
    return await counts.array();
  } finally {
    counts.dispose();
  }
}

/**
 * The probabilities that the network gives to the classes.
 * @returns one array [k] for each sample
 */
export async function predictProbabilities(dataIter: DataIterator, network: Network): Promise<number[][]> {
  const rows: number[][] = [];
  for (const { X } of dataIter) {
    const P = tf.tidy(() => softmax(mlp(X, network)));
    try {
      // One by one: a call takes only so many arguments.
      for (const row of await P.array()) rows.push(row);
    } finally {
      P.dispose();
    }
  }
  return rows;
}
