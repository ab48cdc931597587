import { datasetNames, isDatasetName } from '../../../src/data/catalog';
import { HandgradError } from '../../../src/errors';
import { valuesOf } from '../../../src/sweeps/spec/distributions';
import { importance } from '../../../src/sweeps/state/importance';
import type { Division } from '../../../src/sweeps/workers/localExecutor';
import { optunaAdvisor } from '../../../src/sweeps/optuna';
import { type Executor, runJobs } from '../../../src/sweeps/runJobs';
import { writeSummary } from '../../../src/sweeps/state/summary';
import type { SweepSpec } from '../../../src/sweeps/spec/sweepFile';
import type { SweepState } from '../../../src/sweeps/state/sweepState';
import { fetchDataset } from '../../open/dataset';
import { Interruption } from '../../interruption';
import { plannedTrials } from '../../../src/sweeps/spec/samplers';
import type { OpenSweep } from './openSweep';
import { plural } from '../../../src/words';
import { reportSweep, type SweepEnd, type SweepStart } from '../../screens/sweep';
import type { Io, Terminal } from '../../terminal/terminal';

export interface SweepRun {
  readonly sweep: OpenSweep;
  readonly executor: Executor;
  /** How this machine is divided; undefined when other machines train. */
  readonly division: Division | undefined;
  readonly retries: number;
  readonly json: boolean;
  readonly terminal: Terminal;
  readonly io: Io;
  /** Aborted: the sweep stops. */
  readonly signal: AbortSignal;
  /** Called when nothing is left to do and everything is written. */
  readonly finish?: () => Promise<void>;
  /** What `sweep --resume DIR` needs beside it to go on in the same way. */
  readonly resumeFlags?: string;
}

/**
 * Carries a sweep on to its end, and writes what came of it.
 * @throws HandgradError 'failure' when trials have failed: the sweep is partial then, and its summary stands
 * @throws Interruption when it was asked to stop
 */
export async function runSweepHere({
  sweep,
  executor,
  division,
  retries,
  json,
  terminal,
  io,
  signal,
  finish,
  resumeFlags = '',
}: SweepRun): Promise<void> {
  const { dir, state, journal } = sweep;
  const started = performance.now();
  const command = io.env['HANDGRAD_OPTUNA'] || 'optuna';
  const advisor =
    state.spec.method === 'bayes'
      ? await optunaAdvisor(state.spec, dir, command, () => state.trials.length)
      : undefined;
  const report = reportSweep(terminal, state, { json });
  try {
    report.start(startEvent(sweep, division));
    await runJobs({ state, journal, executor, advisor, retries, onEvent: report.event, signal });
  } finally {
    report.stop();
    await writeSummary(state, dir);
  }
  if (signal.aborted) throw stopped(signal.reason, state, `${dir}${resumeFlags}`);
  const rows = await writeSummary(state, dir);
  await finish?.();
  const end = endEvent(state, rows, dir, (performance.now() - started) / 1000);
  report.end(end, rows);
  if (end.state === 'partial') {
    const first = rows.find((row) => row.state === 'failed')!;
    throw new HandgradError(
      'failure',
      `The sweep is partial: ${plural(end.failed, 'trial')} of ${state.trials.length} failed, such as trial ${first.trial} (${first.reason}); try them again with: handgrad sweep --resume ${dir}${resumeFlags} --retry-failed.`,
    );
  }
}

/** Fetches what the trials learn before they start, once for all. */
export async function fetchDatasets(spec: SweepSpec, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const searched = spec.parameters['dataset'] && valuesOf(spec.parameters['dataset']);
  const names = searched ?? [spec.fixed['dataset'] ?? 'fashion-mnist'];
  const settings = {
    dataDir: spec.fixed['dataDir'] as string | undefined,
    source: spec.fixed['source'] as string | undefined,
  };
  for (const name of datasetNames)
    if (names.includes(name) && isDatasetName(name)) await fetchDataset(name, settings, terminal, signal);
}

function startEvent({ id, dir, state }: OpenSweep, division: Division | undefined): SweepStart {
  const { name, method, metric, seeds, halving } = state.spec;
  const planned = plannedTrials(state.spec);
  return {
    type: 'start',
    sweep: id,
    name,
    method,
    metric,
    trials: Number.isFinite(planned) ? planned : null,
    seeds,
    rungs: halving?.rungs,
    workers: division?.workers,
    threads: division?.threads,
    gpus: division?.gpus ?? [],
    finished: state.trials.reduce((sum, { results }) => sum + results.flat().filter(Boolean).length, 0),
    sweepDir: dir,
  };
}

function endEvent(
  state: SweepState,
  rows: Awaited<ReturnType<typeof writeSummary>>,
  dir: string,
  seconds: number,
): SweepEnd {
  const failed = rows.filter((row) => row.state === 'failed').length;
  const [best] = rows;
  return {
    type: 'end',
    state: failed > 0 ? 'partial' : 'complete',
    done: rows.length - failed,
    failed,
    best:
      best?.value === undefined || best.state === 'failed'
        ? null
        : { trial: best.trial, value: best.value, configuration: best.configuration },
    importance: importance(rows, Object.keys(state.spec.parameters)),
    seconds,
    sweepDir: dir,
  };
}

/** The interruption in the words of somebody who wants to go on later. */
function stopped(reason: unknown, { trials, begun, due }: SweepState, folder: string): unknown {
  if (!(reason instanceof Interruption) || !reason.message) return reason;
  const open = new Set([...begun.values(), ...due.values()].map(({ trial }) => trial)).size;
  const what = `${reason.message.replace(/\.$/, '')} with ${plural(trials.length - open, 'trial')} done`;
  return new Interruption(reason.exitCode, `${what}; go on with: handgrad sweep --resume ${folder}`);
}
