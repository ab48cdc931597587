import * as tf from '@tensorflow/tfjs-core';
import type { Network } from '../nn/mlp';
import { mapNetwork } from '../nn/network';
import type { TrainState } from './trainState';

/**
 * What epochs are compared by, larger being better: the accuracy; for regression the loss, negated, which counts
 * several outputs alike, whatever their units.
 */
export function scoreOf({ loss, accuracy }: { readonly loss: number; readonly accuracy?: number }): number {
  // A loss that overflows is the worst there is. (Checkpoints are JSON, which has no such numbers.)
  return accuracy ?? (Number.isFinite(loss) ? -loss : -Number.MAX_VALUE);
}

/**
 * Keeps a network in the state if it is the best so far, by its score on the validation samples; of equals, the first.
 * @param network for inference; copied
 */
export function rememberBest(state: TrainState, network: Network, epoch: number, score: number): void {
  if (state.bestEpoch > 0 && !(score > state.bestScore)) return;
  if (state.best) tf.dispose(state.best);
  state.best = mapNetwork(network, (tensor) => tf.clone(tensor));
  state.bestEpoch = epoch;
  state.bestScore = score;
}

/** Whether `patience` epochs in a row were no better than the best one. */
export function outOfPatience(
  { epoch, bestEpoch }: Pick<TrainState, 'epoch' | 'bestEpoch'>,
  patience?: number,
): boolean {
  return patience !== undefined && epoch - bestEpoch >= patience;
}
