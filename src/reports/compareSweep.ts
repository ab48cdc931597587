import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Comparison } from './compareReport';
import { findRun, type RunData } from '../runs/readRun';
import { JOURNAL } from '../sweeps/state/journal';
import { importance } from '../sweeps/state/importance';
import { rank } from '../sweeps/state/ranking';
import { replay } from '../sweeps/state/sweepState';
import { readSweepFolder } from '../sweeps/sweepFolder';

/** Whether a folder is that of a sweep. */
export async function isSweepFolder(dir: string): Promise<boolean> {
  return (await stat(join(dir, JOURNAL)).catch(() => undefined)) !== undefined;
}

/** So many trials of a sweep stand beside other runs. */
const MOST_TRIALS = 5;

/** The runs of the best trials of a sweep that are on this machine, to stand beside others. */
export async function bestRunsOf(dir: string): Promise<RunData[]> {
  const { spec, entries } = await readSweepFolder(dir);
  const found: RunData[] = [];
  for (const { trial, runDirs } of rank(replay(spec, entries))) {
    if (found.length >= MOST_TRIALS) break;
    const run = runDirs[0] === undefined ? undefined : await findRun(join(dir, runDirs[0]));
    if (run) found.push({ ...run, name: `${spec.name ?? basename(resolve(dir))}, trial ${trial}` });
  }
  return found;
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
