import type { Importance } from '../../src/sweeps/state/importance';
import type { Ranked } from '../../src/sweeps/state/ranking';
import type { Job, JobEvent } from '../../src/sweeps/runJobs';
import type { Configuration } from '../../src/sweeps/spec/samplers';
import { shown } from '../../src/sweeps/state/summary';
import type { SweepSpec } from '../../src/sweeps/spec/sweepFile';
import { comparison, jobKey, type SweepState } from '../../src/sweeps/state/sweepState';
import { formatSeconds, formatShare, plural } from '../../src/words';
import { liveLines } from '../terminal/liveLines';
import { sparkline } from '../terminal/sparkline';
import { table } from '../terminal/table';
import type { Terminal } from '../terminal/terminal';

/** The most rows of the table at the end; summary.csv has them all. */
const MAX_ROWS = 20;

/** The first event of a sweep, as --json prints it. */
export interface SweepStart {
  readonly type: 'start';
  readonly sweep: string;
  readonly name: string | undefined;
  readonly method: SweepSpec['method'];
  readonly metric: SweepSpec['metric'];
  /** Configurations; null when their number is not known beforehand. */
  readonly trials: number | null;
  readonly seeds: number;
  readonly rungs: readonly number[] | undefined;
  readonly workers: number | undefined;
  readonly threads: number | undefined;
  readonly gpus: readonly string[];
  /** Runs that an earlier process has finished. */
  readonly finished: number;
  readonly sweepDir: string;
}

/** The last event of a sweep. */
export interface SweepEnd {
  readonly type: 'end';
  readonly state: 'complete' | 'partial';
  readonly done: number;
  readonly failed: number;
  readonly best: { readonly trial: number; readonly value: number; readonly configuration: Configuration } | null;
  readonly importance: readonly Importance[];
  readonly seconds: number;
  readonly sweepDir: string;
}

/** What is told of a sweep while it goes on. */
export interface SweepReport {
  readonly start: (event: SweepStart) => void;
  readonly event: (event: JobEvent) => void;
  readonly end: (event: SweepEnd, rows: readonly Ranked[]) => void;
  /** Takes what moves off the screen; has to be called however the sweep ends. */
  readonly stop: () => void;
}

interface Running {
  readonly job: Job;
  readonly since: number;
  readonly curve: (number | null)[];
}

/** Tells a sweep: a table that lives, on a terminal; else a line per trial; or a line of JSON per event. */
export function reportSweep(terminal: Terminal, state: SweepState, { json }: { json: boolean }): SweepReport {
  const { spec } = state;
  const running = new Map<string, Running>();
  const times: number[] = [];
  let planned: number | null = null;
  let workers = 1;
  const began = performance.now();
  const lines = liveLines(terminal, () => [
    overview(state, planned, secondsLeft(state, times, planned, workers), (performance.now() - began) / 1000),
    bestLine(state),
    ...[...running.values()].slice(0, 16).map((one) => runningLine(one, state)),
    ...(running.size > 16 ? [`  and ${running.size - 16} more`] : []),
  ]);
  const say = (text: string) => {
    if (json) return;
    // On a terminal the live table shows it.
    if (!terminal.progress) terminal.result(text);
  };
  return {
    start(event) {
      if (json) terminal.json(event);
      planned = event.trials;
      workers = event.workers ?? 1;
      terminal.notice(describeSweep(event));
      lines.touch();
    },
    event(event) {
      const { job } = event;
      const key = jobKey(job);
      if (json) terminal.json(jsonEvent(event));
      if (event.type === 'begun') running.set(key, { job, since: performance.now(), curve: [] });
      else if (event.type === 'progress') running.get(key)?.curve.push(event.progress.value);
      else {
        running.delete(key);
        if (event.outcome.type === 'result') times.push(event.outcome.result.seconds);
        if (event.outcome.type !== 'interrupted') say(`${endedLine(event, spec)}${bestSoFar(state)}`);
      }
      lines.touch();
    },
    end(event, rows) {
      lines.stop();
      if (json) return terminal.json(event);
      terminal.result(`${terminal.progress ? '' : '\n'}${resultTable(rows, spec)}`);
      if (rows.length > MAX_ROWS) terminal.result(`… and ${rows.length - MAX_ROWS} more in summary.csv`);
      if (event.importance.length > 0) terminal.result(`\n${importanceTable(event.importance)}`);
      terminal.notice(closing(event));
    },
    stop: lines.stop,
  };
}

function describeSweep({
  method,
  metric,
  trials,
  seeds,
  rungs,
  workers,
  threads,
  gpus,
  finished,
  sweepDir,
}: SweepStart): string {
  const number = trials === null ? 'trials' : plural(trials, 'trial');
  const each = seeds === 1 ? '' : `, ${plural(seeds, 'seed')} each`;
  const cards = gpus.length === 0 ? '' : `, GPUs ${gpus.join(', ')}`;
  return [
    `Sweep:  ${method}, ${number}${each}, to ${metric.goal} ${metric.name}${rungs ? `; compared after ${rungs.slice(0, -1).join(', ')} of ${rungs.at(-1)} epochs` : ''}`,
    workers === undefined
      ? 'Runs:   by the workers of the queue'
      : `Runs:   ${workers} at once, ${plural(threads!, 'thread')} each${cards}`,
    `Folder: ${sweepDir}${finished > 0 ? ` (${plural(finished, 'run')} finished before)` : ''}`,
  ].join('\n');
}

function jsonEvent(event: JobEvent): object {
  const { trial, seed, rung } = event.job;
  const id = { trial, seed, rung };
  if (event.type === 'begun') return { type: 'trial', ...id, epochs: event.job.epochs, settings: event.job.settings };
  if (event.type === 'progress') return { type: 'epoch', ...id, ...event.progress };
  const { outcome } = event;
  if (outcome.type === 'result') {
    const { value, epochs, seconds, trainingSeconds, runDir } = outcome.result;
    return { type: 'result', ...id, value, epochs, seconds, trainingSeconds, runDir };
  }
  return { ...outcome, ...id, type: outcome.type };
}

/** lr=0.1 hidden=256,128 */
export function configurationText(configuration: Configuration): string {
  return Object.entries(configuration)
    .map(([key, value]) => `${key}=${typeof value === 'number' ? Number(value.toPrecision(4)) : shown(value)}`)
    .join(' ');
}

function endedLine(
  { job, trial, outcome }: Extract<JobEvent, { type: 'ended' }>,
  { metric, seeds }: SweepSpec,
): string {
  const which = `Trial ${job.trial}${seeds === 1 ? '' : `, seed ${job.seed}`}`;
  const what = configurationText(trial.configuration);
  if (outcome.type === 'result') {
    const { value, epochs, seconds } = outcome.result;
    return `${which}: ${metric.name} ${formatShare(value)} after ${plural(epochs, 'epoch')} (${what}; ${formatSeconds(seconds)})`;
  }
  const again = trial.failed === undefined ? ', will be tried again' : '';
  return `${which}: failed${again} (${what}): ${outcome.type === 'failure' ? outcome.reason : ''}`;
}

function best(state: SweepState): { trial: number; value: number } | undefined {
  const heads = state.standing.flatMap(({ ranked }) => ranked.slice(0, 1));
  return heads.sort(comparison(state.spec))[0];
}

function bestSoFar(state: SweepState): string {
  const found = best(state);
  return found ? `; best so far: ${formatShare(found.value)} by trial ${found.trial}` : '';
}

function bestLine(state: SweepState): string {
  const found = best(state);
  if (!found) return 'Best:   none yet';
  return `Best:   ${state.spec.metric.name} ${formatShare(found.value)}, trial ${found.trial}: ${configurationText(state.trials[found.trial]!.configuration)}`;
}

function overview(state: SweepState, planned: number | null, left: number | undefined, elapsed: number): string {
  const failed = state.trials.filter((trial) => trial.failed !== undefined).length;
  const running = new Set([...state.begun.values()].map(({ trial }) => trial)).size;
  const waiting = new Set([...state.due.values()].map(({ trial }) => trial)).size;
  const done = state.trials.length - failed - running - waiting;
  const parts = [
    `${done} done`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    `${running} running`,
    ...(planned === null ? [] : [`${Math.max(0, planned - done - failed - running)} left`]),
    formatSeconds(elapsed),
    ...(left === undefined ? [] : [`about ${formatSeconds(left)} left`]),
  ];
  return `Trials: ${parts.join(', ')}`;
}

/** With halving nobody knows how many trials go on. */
function secondsLeft(
  state: SweepState,
  times: readonly number[],
  planned: number | null,
  workers: number,
): number | undefined {
  if (planned === null || state.spec.halving || times.length === 0) return undefined;
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  const unborn = Math.max(0, planned - state.trials.length) * state.spec.seeds;
  return ((unborn + state.due.size + state.begun.size / 2) * mean) / workers;
}

function runningLine({ job, since, curve }: Running, { spec: { metric }, trials }: SweepState): string {
  const last = curve.at(-1);
  const at = typeof last === 'number' ? ` ${metric.name} ${formatShare(last)}` : '';
  const time = formatSeconds((performance.now() - since) / 1000);
  return `  ${String(job.trial).padStart(4)}  ${sparkline(curve).padEnd(12)} ${curve.length}/${job.epochs} epochs${at}, ${time}: ${configurationText(trials[job.trial]!.configuration)}`;
}

/** The best rows as a table. */
export function resultTable(rows: readonly Ranked[], spec: SweepSpec): string {
  const parameters = Object.keys(spec.parameters);
  const several = spec.seeds > 1;
  const heading = ['', 'Trial', spec.metric.name, ...(several ? ['±'] : []), 'Epochs', ...parameters, 'State'];
  const cells = rows
    .slice(0, MAX_ROWS)
    .map((row, i) => [
      row.value === undefined ? '' : `${i + 1}`,
      `${row.trial}`,
      row.value === undefined ? '-' : formatShare(row.value),
      ...(several ? [row.spread === undefined ? '-' : formatShare(row.spread)] : []),
      row.epochs === undefined ? '-' : `${row.epochs}`,
      ...parameters.map((key) => configurationText({ '': row.configuration[key]! }).slice(1)),
      row.state,
    ]);
  return table(heading, cells, `rrr${several ? 'r' : ''}r${'r'.repeat(parameters.length)}l`);
}

function importanceTable(shares: readonly Importance[]): string {
  const rows = shares.map(({ parameter, share }) => [
    parameter,
    `${Math.round(share * 100)}%`,
    '█'.repeat(Math.round(share * 20)),
  ]);
  return table(['Parameter', 'Share of the spread', ''], rows, 'lrl');
}

function closing({ state, done, failed, best, seconds, sweepDir }: SweepEnd): string {
  const counts = `${plural(done, 'trial')} done${failed > 0 ? `, ${failed} failed` : ''} in ${formatSeconds(seconds)}`;
  const again = best ? `; train the best one again with: handgrad train --config ${sweepDir}/best.json` : '';
  return `${state === 'partial' ? 'Partial: ' : ''}${counts}. Saved in ${sweepDir}${again}`;
}
