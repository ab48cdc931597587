import {
  type ClassificationFigures,
  classificationFigures,
  type ClassPredictions,
} from '../training/classificationFigures';
import type { PredictedValues } from '../training/predictValues';
import { createTurn, type Turn } from '../training/turn';

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
export interface Examination extends ClassificationFigures {
  readonly samples: number;
  readonly loss: number;
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
/**
 * Computes the figures of predictions.
 * @param predictions with their loss
 * @param most the number of worst mistakes to keep
 */
export async function examine(
  { loss, ...predictions }: ClassPredictions & { readonly loss: number },
  most: number,
  turn: Turn = createTurn(),
): Promise<Examination> {
  const { probabilities, predicted: classes, labels, k } = predictions;
  const samples = labels.length;
  const bins = Array.from({ length: BINS }, () => ({ count: 0, confidence: 0, right: 0 }));
  const mistakes: Mistake[] = [];
  for (let index = 0; index < samples; index++) {
    const [truth, predicted] = [labels[index]!, classes[index]!];
    const predictedProbability = probabilities[index * k + predicted]!;
    const bin = bins[Math.min(BINS - 1, Math.floor(predictedProbability * BINS))]!;
    bin.count++;
    bin.confidence += predictedProbability;
    if (predicted === truth) bin.right++;
    else {
      const truthProbability = probabilities[index * k + truth]!;
      mistakes.push({ index, truth, predicted, truthProbability, predictedProbability });
    }
  }
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
    loss,
    ...(await classificationFigures(predictions, turn)),
    mistakeCount: mistakes.length,
    worst: mistakes.slice(0, most),
    calibration,
    calibrationError: calibration.reduce((sum, bin) => sum + gap(bin), 0) / samples,
  };
}

/** The predictions of one label column. */
export interface ExaminedOutput {
  readonly name: string;
  /** [n] */
  readonly predicted: Float64Array;
  /** [n], the labels. */
  readonly actual: Float64Array;
  /** The samples with the largest errors, worst first: their indices in the test set. */
  readonly worst: readonly number[];
}

/**
 * Divides predicted numbers by label column.
 * @param names one for each output
 * @param most the number of worst mistakes to keep
 */
export function examineValues(
  { predicted, actual }: PredictedValues,
  names: readonly string[],
  most: number,
): ExaminedOutput[] {
  return names.map((name, c) => {
    const own = (values: Float64Array) => values.filter((_, i) => i % names.length === c);
    const [guesses, truths] = [own(predicted), own(actual)];
    const error = (index: number) => Math.abs(guesses[index]! - truths[index]!);
    const worst = Array.from(guesses, (_, index) => index).sort((a, b) => error(b) - error(a));
    return { name, predicted: guesses, actual: truths, worst: worst.slice(0, most) };
  });
}
