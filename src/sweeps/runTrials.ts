import { setMaxListeners } from 'node:events';
import { createAutoResetEvent } from './autoResetEvent';
import type { Entry, RunId, Journal } from './state/journal';
import { nextDecision } from './state/nextDecision';
import { type Configuration, settingsOf } from './spec/samplers';
import { apply, bestTrial, rungsOf, type SweepState, type Trial } from './state/sweepState';
import type { Value } from './spec/distributions';
import type { Progress } from './workers/trainMessages';
import type { Outcome } from './workers/trainProcess';

/** One run of a trial, as an executor takes it. */
export interface TrialRun extends RunId {
  /** How often this trial has failed before. */
  readonly failures: number;
  readonly settings: Readonly<Record<string, Value>>;
  /** The epoch after which it ends. */
  readonly epochs: number;
}

/** Executes runs: in processes on this machine, or through workers on others. */
export interface Executor {
  /** The number of runs that it accepts at once. */
  readonly capacity: () => number;
  readonly run: (run: TrialRun, onProgress: (progress: Progress) => void, signal: AbortSignal) => Promise<Outcome>;
  /** Called once the outcome of a run is in the journal. */
  readonly settled?: (run: TrialRun) => Promise<void>;
}

/** An external program that chooses configurations, by ask and tell. */
export interface Advisor {
  readonly ask: () => Promise<{ configuration: Configuration; token: number }>;
  /** @param value undefined when the trial failed */
  readonly tell: (token: number, value: number | undefined) => Promise<void>;
}

/** An event in the life of a run. */
export type TrialRunEvent =
  | { readonly type: 'started'; readonly run: TrialRun; readonly trial: Trial }
  | { readonly type: 'progress'; readonly run: TrialRun; readonly progress: Progress }
  | { readonly type: 'ended'; readonly run: TrialRun; readonly trial: Trial; readonly outcome: Outcome };

export interface RunTrialsOptions {
  readonly state: SweepState;
  readonly journal: Journal;
  readonly executor: Executor;
  /** Needed when the method is bayes. */
  readonly advisor: Advisor | undefined;
  /** How often a failed run is retried. */
  readonly retries: number;
  /** No further trial is created once so many were not better than the best one. */
  readonly patience?: number;
  readonly onEvent: (event: TrialRunEvent) => void;
  /** When aborted, no further run starts, and the current ones save their state and end. */
  readonly signal: AbortSignal;
}

/**
 * Runs a sweep until nothing is left to do or `signal` is aborted. Everything is written to the journal before it
 * counts.
 * @throws HandgradError from the journal, the advisor or the executor itself, after stopping the current runs
 */
export async function runTrials({
  state,
  journal,
  executor,
  advisor,
  retries,
  patience,
  onEvent,
  signal,
}: RunTrialsOptions): Promise<void> {
  const stopping = new AbortController();
  // Every run adds a listener.
  setMaxListeners(0, stopping.signal);
  const stop = () => stopping.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const running = new Set<Promise<void>>();
  const changed = createAutoResetEvent();
  stopping.signal.addEventListener('abort', changed.set, { once: true });
  let broken: { error: unknown } | undefined;

  const record = async (entry: Entry) => {
    apply(state, entry);
    await journal.append(entry);
  };
  const recordSoon = (entry: Entry) => {
    record(entry).catch((error: unknown) => {
      broken ??= { error };
      stopping.abort(error);
    });
  };
  const carryOut = async (run: TrialRun) => {
    const trial = state.trials[run.trial]!;
    onEvent({ type: 'started', run, trial });
    const outcome = await executor.run(
      run,
      (progress) => onEvent({ type: 'progress', run, progress }),
      stopping.signal,
    );
    if (outcome.type === 'interrupted') return;
    await record(entryOf(run, outcome, run.failures < retries));
    onEvent({ type: 'ended', run, trial, outcome });
    await executor.settled?.(run);
  };
  const start = (run: TrialRun) => {
    const ending = carryOut(run)
      .catch((error: unknown) => {
        broken ??= { error };
        stopping.abort(error);
      })
      .finally(() => {
        running.delete(ending);
        changed.set();
      });
    running.add(ending);
  };

  try {
    while (!stopping.signal.aborted) {
      await reportOutcomes(state, advisor, record);
      const closed = isOutOfPatience(state, patience);
      const decision = running.size < executor.capacity() ? nextDecision(state, closed) : ({ type: 'wait' } as const);
      if (decision.type === 'done') break;
      if (decision.type === 'wait') await changed.wait();
      else if (decision.type === 'promote') await record({ ...decision, type: 'promotion' });
      else if (decision.type === 'trial') {
        const { trial, configuration, cursor } = decision;
        state.cursor = cursor;
        // It need not be on disk before the run starts: after a crash the same configuration is drawn again.
        recordSoon({ type: 'trial', trial, configuration });
      } else if (decision.type === 'ask')
        await record({ type: 'trial', trial: decision.trial, ...(await advisor!.ask()) });
      else {
        const run = trialRunOf(state, decision.run);
        // If this entry is lost, the run is due again, nothing more.
        recordSoon({ type: 'start', ...decision.run });
        start(run);
      }
    }
  } catch (error) {
    broken ??= { error };
    stopping.abort(error);
  } finally {
    while (running.size > 0) await Promise.all(running);
    signal.removeEventListener('abort', stop);
  }
  if (broken) throw broken.error;
  await reportOutcomes(state, advisor, record);
}

/** Whether the last `patience` trials that have ended are all later than the best one, and so not better. */
export function isOutOfPatience(state: SweepState, patience: number | undefined): boolean {
  const best = bestTrial(state);
  if (patience === undefined || !best) return false;
  const pending = new Set([...state.running.values(), ...state.due.values()].map(({ trial }) => trial));
  const later = state.trials.filter(({ number }) => number > best.trial && !pending.has(number));
  return later.length >= patience;
}

/** Reports outcomes to the advisor, before it is asked for the next configuration. */
async function reportOutcomes(
  state: SweepState,
  advisor: Advisor | undefined,
  record: (entry: Entry) => Promise<void>,
): Promise<void> {
  if (!advisor) return;
  // With halving, all are compared at their first rung, after the same number of epochs.
  const values = new Map(state.standing[0]!.ranked.map(({ trial, value }) => [trial, value]));
  for (const { number, token, told, failed } of state.trials) {
    if (told || token === undefined || (failed === undefined && !values.has(number))) continue;
    await advisor.tell(token, failed === undefined ? values.get(number) : undefined);
    await record({ type: 'told', trial: number });
  }
}

function trialRunOf(state: SweepState, id: RunId): TrialRun {
  const { configuration, failures } = state.trials[id.trial]!;
  const settings = settingsOf(state.spec, configuration, id.seed);
  return { ...id, failures, settings, epochs: rungsOf(state.spec)[id.rung] ?? Number(settings['epochs']) };
}

function entryOf(
  { trial, seed, rung }: TrialRun,
  outcome: Exclude<Outcome, { type: 'interrupted' }>,
  another: boolean,
): Entry {
  const id = { trial, seed, rung };
  if (outcome.type === 'result') return { type: 'result', ...id, ...outcome.result };
  const { reason, code, retry } = outcome;
  return { type: 'failure', ...id, reason, code, retry: retry && another };
}
