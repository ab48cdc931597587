import { classReport, type ClassFigures } from '../training/classReport';

/** A sample that was taken for another class. */
export interface Mistake {
  /** Its place in the test set. */
  readonly index: number;
  readonly truth: number;
  readonly predicted: number;
  /** What the network gave to the true class and to the one it chose. */
  readonly truthProbability: number;
  readonly predictedProbability: number;
}

/** The samples whose predictions were about as sure. */
export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /**
   * The mean probability of the class that was chosen, and the share of the choices that were right; 0 without samples.
   */
  readonly confidence: number;
  readonly accuracy: number;
}

/** What a network does on a test set, in the figures that a report shows. */
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
   * Expected calibration error: how far confidence and accuracy lie apart, on average over the samples,
   * in bins of equal width (Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural Networks, 2017).
   */
  readonly calibrationError: number;
}

const BINS = 10;
/** The smallest probability that a float32 holds: the logarithm of what underflowed is still a number. */
const TINIEST = 1e-45;

/**
 * Looks at predictions.
 * @param probabilities one array [k] for each sample
 * @param labels the true classes
 * @param most how many of the worst mistakes are kept
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
