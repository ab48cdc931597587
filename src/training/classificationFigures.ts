import { type Averages, averageReport, type ClassFigures, classReport, countConfusion } from './classReport';
import { bestThresholds, type BestThreshold, meanDefined, type RankingFigures, rankingReport } from './rankingReport';
import { createTurn, type Turn } from './turn';

/** Predictions of a network for n samples and k classes. */
export interface ClassPredictions {
  /** Row-major [n, k]. */
  readonly probabilities: ArrayLike<number>;
  /** [n], the most probable classes, or those that a threshold gives. */
  readonly predicted: ArrayLike<number>;
  /** [n], the true classes. */
  readonly labels: ArrayLike<number>;
  readonly k: number;
}

/** The figures of predicted classes. */
export interface ClassificationFigures extends Averages {
  /** The share of the samples that are classified correctly. */
  readonly accuracy: number;
  /** The means over the classes for which they are defined; null when there is none. */
  readonly rocAuc: number | null;
  readonly averagePrecision: number | null;
  readonly perClass: readonly (ClassFigures & RankingFigures)[];
  /** [k][k] counts, true class by predicted class. */
  readonly confusion: readonly (readonly number[])[];
  /** Of two classes that both occur. */
  readonly bestThresholds?: { readonly f1: BestThreshold; readonly balancedAccuracy: BestThreshold };
}

/** Computes the figures of predicted classes. All samples count alike, whatever their weights. */
export async function classificationFigures(
  { probabilities, predicted, labels, k }: ClassPredictions,
  turn: Turn = createTurn(),
): Promise<ClassificationFigures> {
  const confusion = countConfusion(labels, predicted, k);
  const ranking = await rankingReport(probabilities, labels, k, turn);
  const thresholds = k === 2 ? bestThresholds(secondOf(probabilities), labels) : undefined;
  return {
    accuracy: confusion.reduce((sum, row, c) => sum + row[c]!, 0) / labels.length,
    ...averageReport(confusion),
    rocAuc: meanDefined(ranking.map(({ rocAuc }) => rocAuc)),
    averagePrecision: meanDefined(ranking.map(({ averagePrecision }) => averagePrecision)),
    perClass: classReport(confusion).map((figures, c) => ({ ...figures, ...ranking[c]! })),
    confusion,
    ...(thresholds && { bestThresholds: thresholds }),
  };
}

/**
 * The classes of samples when the second of two classes is predicted where its probability is at least `threshold`.
 * @param probabilities row-major [n, 2]
 */
export function classesAt(threshold: number, probabilities: ArrayLike<number>): Int32Array {
  return Int32Array.from(secondOf(probabilities), (score) => (score >= threshold ? 1 : 0));
}

/** The probabilities of the second of two classes. @param probabilities row-major [n, 2] */
function secondOf(probabilities: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: probabilities.length / 2 }, (_, i) => probabilities[2 * i + 1]!);
}
