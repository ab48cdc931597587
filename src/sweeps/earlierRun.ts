import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RUN_FILES } from '../runs/runFolder';
import type { EndEvent, EpochEvent } from '../training/train';
import type { Result } from './state/journal';

/** What a finished run's folder says, apart from what only the process that trained could know. */
export type RunRecord = Omit<Result, 'value' | 'seconds' | 'runDir'> & { readonly value: number | undefined };

/**
 * Reads a run folder that has ended.
 * @param metric the figure that the sweep compares
 * @returns undefined when there is none or its run has not ended
 */
export async function readRun(dir: string, metric: string): Promise<RunRecord | undefined> {
  const [metrics, config] = await Promise.all([
    textOf(join(dir, RUN_FILES.metrics)),
    textOf(join(dir, RUN_FILES.config)),
  ]);
  if (metrics === undefined || config === undefined) return undefined;
  // A line without its end was being written when the process died.
  const events = metrics
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as EpochEvent | EndEvent);
  const end = events.at(-1);
  if (end?.type !== 'end' || !(await exists(join(dir, RUN_FILES.model)))) return undefined;
  const epochs = events.filter((event) => event.type === 'epoch');
  const curve = epochs.map((epoch) => figure(epoch, metric));
  // Where training stopped early, the network of an earlier epoch was kept.
  const kept = curve[(end.bestEpoch ?? epochs.length) - 1];
  return {
    value: figure(end, metric) ?? kept ?? undefined,
    curve: curve.some((value) => value !== null) ? curve : [figure(end, metric)],
    epochs: end.epochs,
    trainingSeconds: epochs.reduce((sum, { seconds }) => sum + seconds, 0),
    config: wholeConfig(JSON.parse(config) as Result['config']),
  };
}

/** The settings of a run that ended at its last rung are those of one that never stopped. */
function wholeConfig({ stopAfter, ...config }: Result['config']): Result['config'] {
  return stopAfter === undefined || stopAfter === config['epochs'] ? config : { ...config, stopAfter };
}

/** A figure of an event; null where it has none that is a finite number. */
export function figure(event: object, metric: string): number | null {
  const value = (event as Readonly<Record<string, unknown>>)[metric];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** Whether something of that name is there. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
