import * as tf from '@tensorflow/tfjs-core';
import type { Network } from '../nn/mlp';
import { mapNetwork } from '../nn/network';
import type { TrainState } from './trainState';

/**
 * Keeps a network in the state if it is the best so far, by validation accuracy; of equals, the first.
 * @param network for inference; copied
 */
export function rememberBest(state: TrainState, network: Network, epoch: number, accuracy: number): void {
  if (state.bestEpoch > 0 && !(accuracy > state.bestAccuracy)) return;
  if (state.best) tf.dispose(state.best);
  state.best = mapNetwork(network, (tensor) => tf.clone(tensor));
  state.bestEpoch = epoch;
  state.bestAccuracy = accuracy;
}

/** Whether `patience` epochs in a row were no better than the best one. */
export function outOfPatience(
  { epoch, bestEpoch }: Pick<TrainState, 'epoch' | 'bestEpoch'>,
  patience?: number,
): boolean {
  return patience !== undefined && epoch - bestEpoch >= patience;
}
