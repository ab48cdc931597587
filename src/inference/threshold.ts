import { HandgradError } from '../errors';
import { quoted } from '../words';

/** How a class is chosen from probabilities. */
export interface ThresholdOptions {
  /**
   * For two classes: the second one is predicted where its probability is at least this. Without it, the more probable
   * one is.
   */
  readonly threshold?: number;
}

/**
 * Checks a threshold.
 * @param k the number of classes; undefined for a network that predicts numbers
 * @throws HandgradError 'usage' when it is not in [0, 1], or there are not two classes
 */
export function assertThreshold(threshold: number | undefined, k: number | undefined): void {
  if (threshold === undefined) return;
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new HandgradError('usage', `\`threshold\` must be a number from 0 to 1, not ${quoted(threshold)}.`);
  }
  if (k === 2) return;
  const has = k === undefined ? 'predicts numbers' : `has ${k}`;
  throw new HandgradError('usage', `\`threshold\` is for two classes, and the model ${has}; leave it out.`);
}
