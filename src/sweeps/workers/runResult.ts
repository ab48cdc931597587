import { isCrossValidation } from '../../runs/config';
import type { RunData } from '../../runs/readRun';
import type { Result } from '../state/journal';

/** The result in a run's folder, without what only the process that started the training knows. */
export type RunResult = Omit<Result, 'value' | 'seconds' | 'runDir'> & { readonly value: number | undefined };

/**
 * Reads the result of a run from its records.
 * @param metric the metric that the sweep optimizes
 * @returns undefined when the run has not ended
 */
export function runResult({ epochs, end, hasModel, config }: RunData, metric: string): RunResult | undefined {
  // A cross-validation has a model in each fold.
  if (!end || !(hasModel || isCrossValidation(config))) return undefined;
  const curve = epochs.map((epoch) => figure(epoch, metric));
  // With early stopping, the network of the best epoch was kept.
  const kept = curve[(end.bestEpoch ?? epochs.length) - 1];
  return {
    value: figure(end, metric) ?? kept ?? undefined,
    curve: curve.some((value) => value !== null) ? curve : [figure(end, metric)],
    epochs: end.epochs,
    trainingSeconds: epochs.reduce((sum, { seconds }) => sum + seconds, 0),
    config: wholeConfig(config),
  };
}

/** After its last rung, the settings of a run are those of one that never stopped in between. */
function wholeConfig({ stopAfter, ...config }: RunData['config']): RunData['config'] {
  return stopAfter === undefined || stopAfter === config['epochs'] ? config : { ...config, stopAfter };
}

/** A metric of an event; null when it is missing or non-finite. */
export function figure(event: object, metric: string): number | null {
  const value = (event as Readonly<Record<string, unknown>>)[metric];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
