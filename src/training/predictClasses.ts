import * as tf from '@tensorflow/tfjs-core';
import { mlp, type Network } from '../nn/mlp';
import { numOutputs } from '../nn/network';
import { softmax, softmaxCrossEntropy } from '../nn/softmaxCrossEntropy';
import { oneHot } from '../nn/targets';
import type { DataIterator } from './batches';
import { createTurn, type Turn } from './turn';

/** What a classifier says of n samples. */
export interface PredictedClasses {
  /** Row-major [n, k]: 4 bytes for each sample and class. */
  readonly probabilities: Float32Array;
  /** [n], the classes with the largest logits. */
  readonly predicted: Int32Array;
  /** Mean cross-entropy, from the logits: finite also where a probability is 0 in float32. */
  readonly loss: number;
}

/** Probabilities, classes and loss of all the samples, in one pass. */
export async function predictClasses(
  dataIter: DataIterator,
  network: Network,
  turn: Turn = createTurn(),
): Promise<PredictedClasses> {
  const k = numOutputs(network);
  const probabilities = new Float32Array(dataIter.numSamples * k);
  const predicted = new Int32Array(dataIter.numSamples);
  let loss = 0;
  let done = 0;
  for (const { X, y } of dataIter) {
    const results = tf.tidy(() => {
      const O = mlp(X, network);
      return [softmax(O), tf.argMax(O, 1), softmaxCrossEntropy(O, oneHot(y, k)).loss] as const;
    });
    try {
      const [P, classes, mean] = await Promise.all(results.map((tensor) => tensor.data()));
      probabilities.set(P!, done * k);
      predicted.set(classes!, done);
      loss += mean![0]! * y.size;
      done += y.size;
    } finally {
      tf.dispose([...results]);
    }
    await turn();
  }
  return { probabilities, predicted, loss: loss / dataIter.numSamples };
}
