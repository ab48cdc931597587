import * as tf from '@tensorflow/tfjs-core';
import type { Network } from '../nn/mlp';
import { mapNetwork } from '../nn/network';
import type { TrainState } from './trainState';

/** What epochs are compared by. */
interface Judged {
  readonly loss: number | undefined;
  /** Undefined for regression. */
  readonly accuracy?: number;
}

/**
 * Whether an epoch is better than the best one so far: by accuracy, and with equal accuracies by loss; for regression
 * by the loss, which counts several outputs alike, whatever their units.
 */
export function isBetter(epoch: Judged, best: Judged | undefined): boolean {
  if (!best) return true;
  const [accuracy, highest] = [epoch.accuracy ?? 0, best.accuracy ?? 0];
  return accuracy === highest ? boundedLoss(epoch.loss) < boundedLoss(best.loss) : accuracy > highest;
}

/** A loss that overflows is the worst there is. (Checkpoints are JSON, which has no such numbers.) */
const boundedLoss = (loss: number | undefined): number =>
  loss !== undefined && Number.isFinite(loss) ? loss : Number.MAX_VALUE;

/**
 * Keeps a network in the state if it is the best so far on the validation samples; of equals, the first.
 * @param network for inference; copied
 */
export function rememberBest(state: TrainState, network: Network, epoch: number, { loss, accuracy }: Judged): void {
  const best = state.bestEpoch > 0 ? { loss: state.bestLoss, accuracy: state.bestAccuracy } : undefined;
  if (!isBetter({ loss, accuracy }, best)) return;
  if (state.best) tf.dispose(state.best);
  state.best = mapNetwork(network, (tensor) => tf.clone(tensor));
  state.bestEpoch = epoch;
  state.bestAccuracy = accuracy;
  state.bestLoss = boundedLoss(loss);
}

/** Whether `patience` epochs in a row were no better than the best one. */
export function outOfPatience(
  { epoch, bestEpoch }: Pick<TrainState, 'epoch' | 'bestEpoch'>,
  patience?: number,
): boolean {
  return patience !== undefined && epoch - bestEpoch >= patience;
}
