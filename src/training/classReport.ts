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

/**
 * Precision, recall and F1 of every class.
 * @param confusion [k][k] counts, true class by predicted class
 */
export function classReport(confusion: readonly (readonly number[])[]): ClassFigures[] {
  return confusion.map((row, c) => {
    const hits = row[c]!;
    const support = row.reduce((sum, count) => sum + count, 0);
    const predicted = confusion.reduce((sum, other) => sum + other[c]!, 0);
    const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
    return {
      precision: ratio(hits, predicted),
      recall: ratio(hits, support),
      f1: ratio(2 * hits, predicted + support),
      support,
    };
  });
}
