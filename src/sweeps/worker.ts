import { join } from 'node:path';
import { datasetNames, isDatasetName } from '../data/catalog';
import { HandgradError } from '../errors';
import type { OpenOptions } from '../runs/events';
import { quoted } from '../words';
import { eventsOf } from './eventsOf';
import { divideMachine, type Machine } from './machine';
import { createSlots, runName } from './workers/localExecutor';
import { type Payload, readPayload } from './workers/queue/payload';
import { connectRedis, type RedisAddress } from './workers/queue/redis';
import { consumeQueues, type TrialEvent } from './workers/queue/consumeQueues';
import { type Outcome, type Progress, trainInProcess, trainProgram } from './workers/trainProcess';

/** What a worker yields while it works. */
export type WorkerEvent =
  | TrialEvent
  /** It begins to take trials: so many at once, with so many threads each. */
  | { readonly type: 'ready'; readonly workers: number; readonly threads: number };

/** How a worker works. */
export interface WorkerOptions extends Partial<Machine>, Pick<OpenOptions, 'onEvent' | 'signal'> {
  /** The sweep to work for, by its name in the queue; all when left out. */
  readonly sweep?: string;
  /** How long a trial stays with a worker that is not heard of, in seconds; 30 when left out. */
  readonly lease?: number;
  /** Ends when no sweep is left. */
  readonly untilDone?: boolean;
  /**
   * The folder of the trials; `runs/queue` when left out. Where workers share it, a trial is resumed on any of them.
   */
  readonly runRoot?: string;
  /**
   * The folder in which sweeps' own data sets lie, by relative path; without it, only those of the catalog are trained
   * on.
   */
  readonly datasets?: string;
  /** Aborted: takes no more trials, and finishes those it has. */
  readonly drain?: AbortSignal;
}

/**
 * Takes trials from the queues of sweeps, in turn, trains each in a process of its own, and yields what happens.
 * @param options.signal aborted, or the loop left early: the trials that are under way save, and go back to the queue
 * @throws HandgradError 'usage' naming what cannot be used; 'backend' when no queue answers
 */
export async function* runWorker(
  queue: RedisAddress,
  options: WorkerOptions = {},
): AsyncGenerator<WorkerEvent, void, void> {
  const { sweep: only, lease = 30, untilDone = false, runRoot = join('runs', 'queue'), datasets } = options;
  const { onEvent, signal, drain = new AbortController().signal } = options;
  const machine = divideMachine(options);
  if (only !== undefined && !/^[0-9a-f]{16}$/.test(only)) {
    throw new HandgradError(
      'usage',
      `\`sweep\` must be the name of one in a queue, 16 digits and letters, not ${quoted(only)}.`,
    );
  }
  if (!(lease >= 2 && lease <= 3600)) {
    throw new HandgradError('usage', `\`lease\` must be from 2 to 3600 seconds, not ${quoted(lease)}.`);
  }
  const redis = await connectRedis(queue, (lost) => {
    const message = lost ? 'Redis is gone; trials go on, and their results wait for it.' : 'Redis is back.';
    onEvent?.({ type: 'notice', message });
  });
  const program = trainProgram();
  const slots = createSlots(machine);
  const train = async (
    payload: Payload,
    onProgress: (progress: Progress) => void,
    stop: AbortSignal,
  ): Promise<Outcome> => {
    const share = slots.take();
    try {
      const run = {
        ...payload,
        folder: join(runRoot, `sweep-${payload.sweep}`),
        name: runName(payload, payload.seeds),
        // The queue has given the trial to this worker: whoever had it before has lost it.
        takeOver: true,
      };
      return await trainInProcess(program, run, share, onProgress, stop);
    } finally {
      slots.release(share);
    }
  };
  const read = (data: unknown, sweep: string) => withFolder(readPayload(data, sweep, datasetNames), datasets);
  const common = { redis, only, slots: machine.workers, leaseMs: 1000 * lease, untilDone, read, train, drain };
  try {
    yield { type: 'ready', workers: machine.workers, threads: machine.threads };
    yield* eventsOf<WorkerEvent>((emit, stop) => consumeQueues({ ...common, onEvent: emit, stop }), signal);
  } finally {
    redis.disconnect();
  }
}

/** A path of a sweep's own data set is one within the folder that this worker offers, or none. */
function withFolder(payload: Payload | { refused: string }, folder: string | undefined): Payload | { refused: string } {
  if ('refused' in payload) return payload;
  const { dataset } = payload.settings;
  if (dataset === undefined || isDatasetName(String(dataset))) return payload;
  if (folder === undefined) {
    return {
      refused: `dataset ${quoted(dataset)} is not of the catalog, and this worker offers no folder of \`datasets\``,
    };
  }
  return { ...payload, settings: { ...payload.settings, dataset: join(folder, String(dataset)) } };
}
