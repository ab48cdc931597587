import type { Samples } from './samples';

/** Means and standard deviations of the network's inputs: one for all features, or one for each. */
export interface FittedNormalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * Fits the normalization of the inputs. Pass the training samples only, so that no test data leaks into it.
 * @param perFeature a mean and a deviation for each feature (the columns of a table have units of their own) instead of
 * one for all (the pixels of an image)
 * @returns in units of the scaled features; a constant feature gets the deviation 1, and so becomes 0
 */
export function fitNormalization(samples: Samples, perFeature: boolean): FittedNormalization {
  const { features, scale, numInputs } = samples;
  const groups = perFeature ? numInputs : 1;
  // Two passes: the mean square minus the squared mean would lose the digits of a small deviation.
  const mean = meanOf(features, groups, (value) => value);
  const variance = meanOf(features, groups, (value, group) => (value - mean[group]!) ** 2);
  return {
    mean: Array.from(mean, (value) => value * scale),
    std: Array.from(variance, (value) => Math.sqrt(value) * scale || 1),
  };
}

/** Feature i belongs to group i modulo `groups`. */
function meanOf(
  features: Samples['features'],
  groups: number,
  of: (value: number, group: number) => number,
): Float64Array {
  const sums = new Float64Array(groups);
  for (let i = 0; i < features.length; i++) sums[i % groups]! += of(features[i]!, i % groups);
  return sums.map((sum) => (sum * groups) / features.length);
}
