import { formatShare, formatUnits } from '../words';
import type { RunData } from './readRun';

/** A figure of an event for people: RMSE and MAE are in the units of the label, the others of a size near 1. */
export function formatFigure(name: string, value: number): string {
  return /rmse|mae/i.test(name) ? formatUnits(value) : formatShare(value);
}

/** The figures of an epoch or of the end. */
interface Figures {
  readonly testAccuracy?: number;
  readonly valAccuracy?: number;
  readonly testRmse?: number;
  readonly valRmse?: number;
}

/** What epochs are compared by, on the validation samples if there are any, else on the test set. */
export interface JudgedFigure {
  /** RMSE for regression. */
  readonly name: 'Accuracy' | 'RMSE';
  readonly value: number;
}

/** The accuracy of an epoch or of the end, or for regression the RMSE. Undefined where there is neither. */
export function judgedFigure({ valAccuracy, testAccuracy, valRmse, testRmse }: Figures): JudgedFigure | undefined {
  const [accuracy, rmse] = [valAccuracy ?? testAccuracy, valRmse ?? testRmse];
  if (accuracy !== undefined) return { name: 'Accuracy', value: accuracy };
  return rmse === undefined ? undefined : { name: 'RMSE', value: rmse };
}

/** The figure that stands for a run, and the epoch that has it. */
export interface BestFigure extends JudgedFigure {
  /** Whether it is of the validation samples. */
  readonly validated: boolean;
  /** Undefined for the mean of a cross-validation. */
  readonly epoch: number | undefined;
}

/**
 * The accuracy that stands for a run, or for regression the RMSE: the best on the validation samples if there are any,
 * else that of its final network on the test set; the mean over the folds of a cross-validation. An epoch is never
 * chosen by the test set: its network is not kept, and the figure would be too good.
 * @returns undefined while there is none
 */
export function bestFigure({ epochs, end }: Pick<RunData, 'epochs' | 'end'>): BestFigure | undefined {
  const isMean = end?.folds !== undefined;
  return (isMean ? undefined : bestValidated(epochs)) ?? finalFigure(epochs, end, isMean);
}

function bestValidated(epochs: RunData['epochs']): BestFigure | undefined {
  let best: BestFigure | undefined;
  for (const { epoch, valAccuracy, valRmse } of epochs) {
    const figure = judgedFigure({ valAccuracy, valRmse });
    if (!figure || !Number.isFinite(figure.value)) continue;
    const isBetter = !best || (figure.name === 'RMSE' ? figure.value < best.value : figure.value > best.value);
    if (isBetter) best = { ...figure, validated: true, epoch };
  }
  return best;
}

/** The figure of the end; before it, that of the last epoch that has one. */
function finalFigure(epochs: RunData['epochs'], end: RunData['end'], isMean: boolean): BestFigure | undefined {
  const ended = end && { ...end, epoch: isMean ? undefined : (end.bestEpoch ?? end.epochs) };
  for (const { testAccuracy, testRmse, epoch } of [...(ended ? [ended] : []), ...epochs.toReversed()]) {
    const figure = judgedFigure({ testAccuracy, testRmse });
    if (figure && Number.isFinite(figure.value)) return { ...figure, validated: false, epoch };
  }
  return undefined;
}
