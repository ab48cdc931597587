import * as tf from '@tensorflow/tfjs-core';
import type { Target } from '../data/samples';
import { mlp, type Network } from '../nn/mlp';
import type { DataIterator } from './batches';
import { createTurn, type Turn } from './turn';

/** Numbers predicted for n samples with k outputs, in the units of the labels. */
export interface PredictedValues {
  /** Row-major [n, k]. */
  readonly predicted: Float64Array;
  /** Row-major [n, k], the labels. */
  readonly actual: Float64Array;
}

/** The values that a network predicts for all the samples, and those that they have. */
export async function predictValues(
  dataIter: DataIterator,
  network: Network,
  targets: readonly Target[],
  turn: Turn = createTurn(),
): Promise<PredictedValues> {
  const k = targets.length;
  const inUnits = (standardized: number, i: number) => standardized * targets[i % k]!.std + targets[i % k]!.mean;
  const predicted = new Float64Array(dataIter.numSamples * k);
  let done = 0;
  for (const { X } of dataIter) {
    const O = tf.tidy(() => mlp(X, network));
    try {
      predicted.set(Float64Array.from(await O.data(), inUnits), done * k);
      done += X.shape[0];
    } finally {
      O.dispose();
    }
    await turn();
  }
  return { predicted, actual: Float64Array.from(dataIter.samples.targets!, inUnits) };
}
