import { isBetter } from '../training/earlyStopping';
import type { EpochEvent } from '../training/train';
import { type JudgedFigure, judgedFigure } from './figures';
import type { RunData } from './readRun';

/** The figure that stands for a run, and the epoch that has it. */
export interface ResultFigure extends JudgedFigure {
  /** Whether it is of the validation samples. */
  readonly validated: boolean;
  /** Undefined for the mean of a cross-validation. */
  readonly epoch: number | undefined;
}

/**
 * The accuracy that stands for a run, or for regression the RMSE: that of the network that it keeps, on the validation
 * samples if there are any, else on the test set; the mean over the folds of a cross-validation. The figure of another
 * epoch would be too good: its network is not kept.
 * @returns undefined while there is none
 */
export function resultFigure(run: Pick<RunData, 'epochs' | 'end' | 'config'>): ResultFigure | undefined {
  const { epochs, end } = run;
  const isMean = end?.folds !== undefined;
  return (isMean ? undefined : validatedFigure(run)) ?? finalFigure(epochs, end, isMean);
}

/**
 * The epoch whose network a run keeps, or would keep if it ended now: with `patience` the best one on the validation
 * samples, otherwise the last.
 */
export function keptEpoch({ epochs, end, config }: Pick<RunData, 'epochs' | 'end' | 'config'>): number | undefined {
  if (end) return end.bestEpoch ?? end.epochs;
  return config['patience'] === undefined ? epochs.at(-1)?.epoch : bestValidated(epochs)?.epoch;
}

/** The best epoch on the validation samples, as early stopping judges them; undefined without any. */
export function bestValidated(epochs: readonly EpochEvent[]): EpochEvent | undefined {
  const judged = ({ valLoss, valAccuracy }: EpochEvent) => ({ loss: valLoss, accuracy: valAccuracy });
  let best: EpochEvent | undefined;
  for (const epoch of epochs) {
    if (epoch.valLoss !== undefined && isBetter(judged(epoch), best && judged(best))) best = epoch;
  }
  return best;
}

/** The figure of the kept epoch on the validation samples; of a diverging run, that of the last epoch that has one. */
function validatedFigure(run: Pick<RunData, 'epochs' | 'end' | 'config'>): ResultFigure | undefined {
  const kept = keptEpoch(run);
  for (const { epoch, valAccuracy, valRmse } of run.epochs.toReversed()) {
    if (kept === undefined || epoch > kept) continue;
    const figure = judgedFigure({ valAccuracy, valRmse });
    if (figure && Number.isFinite(figure.value)) return { ...figure, validated: true, epoch };
  }
  return undefined;
}

/** The figure of the end; before it, that of the last epoch that has one. */
function finalFigure(epochs: RunData['epochs'], end: RunData['end'], isMean: boolean): ResultFigure | undefined {
  const ended = end && { ...end, epoch: isMean ? undefined : (end.bestEpoch ?? end.epochs) };
  for (const { testAccuracy, testRmse, epoch } of [...(ended ? [ended] : []), ...epochs.toReversed()]) {
    const figure = judgedFigure({ testAccuracy, testRmse });
    if (figure && Number.isFinite(figure.value)) return { ...figure, validated: false, epoch };
  }
  return undefined;
}
