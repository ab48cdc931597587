import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Comparison } from './compareReport';
import { JOURNAL } from '../sweeps/state/journal';
import { importance } from '../sweeps/state/importance';
import { rank } from '../sweeps/state/ranking';
import { replay } from '../sweeps/state/sweepState';
import { readSweepFolder } from '../sweeps/sweepFolder';

/** Whether a folder is that of a sweep. */
export async function isSweepFolder(dir: string): Promise<boolean> {
  return (await stat(join(dir, JOURNAL)).catch(() => undefined)) !== undefined;
}

/**
 * The trials of a sweep side by side, from its journal; also while the sweep is running.
 * @throws HandgradError 'usage' or 'model' when its journal is not valid
 */
export async function compareSweep(dir: string): Promise<Comparison> {
  const { spec, entries } = await readSweepFolder(dir);
  const rows = rank(replay(spec, entries));
  const { name } = spec.metric;
  const label = (trial: number) => `trial ${trial}`;
  return {
    title: spec.name ?? basename(resolve(dir)),
    resultName: name,
    items: rows.map(({ trial, configuration, value, epochs, seconds, state }) => ({
      ...{ name: label(trial), settings: configuration, result: value, epochs: epochs ?? 0, seconds, state },
    })),
    importance: importance(rows, spec.parameters),
    charts: [{ name, lines: rows.map(({ trial, curve }) => ({ name: label(trial), values: curve })) }],
  };
}
