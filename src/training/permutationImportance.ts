import type { Samples } from '../data/samples';
import { createRandom, permutation } from '../random';
import { createTurn, type Turn } from './turn';

/** Neighboring features that are one column of a table: several for a category. */
export interface FeatureGroup {
  readonly name: string;
  /** Its first feature. */
  readonly first: number;
  /** How many features it has. */
  readonly width: number;
}

/** How much a network relies on one column. */
export interface ColumnImportance<Group extends FeatureGroup = FeatureGroup> {
  readonly column: Group;
  /** How much lower the score is when the column is shuffled: the mean over the repeats. */
  readonly drop: number;
  /** The sample standard deviation over the repeats; undefined for one. */
  readonly spread: number | undefined;
}

/** How columns are shuffled. */
export interface PermutationOptions {
  /** How often each column is shuffled, in another order each time; 5. */
  readonly repeats?: number;
  /** The first so many samples are used; 5,000. */
  readonly most?: number;
  /** No column is shuffled after this time; 10,000. */
  readonly milliseconds?: number;
  readonly seed?: number;
  readonly turn?: Turn;
}

/**
 * Permutation importance (Breiman, Random Forests, 2001): how much a score drops when the values of one column are
 * shuffled among the samples, with all its features together. Columns that say the same share it: with one of them
 * shuffled, the network still has the other.
 * @param score of samples, the higher the better: accuracy or R²
 * @returns the columns that there was time for, by their drop
 */
export async function permutationImportance<Group extends FeatureGroup>(
  samples: Samples,
  groups: readonly Group[],
  score: (samples: Samples) => Promise<number>,
  { repeats = 5, most = 5000, milliseconds = 10_000, seed = 0, turn = createTurn() }: PermutationOptions = {},
): Promise<ColumnImportance<Group>[]> {
  const used = firstOf(samples, most);
  const started = performance.now();
  const baseline = await score(used);
  const random = createRandom(seed, 'order');
  const drops = groups.map((): number[] => []);
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const [i, group] of groups.entries()) {
      if (performance.now() - started > milliseconds) break;
      drops[i]!.push(baseline - (await score(shuffled(used, group, permutation(random, used.count)))));
      await turn();
    }
  }
  return groups
    .map((column, i) => ({ column, ...meanAndSpread(drops[i]!) }))
    .filter(({ drop }) => !Number.isNaN(drop))
    .sort((a, b) => b.drop - a.drop);
}

function firstOf(samples: Samples, most: number): Samples {
  if (samples.count <= most) return samples;
  const { features, labels, targets, weights, numInputs } = samples;
  const width = (targets?.length ?? 0) / samples.count;
  return {
    ...samples,
    features: features.slice(0, most * numInputs),
    labels: labels.slice(0, most),
    ...(targets && { targets: targets.slice(0, most * width) }),
    ...(weights && { weights: weights.slice(0, most) }),
    count: most,
  };
}

/** The samples with the features of a group taken from the rows in another order. */
function shuffled(samples: Samples, { first, width }: FeatureGroup, order: ArrayLike<number>): Samples {
  const { features, numInputs, count } = samples;
  const changed = features.slice();
  for (let row = 0; row < count; row++) {
    const from = order[row]! * numInputs + first;
    changed.set(features.subarray(from, from + width), row * numInputs + first);
  }
  return { ...samples, features: changed };
}

/** NaN for none. */
function meanAndSpread(values: readonly number[]): Pick<ColumnImportance, 'drop' | 'spread'> {
  const drop = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - drop) ** 2, 0);
  return { drop, spread: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : undefined };
}
