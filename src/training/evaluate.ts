import * as tf from '@tensorflow/tfjs-core';
import { mlp, type Network } from '../nn/mlp';
import { numOutputs } from '../nn/network';
import { softmax, softmaxCrossEntropy } from '../nn/softmaxCrossEntropy';
import { oneHot } from '../nn/targets';
import type { DataIterator } from './batches';

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
export async function evaluate(dataIter: DataIterator, network: Network): Promise<{ loss: number; accuracy: number }> {
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
      rows.push(...(await P.array()));
    } finally {
      P.dispose();
    }
  }
  return rows;
}
