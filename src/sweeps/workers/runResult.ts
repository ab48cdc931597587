import type { RunData } from '../../runs/readRun';
import type { Result } from '../state/journal';

/** What a finished run's folder says, apart from what only the process that trained could know. */
export type RunResult = Omit<Result, 'value' | 'seconds' | 'runDir'> & { readonly value: number | undefined };

/**
 * What a run came to.
 * @param metric the figure that the sweep compares
 * @returns undefined when it has not ended
 */
export function runResult({ epochs, end, hasModel, config }: RunData, metric: string): RunResult | undefined {
  if (!end || !hasModel) return undefined;
  const curve = epochs.map((epoch) => figure(epoch, metric));
  // Where training stopped early, the network of an earlier epoch was kept.
  const kept = curve[(end.bestEpoch ?? epochs.length) - 1];
  return {
    value: figure(end, metric) ?? kept ?? undefined,
    curve: curve.some((value) => value !== null) ? curve : [figure(end, metric)],
    epochs: end.epochs,
    trainingSeconds: epochs.reduce((sum, { seconds }) => sum + seconds, 0),
    config: wholeConfig(config),
  };
}

/** The settings of a run that ended at its last rung are those of one that never stopped. */
function wholeConfig({ stopAfter, ...config }: RunData['config']): RunData['config'] {
  return stopAfter === undefined || stopAfter === config['epochs'] ? config : { ...config, stopAfter };
}

/** A figure of an event; null where it has none that is a finite number. */
export function figure(event: object, metric: string): number | null {
  const value = (event as Readonly<Record<string, unknown>>)[metric];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
