import { join } from 'node:path';
import { type Guard, writeFileAtomic } from '../../files/atomicFile';
import { settingsOf } from '../spec/samplers';
import { type Ranked, rank } from './ranking';
import type { SweepState } from './sweepState';

/** The files in a sweep's folder beside its journal and its trials. */
export const SWEEP_FILES = { file: 'sweep.yaml', summary: 'summary.csv', best: 'best.json' } as const;

/**
 * Writes `summary.csv`, a row for each trial, best first; and `best.json`, the settings of the best one, if there is
 * one, as `train --config` takes them.
 * @param guard called before each file is replaced
 * @returns the rows
 */
export async function writeSummary(state: SweepState, dir: string, guard?: Guard): Promise<Ranked[]> {
  const rows = rank(state);
  await writeFileAtomic(join(dir, SWEEP_FILES.summary), summaryText(state, rows), guard);
  const config = bestConfig(state, rows);
  if (config) await writeFileAtomic(join(dir, SWEEP_FILES.best), `${JSON.stringify(config, null, 2)}\n`, guard);
  return rows;
}

/** The settings of the best trial's first run, as they were sent: a result of a worker does not change them. */
export function bestConfig(
  state: SweepState,
  [best]: readonly Ranked[],
): Readonly<Record<string, unknown>> | undefined {
  if (best?.value === undefined || best.state === 'failed') return undefined;
  return settingsOf(state.spec, state.trials[best.trial]!.configuration, 0);
}

function summaryText({ spec }: SweepState, rows: readonly Ranked[]): string {
  const parameters = Object.keys(spec.parameters);
  const heading = [
    'rank',
    'trial',
    'state',
    spec.metric.name,
    'spread',
    'seeds',
    'epochs',
    ...parameters,
    'seconds',
    'failures',
    'runs',
    'reason',
  ];
  const lines = rows.map((row, i) => [
    i + 1,
    row.trial,
    row.state,
    row.value ?? '',
    row.spread ?? '',
    spec.seeds,
    row.epochs ?? '',
    ...parameters.map((key) => settingText(row.configuration[key])),
    row.seconds.toFixed(2),
    row.failures,
    row.runDirs.join(' '),
    row.reason ?? '',
  ]);
  return [heading, ...lines].map((line) => `${line.map(cell).join(',')}\n`).join('');
}

/** A value as a flag of `train` takes it. */
export function settingText(value: unknown): string {
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'string' ? value : JSON.stringify(value ?? '');
}

/**
 * Quotes a cell as in RFC 4180. An apostrophe before text that looks like a formula stops spreadsheets from evaluating
 * it.
 */
function cell(value: string | number): string {
  const text = /^[=+\-@\t\r]/.test(String(value)) && Number.isNaN(Number(value)) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
