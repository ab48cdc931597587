import { classReport, type ClassFigures } from '../training/classReport';

/** A misclassified sample. */
export interface Mistake {
  /** Its index in the test set. */
  readonly index: number;
  readonly truth: number;
  readonly predicted: number;
  /** The predicted probabilities of the true and of the chosen class. */
  readonly truthProbability: number;
  readonly predictedProbability: number;
}

/** The samples of similar confidence. */
export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** The mean probability of the chosen class, and the share of correct choices; 0 without samples. */
  readonly confidence: number;
  readonly accuracy: number;
}

/** The figures of a network on a test set that a report shows. */
export interface Examination {
  readonly samples: number;
  readonly loss: number;
  readonly accuracy: number;
  /** [k][k] counts, true class by predicted class. */
  readonly confusion: readonly (readonly number[])[];
  readonly perClass: readonly ClassFigures[];
  readonly mistakeCount: number;
  /** The mistakes with the highest loss, worst first. */
  readonly worst: readonly Mistake[];
  readonly calibration: readonly CalibrationBin[];
  /**
   * Expected calibration error: the mean difference of confidence and accuracy over the samples,
   * in bins of equal width (Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural Networks, 2017).
   */
  readonly calibrationError: number;
}

const BINS = 10;
/** The smallest positive float32, so that the logarithm of an underflowed probability is finite. */
const TINIEST = 1e-45;

/**
 * Computes the figures of predictions.
 * @param probabilities one array [k] for each sample
 * @param labels the true classes
 * @param most the number of worst mistakes to keep
 */
export function examine(
  probabilities: readonly (readonly number[])[],
  labels: ArrayLike<number>,
  most: number,
): Examination {
  const k = probabilities[0]?.length ?? 0;
  const samples = probabilities.length;
  const confusion = Array.from({ length: k }, () => new Array<number>(k).fill(0));
  const bins = Array.from({ length: BINS }, () => ({ count: 0, confidence: 0, right: 0 }));
  const mistakes: Mistake[] = [];
  let loss = 0;
  probabilities.forEach((row, index) => {
    const truth = labels[index]!;
    const predictedProbability = Math.max(...row);
    const predicted = row.indexOf(predictedProbability);
    confusion[truth]![predicted]!++;
    loss -= Math.log(Math.max(row[truth]!, TINIEST));
    const bin = bins[Math.min(BINS - 1, Math.floor(predictedProbability * BINS))]!;
    bin.count++;
    bin.confidence += predictedProbability;
    if (predicted === truth) bin.right++;
    else mistakes.push({ index, truth, predicted, truthProbability: row[truth]!, predictedProbability });
  });
  const calibration = bins.map(({ count, confidence, right }, i) => ({
    from: i / BINS,
    to: (i + 1) / BINS,
    count,
    confidence: confidence / (count || 1),
    accuracy: right / (count || 1),
  }));
  mistakes.sort((a, b) => a.truthProbability - b.truthProbability || a.index - b.index);
  const gap = ({ count, confidence, accuracy }: CalibrationBin) => count * Math.abs(confidence - accuracy);
  return {
    samples,
    loss: loss / samples,
    accuracy: 1 - mistakes.length / samples,
    confusion,
    perClass: classReport(confusion),
    mistakeCount: mistakes.length,
    worst: mistakes.slice(0, most),
    calibration,
    calibrationError: calibration.reduce((sum, bin) => sum + gap(bin), 0) / samples,
  };
}
