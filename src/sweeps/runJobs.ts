import { setMaxListeners } from 'node:events';
import { createAlarm } from './alarm';
import type { Entry, JobId, Journal } from './state/journal';
import { nextDecision } from './state/nextJob';
import type { Configuration } from './spec/samplers';
import type { SweepSpec } from './spec/sweepFile';
import { apply, rungsOf, type SweepState, type Trial } from './state/sweepState';
import type { Value } from './spec/distributions';
import type { Outcome, Progress } from './workers/trainProcess';

/** One run of the trainer as whoever carries it out needs it. */
export interface Job extends JobId {
  /** How often this trial has failed before. */
  readonly failures: number;
  readonly settings: Readonly<Record<string, Value>>;
  /** Where it ends. */
  readonly epochs: number;
}

/** What carries out runs: processes of this machine, or workers on others. */
export interface Executor {
  /** How many runs it takes at once. */
  readonly capacity: () => number;
  readonly run: (job: Job, onProgress: (progress: Progress) => void, signal: AbortSignal) => Promise<Outcome>;
  /** Told when the outcome of a run is in the journal. */
  readonly settled?: (job: Job) => Promise<void>;
}

/** A program outside that chooses configurations. */
export interface Advisor {
  readonly ask: () => Promise<{ configuration: Configuration; token: number }>;
  /** @param value undefined when the trial failed */
  readonly tell: (token: number, value: number | undefined) => Promise<void>;
}

/** What happens to a run. */
export type JobEvent =
  | { readonly type: 'begun'; readonly job: Job; readonly trial: Trial }
  | { readonly type: 'progress'; readonly job: Job; readonly progress: Progress }
  | { readonly type: 'ended'; readonly job: Job; readonly trial: Trial; readonly outcome: Outcome };

export interface SweepRun {
  readonly state: SweepState;
  readonly journal: Journal;
  readonly executor: Executor;
  /** Needed when the method is bayes. */
  readonly advisor: Advisor | undefined;
  /** How often a failed run is tried again. */
  readonly retries: number;
  readonly onEvent: (event: JobEvent) => void;
  /** Aborted: no run is begun any more, and those under way save and end. */
  readonly signal: AbortSignal;
}

/**
 * Carries a sweep on until nothing is left to do or it is asked to stop. Whatever it knows is in the journal first.
 * @throws HandgradError of the journal, the advisor or the executor itself; the runs under way are stopped then
 */
export async function runJobs({
  state,
  journal,
  executor,
  advisor,
  retries,
  onEvent,
  signal,
}: SweepRun): Promise<void> {
  const stopping = new AbortController();
  // Every run that goes on listens.
  setMaxListeners(0, stopping.signal);
  const stop = () => stopping.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const running = new Set<Promise<void>>();
  const changed = createAlarm();
  stopping.signal.addEventListener('abort', changed.ring, { once: true });
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
  const runJob = async (job: Job) => {
    const trial = state.trials[job.trial]!;
    onEvent({ type: 'begun', job, trial });
    const outcome = await executor.run(
      job,
      (progress) => onEvent({ type: 'progress', job, progress }),
      stopping.signal,
    );
    if (outcome.type === 'interrupted') return;
    await record(entryOf(job, outcome, job.failures < retries));
    onEvent({ type: 'ended', job, trial, outcome });
    await executor.settled?.(job);
  };
  const begin = (job: Job) => {
    const run = runJob(job)
      .catch((error: unknown) => {
        broken ??= { error };
        stopping.abort(error);
      })
      .finally(() => {
        running.delete(run);
        changed.ring();
      });
    running.add(run);
  };

  try {
    while (!stopping.signal.aborted) {
      await tellAll(state, advisor, record);
      const decision = running.size < executor.capacity() ? nextDecision(state) : ({ type: 'wait' } as const);
      if (decision.type === 'done') break;
      if (decision.type === 'wait') await changed.wait();
      else if (decision.type === 'promote') await record({ ...decision, type: 'promotion' });
      else if (decision.type === 'trial') {
        const { trial, configuration, cursor } = decision;
        state.cursor = cursor;
        // It need not be on the disk before the run begins: the same one would come again.
        recordSoon({ type: 'trial', trial, configuration });
      } else if (decision.type === 'ask')
        await record({ type: 'trial', trial: decision.trial, ...(await advisor!.ask()) });
      else {
        const job = jobOf(state, decision.job);
        // A start that is lost only means that the run is due.
        recordSoon({ type: 'start', ...decision.job });
        begin(job);
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
  await tellAll(state, advisor, record);
}

/** Who chose a configuration hears how it ended, before the next is asked for. */
async function tellAll(
  state: SweepState,
  advisor: Advisor | undefined,
  record: (entry: Entry) => Promise<void>,
): Promise<void> {
  if (!advisor) return;
  // With halving all are judged by their first rung, so that like is compared with like.
  const values = new Map(state.standing[0]!.ranked.map(({ trial, value }) => [trial, value]));
  for (const { number, token, told, failed } of state.trials) {
    if (told || token === undefined || (failed === undefined && !values.has(number))) continue;
    await advisor.tell(token, failed === undefined ? values.get(number) : undefined);
    await record({ type: 'told', trial: number });
  }
}

/** The settings of a run: what all share, what is searched, and its own seed. */
export function settingsOf(
  spec: SweepSpec,
  configuration: Configuration,
  seed: number,
): Readonly<Record<string, Value>> {
  const settings = { ...spec.fixed, ...configuration };
  return spec.seeds === 1 ? settings : { ...settings, seed: Number(settings['seed'] ?? 0) + seed };
}

function jobOf(state: SweepState, id: JobId): Job {
  const { configuration, failures } = state.trials[id.trial]!;
  const settings = settingsOf(state.spec, configuration, id.seed);
  return { ...id, failures, settings, epochs: rungsOf(state.spec)[id.rung] ?? Number(settings['epochs']) };
}

function entryOf(
  { trial, seed, rung }: Job,
  outcome: Exclude<Outcome, { type: 'interrupted' }>,
  another: boolean,
): Entry {
  const id = { trial, seed, rung };
  if (outcome.type === 'result') return { type: 'result', ...id, ...outcome.result };
  const { reason, code, retry } = outcome;
  return { type: 'failure', ...id, reason, code, retry: retry && another };
}
