import type {
  SweepEnd,
  SweepEvent,
  SweepStart,
  TrialEpoch,
  TrialFailure,
  TrialResult,
  TrialStart,
} from '../../src/sweeps/events';
import type { Configuration } from '../../src/sweeps/spec/samplers';
import type { SweepSpec } from '../../src/sweeps/spec/sweepFile';
import type { Importance } from '../../src/sweeps/state/importance';
import { type Ranked, rank } from '../../src/sweeps/state/ranking';
import { settingText } from '../../src/sweeps/state/summary';
import { bestTrial, isStopped, runKey, type SweepState } from '../../src/sweeps/state/sweepState';
import { formatFigure } from '../../src/runs/figures';
import { formatSeconds, plural } from '../../src/words';
import { liveLines } from '../terminal/liveLines';
import { sparkline } from '../terminal/sparkline';
import { table } from '../terminal/table';
import type { Screen, Terminal } from '../terminal/terminal';
import { openScreen } from './open';

/** The maximum number of rows in the final table; summary.csv has all. */
const MAX_ROWS = 20;

interface Running {
  readonly run: TrialStart;
  readonly since: number;
  readonly curve: (number | null)[];
}

/** Shows a sweep: on a terminal a live table, otherwise a line per run; with --json, a line of JSON per event. */
export function sweepScreen(terminal: Terminal, state: SweepState, { json }: { json: boolean }): Screen<SweepEvent> {
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
  const opened = openScreen(terminal);
  const say = (text: string) => {
    if (json) return;
    // On a terminal, the live table shows it.
    if (!terminal.progress) terminal.result(text);
  };
  const ended = (event: TrialResult | TrialFailure) => {
    running.delete(runKey(event));
    if (event.type === 'result') times.push(event.seconds);
    say(`${endedLine(event, state)}${bestSoFar(state)}`);
  };
  const started = (event: SweepStart) => {
    planned = event.trials;
    workers = event.workers ?? 1;
    if (event.workers === undefined) terminal.notice(`Queue:  sweep ${event.sweep}`);
    terminal.notice(describeSweep(event));
  };
  const finished = (event: SweepEnd) => {
    lines.stop();
    if (json) return;
    const rows = rank(state);
    terminal.result(`${terminal.progress ? '' : '\n'}${resultTable(rows, spec, terminal.lineWidth)}`);
    if (rows.length > MAX_ROWS) terminal.result(`… and ${rows.length - MAX_ROWS} more in summary.csv`);
    if (event.importance.length > 0)
      terminal.result(`\n${importanceTable(event.importance, spec.metric.name, terminal.lineWidth)}`);
    terminal.notice(closing(event));
  };
  const showTrial = (event: TrialStart | TrialEpoch | TrialResult | TrialFailure) => {
    if (event.type === 'trial') running.set(runKey(event), { run: event, since: performance.now(), curve: [] });
    else if (event.type === 'epoch') running.get(runKey(event))?.curve.push(event.value);
    else ended(event);
  };
  return {
    show(event) {
      if (event.type === 'stopped') return;
      if (json && ('sweepDir' in event || 'trial' in event)) terminal.json(event);
      if (event.type === 'end') return finished(event);
      if (event.type === 'start') started(event);
      else if ('trial' in event) showTrial(event);
      else return opened.show(event);
      lines.touch();
    },
    stop() {
      lines.stop();
      opened.stop();
    },
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
  const compared = rungs ? `; compared after ${rungs.slice(0, -1).join(', ')} of ${rungs.at(-1)} epochs` : '';
  const cards = gpus.length === 0 ? '' : `, GPUs ${gpus.join(', ')}`;
  return [
    `Sweep:  ${method}, ${number}${each}, to ${metric.goal} ${metric.name}${compared}`,
    workers === undefined
      ? 'Runs:   by the workers of the queue'
      : `Runs:   ${workers} at once, ${plural(threads!, 'thread')} each${cards}`,
    `Folder: ${sweepDir}${finished > 0 ? ` (${plural(finished, 'run')} finished before)` : ''}`,
  ].join('\n');
}

/** lr=0.1 hidden=256,128 */
export function configurationText(configuration: Configuration): string {
  return Object.entries(configuration)
    .map(([key, value]) => `${key}=${typeof value === 'number' ? Number(value.toPrecision(4)) : settingText(value)}`)
    .join(' ');
}

function endedLine(event: TrialResult | TrialFailure, { spec: { metric, seeds }, trials }: SweepState): string {
  const trial = trials[event.trial]!;
  const which = `Trial ${event.trial}${seeds === 1 ? '' : `, seed ${event.seed}`}`;
  const what = configurationText(trial.configuration);
  if (event.type === 'result') {
    const { value, epochs, seconds } = event;
    const reached = `${metric.name} ${formatFigure(metric.name, value)} after ${plural(epochs, 'epoch')}`;
    return `${which}: ${reached} (${what}; ${formatSeconds(seconds)})`;
  }
  const again = trial.failed === undefined ? ', will be retried' : '';
  return `${which}: failed${again} (${what}): ${event.reason}`;
}

function bestSoFar(state: SweepState): string {
  const found = bestTrial(state);
  return found ? `; best so far: ${formatFigure(state.spec.metric.name, found.value)} by trial ${found.trial}` : '';
}

function bestLine(state: SweepState): string {
  const found = bestTrial(state);
  if (!found) return 'Best:   none yet';
  const { metric } = state.spec;
  const what = configurationText(state.trials[found.trial]!.configuration);
  return `Best:   ${metric.name} ${formatFigure(metric.name, found.value)}, trial ${found.trial}: ${what}`;
}

function overview(state: SweepState, planned: number | null, left: number | undefined, elapsed: number): string {
  const failed = state.trials.filter((trial) => trial.failed !== undefined).length;
  const running = new Set([...state.running.values()].map(({ trial }) => trial)).size;
  const waiting = new Set([...state.due.values()].map(({ trial }) => trial)).size;
  const done = state.trials.length - failed - running - waiting;
  const stopped = state.trials.filter((trial) => isStopped(state, trial)).length;
  const parts = [
    `${done} done${stopped > 0 ? ` (${stopped} stopped by halving)` : ''}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    `${running} running`,
    ...(planned === null ? [] : [`${Math.max(0, planned - done - failed - running)} left`]),
    formatSeconds(elapsed),
    ...(left === undefined ? [] : [`about ${formatSeconds(left)} left`]),
  ];
  return `Trials: ${parts.join(', ')}`;
}

/** The estimated time left; undefined with halving, where the number of runs is unknown. */
function secondsLeft(
  state: SweepState,
  times: readonly number[],
  planned: number | null,
  workers: number,
): number | undefined {
  if (planned === null || state.spec.halving || times.length === 0) return undefined;
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  const uncreated = Math.max(0, planned - state.trials.length) * state.spec.seeds;
  return ((uncreated + state.due.size + state.running.size / 2) * mean) / workers;
}

function runningLine({ run, since, curve }: Running, { spec: { metric }, trials }: SweepState): string {
  const last = curve.at(-1);
  const at = typeof last === 'number' ? ` ${metric.name} ${formatFigure(metric.name, last)}` : '';
  const time = formatSeconds((performance.now() - since) / 1000);
  const progress = `${sparkline(curve).padEnd(12)} ${curve.length}/${run.epochs} epochs${at}, ${time}`;
  return `  ${String(run.trial).padStart(4)}  ${progress}: ${configurationText(trials[run.trial]!.configuration)}`;
}

/** The best trials as a table. */
export function resultTable(rows: readonly Ranked[], spec: SweepSpec, width: number): string {
  const parameters = Object.keys(spec.parameters);
  const several = spec.seeds > 1;
  const shown = (value: number) => formatFigure(spec.metric.name, value);
  const heading = ['', 'Trial', spec.metric.name, ...(several ? ['±'] : []), 'Epochs', ...parameters, 'State'];
  const cells = rows
    .slice(0, MAX_ROWS)
    .map((row, i) => [
      row.value === undefined ? '' : `${i + 1}`,
      `${row.trial}`,
      row.value === undefined ? '-' : shown(row.value),
      ...(several ? [row.spread === undefined ? '-' : shown(row.spread)] : []),
      row.epochs === undefined ? '-' : `${row.epochs}`,
      ...parameters.map((key) => configurationText({ '': row.configuration[key]! }).slice(1)),
      row.state,
    ]);
  // Left out in a narrow terminal: the epochs, the state, the spread.
  const drop = [several ? 4 : 3, heading.length - 1, ...(several ? [3] : [])];
  return table(heading, cells, `rrr${several ? 'r' : ''}r${'r'.repeat(parameters.length)}l`, { width, drop });
}

function importanceTable(shares: readonly Importance[], metric: string, width: number): string {
  const rows = shares.map(({ parameter, share, correlation }) => [
    parameter,
    `${Math.round(share * 100)}%`,
    '█'.repeat(Math.round(share * 20)),
    correlation === null ? '' : `${correlation < 0 ? '−' : '+'}${Math.abs(correlation).toFixed(2)}`,
  ]);
  const heading = ['Parameter', 'Share of the variance', '', `Correlation with ${metric}`];
  return table(heading, rows, 'lrlr', { width, drop: [2, 3] });
}

function closing({ state, stoppedEarly, done, stopped, failed, best, seconds, sweepDir }: SweepEnd): string {
  const counts = [
    `${plural(done, 'trial')} done${stopped > 0 ? ` (${stopped} of them stopped by halving)` : ''}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
  const again = best ? `; train the best one again with: handgrad train --config ${sweepDir}/best.json` : '';
  const early = stoppedEarly ? 'Stopped early, because no trial improved on the best: ' : '';
  const partial = state === 'partial' ? 'Partial: ' : '';
  return `${partial}${early}${counts.join(', ')} in ${formatSeconds(seconds)}. Saved in ${sweepDir}${again}`;
}
