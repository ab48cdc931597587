import { createTurn, type Turn } from './turn';

/** How well the scores of one class rank its samples before the others. */
export interface RankingFigures {
  /**
   * The area under the ROC curve: how probably a sample of the class has a higher score than one of another class,
   * where equal scores count one half. Null when there are no samples of the class, or none of others.
   */
  readonly rocAuc: number | null;
  /**
   * Average precision: the mean precision over the samples of the class, at the threshold of each one's score. Null
   * when there are no samples of the class.
   */
  readonly averagePrecision: number | null;
}

/**
 * Both figures of one class against the rest, exactly: samples with equal scores enter together, so that neither figure
 * depends on their order (as `roc_auc_score` and `average_precision_score` in scikit-learn).
 * @param scores [n]: the larger, the more probably the sample is of the class
 * @param belongs whether sample i is of the class
 */
export function rankingFigures(scores: ArrayLike<number>, belongs: (i: number) => boolean): RankingFigures {
  const all = Float64Array.from(scores);
  const own = all.filter((_, i) => belongs(i)).sort();
  all.sort();
  const [count, positives] = [all.length, own.length];
  const negatives = count - positives;
  // NaN is sorted last.
  if (positives === 0 || Number.isNaN(all[count - 1])) return { rocAuc: null, averagePrecision: null };
  let pairs = 0;
  let precisions = 0;
  // From the largest score down. Above the current one: `above` samples, `found` of them of the class.
  for (let above = 0, found = 0; found < positives;) {
    const score = own[positives - 1 - found]!;
    while (all[count - 1 - above]! > score) above++;
    const hits = equalBelow(own, positives - found, score);
    const tied = equalBelow(all, count - above, score);
    pairs += hits * (negatives - (above - found) - (tied - hits) / 2);
    above += tied;
    found += hits;
    precisions += (hits * found) / above;
  }
  return {
    rocAuc: negatives === 0 ? null : pairs / (positives * negatives),
    averagePrecision: precisions / positives,
  };
}

/** How many values equal `score`, from the one before `end` down. */
function equalBelow(sorted: Float64Array, end: number, score: number): number {
  let first = end;
  while (first > 0 && sorted[first - 1] === score) first--;
  return end - first;
}

/**
 * The figures of every class against the rest. Lets other work of the process run in between.
 * @param probabilities row-major [n, k]
 * @param labels [n]
 */
export async function rankingReport(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  k: number,
  turn: Turn = createTurn(),
): Promise<RankingFigures[]> {
  const classes: RankingFigures[] = [];
  const scores = new Float64Array(labels.length);
  for (let c = 0; c < k; c++) {
    for (let i = 0; i < labels.length; i++) scores[i] = probabilities[i * k + c]!;
    classes.push(rankingFigures(scores, (i) => labels[i] === c));
    await turn();
  }
  return classes;
}

/** The mean of the figures that are defined; null when none is. */
export function meanDefined(figures: readonly (number | null)[]): number | null {
  const defined = figures.filter((figure) => figure !== null);
  return defined.length === 0 ? null : defined.reduce((sum, figure) => sum + figure, 0) / defined.length;
}

/** The smallest positive float32, so that the logarithm of an underflowed probability is finite. */
const TINIEST = 1e-45;

/**
 * The mean of -log of the probability of the true class.
 * @param probabilities row-major [n, k]
 * @param labels [n]
 */
export function logLoss(probabilities: ArrayLike<number>, labels: ArrayLike<number>, k: number): number {
  let sum = 0;
  for (let i = 0; i < labels.length; i++) sum -= Math.log(Math.max(probabilities[i * k + labels[i]!]!, TINIEST));
  return sum / labels.length;
}

/** A threshold for the probability of the second of two classes, and the figure it reaches. */
export interface BestThreshold {
  readonly threshold: number;
  readonly value: number;
}

/**
 * The thresholds with the best F1 of the second class, and with the best balanced accuracy: a sample counts as of the
 * second class when its score is at least the threshold. Of equally good ones, the largest.
 * @param scores [n] probabilities of the second class
 * @param labels [n], 0 or 1
 * @returns undefined when a class is absent
 */
export function bestThresholds(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
): { readonly f1: BestThreshold; readonly balancedAccuracy: BestThreshold } | undefined {
  const order = Array.from({ length: labels.length }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  const positives = order.filter((i) => labels[i] === 1).length;
  const negatives = order.length - positives;
  if (positives === 0 || negatives === 0) return undefined;
  let f1: BestThreshold = { threshold: 1, value: 0 };
  let balancedAccuracy: BestThreshold = { threshold: 1, value: 0 };
  let hits = 0;
  order.forEach((i, at) => {
    if (labels[i] === 1) hits++;
    const threshold = scores[i]!;
    // Equal scores are all above a threshold, or none of them.
    if (at + 1 < order.length && scores[order[at + 1]!] === threshold) return;
    const harmonic = (2 * hits) / (at + 1 + positives);
    const balanced = (hits / positives + 1 - (at + 1 - hits) / negatives) / 2;
    if (harmonic > f1.value) f1 = { threshold, value: harmonic };
    if (balanced > balancedAccuracy.value) balancedAccuracy = { threshold, value: balanced };
  });
  return { f1, balancedAccuracy };
}
