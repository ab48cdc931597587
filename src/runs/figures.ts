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

/** The best figure of a run, and the epoch that has it. */
export interface BestFigure extends JudgedFigure {
  /** Whether it is of the validation samples. */
  readonly validated: boolean;
  /** Undefined if only the end of the run has a figure. */
  readonly epoch: number | undefined;
}

/** The best accuracy of a run, or for regression the lowest RMSE; undefined while there is none. */
export function bestFigure({ epochs, end }: Pick<RunData, 'epochs' | 'end'>): BestFigure | undefined {
  const rows = epochs.some((epoch) => judgedFigure(epoch)) ? epochs : end ? [end] : [];
  let best: BestFigure | undefined;
  for (const row of rows) {
    const figure = judgedFigure(row);
    if (!figure || !Number.isFinite(figure.value)) continue;
    const validated =
      'valAccuracy' in row ? row.valAccuracy !== undefined : 'valRmse' in row && row.valRmse !== undefined;
    const isBetter = !best || (figure.name === 'RMSE' ? figure.value < best.value : figure.value > best.value);
    if (isBetter) best = { ...figure, validated, epoch: 'epoch' in row ? row.epoch : undefined };
  }
  return best;
}
