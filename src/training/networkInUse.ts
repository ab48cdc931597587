import * as tf from '@tensorflow/tfjs-core';
import { fold, type Normalisation } from '../nn/fold';
import type { TrainState } from './trainState';

/**
 * The network that a state would be judged and saved as: its averages where it keeps some, with batch normalisation and the
 * normalisation of the inputs folded in.
 * @returns plain parameters, W1 b1 W2 b2 …, which the caller disposes of
 */
export function networkInUse(
  state: Pick<TrainState, 'params' | 'statistics' | 'averages' | 'normalisation'>,
): tf.Tensor[] {
  const { params, statistics, averages } = state;
  const averaged = averages.length > 0;
  const weights = averaged ? averages.slice(0, params.length) : params;
  const running = averaged ? averages.slice(params.length) : statistics;
  return tf.tidy(() => fold(weights, running, normalisationOf(state)));
}

/** How a state's network wants its inputs, or undefined when as they are. */
export function normalisationOf({ normalisation }: Pick<TrainState, 'normalisation'>): Normalisation | undefined {
  const [mean, std] = normalisation;
  return mean && std && { mean, std };
}
