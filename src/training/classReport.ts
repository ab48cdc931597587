/** How well one class is recognized. Each figure is in [0, 1], and 0 where its denominator is 0. */
export interface ClassFigures {
  /** Of the samples predicted as this class, the share that belong to it. */
  readonly precision: number;
  /** Of the samples of this class, the share predicted as it. */
  readonly recall: number;
  /** The harmonic mean of precision and recall. */
  readonly f1: number;
  /** How many samples of this class there are. */
  readonly support: number;
}

/** Precision, recall and F1, averaged over classes. */
export type AveragedFigures = Pick<ClassFigures, 'precision' | 'recall' | 'f1'>;

/**
 * Precision, recall and F1 of every class.
 * @param confusion [k][k] counts, true class by predicted class
 */
export function classReport(confusion: readonly (readonly number[])[]): ClassFigures[] {
  const predicted = new Array<number>(confusion.length).fill(0);
  for (const row of confusion) row.forEach((count, p) => (predicted[p]! += count));
  return confusion.map((row, c) => {
    const hits = row[c]!;
    const support = row.reduce((sum, count) => sum + count, 0);
    return {
      precision: ratio(hits, predicted[c]!),
      recall: ratio(hits, support),
      f1: ratio(2 * hits, predicted[c]! + support),
      support,
    };
  });
}

/** Averages of the figures of the classes. */
export interface Averages {
  /** The means over the classes that occur, as labels or as predictions. */
  readonly macro: AveragedFigures;
  /** The means over the samples: each class counts by its support. */
  readonly weighted: AveragedFigures;
  /** The mean recall of the classes that have samples: the accuracy if each had equally many. */
  readonly balancedAccuracy: number;
}

/**
 * Averages of precision, recall and F1, as in scikit-learn's `classification_report`, and the balanced accuracy.
 * @param confusion [k][k] counts, true class by predicted class; at least one sample
 */
export function averageReport(confusion: readonly (readonly number[])[]): Averages {
  const classes = classReport(confusion);
  const occurring = classes.filter(({ support }, c) => support > 0 || confusion.some((row) => row[c]! > 0));
  const present = classes.filter(({ support }) => support > 0);
  const over = (list: readonly ClassFigures[], weight: (one: ClassFigures) => number): AveragedFigures => {
    const total = list.reduce((sum, one) => sum + weight(one), 0);
    const mean = (key: keyof AveragedFigures) =>
      ratio(
        list.reduce((sum, one) => sum + weight(one) * one[key], 0),
        total,
      );
    return { precision: mean('precision'), recall: mean('recall'), f1: mean('f1') };
  };
  return {
    macro: over(occurring, () => 1),
    weighted: over(present, ({ support }) => support),
    balancedAccuracy: over(present, () => 1).recall,
  };
}

/**
 * Counts how often each class was predicted as each class.
 * @param labels [n] true classes
 * @param predicted [n] predicted classes
 * @param k the number of classes
 * @returns [k][k], true class by predicted class
 */
export function countConfusion(labels: ArrayLike<number>, predicted: ArrayLike<number>, k: number): number[][] {
  const confusion = Array.from({ length: k }, () => new Array<number>(k).fill(0));
  for (let i = 0; i < labels.length; i++) confusion[labels[i]!]![predicted[i]!]!++;
  return confusion;
}

/** How often one class was taken for another. */
export interface Confusion {
  readonly truth: number;
  readonly predicted: number;
  readonly count: number;
}

/**
 * The confusions with the most samples, most first.
 * @param confusion [k][k] counts, true class by predicted class
 * @param most how many
 */
export function frequentConfusions(confusion: readonly (readonly number[])[], most: number): Confusion[] {
  const found = confusion.flatMap((row, truth) =>
    row.flatMap((count, predicted) => (count > 0 && predicted !== truth ? [{ truth, predicted, count }] : [])),
  );
  return found.sort((a, b) => b.count - a.count || a.truth - b.truth || a.predicted - b.predicted).slice(0, most);
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
