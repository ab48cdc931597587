import { formatShare, formatUnits } from '../words';

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
