import { access, constants, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { datasetNames, isDatasetName } from '../data/catalog';
import { HandgradError } from '../errors';
import type { Guard } from '../files/atomicFile';
import { makeFolder } from '../files/makeFolder';
import { withStorageErrors } from '../files/storageError';
import type { OpenOptions } from '../runs/events';
import { quoted } from '../words';
import { eventsOf } from './eventsOf';
import { divideMachine, type Machine } from './machine';
import { runName } from './sweepFolder';
import { createSlots } from './workers/localExecutor';
import { datasetLacks, type Needs, unfitReason } from './workers/queue/fitness';
import { type Payload, readPayload } from './workers/queue/payload';
import { connectRedis, type RedisAddress } from './workers/queue/redis';
import { consumeQueues, type TrialEvent } from './workers/queue/consumeQueues';
import type { Progress } from './workers/trainMessages';
import { type Outcome, trainInProcess, trainProgram } from './workers/trainProcess';

/** The events of a worker. */
export type WorkerEvent =
  | TrialEvent
  /** The worker starts to take runs: `workers` at once, with `threads` threads each. */
  | { readonly type: 'ready'; readonly workers: number; readonly threads: number };

/** Options of a worker. */
export interface WorkerOptions extends Partial<Machine>, Pick<OpenOptions, 'onEvent' | 'signal'> {
  /** The id of the sweep to work for; all sweeps when omitted. */
  readonly sweep?: string;
  /** After how many silent seconds a worker loses its run to another; 30 when omitted. */
  readonly lease?: number;
  /** Ends when no sweep is left. */
  readonly untilDone?: boolean;
  /** The folder of the runs; `runs/queue` when omitted. If workers share it, any of them can resume a run. */
  readonly runRoot?: string;
  /** The folder that paths of data sets are relative to; without it, only data sets of the catalog are accepted. */
  readonly datasets?: string;
  /** When aborted, the worker takes no more runs, and finishes the current ones. */
  readonly drain?: AbortSignal;
}

/**
 * Takes runs from the queues of sweeps, round robin, trains each in a separate process, and yields events.
 * @param options.signal when aborted, or when the loop is left early, the current runs save their state and return to
 *   the queue
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
      `\`sweep\` must be the id of a sweep in the queue, 16 digits and letters, not ${quoted(only)}.`,
    );
  }
  if (!(lease >= 2 && lease <= 3600)) {
    throw new HandgradError('usage', `\`lease\` must be from 2 to 3600 seconds, not ${quoted(lease)}.`);
  }
  await assertFit(runRoot, datasets);
  const redis = await connectRedis(queue, (lost) => {
    const message = lost
      ? 'The connection to Redis is lost; runs continue, and their results wait for it.'
      : 'The connection to Redis is back.';
    onEvent?.({ type: 'notice', message });
  });
  const offer = { runRoot, datasets, known: datasetNames };
  const program = trainProgram();
  const slots = createSlots(machine);
  const train = async (
    payload: Payload,
    onProgress: (progress: Progress) => void,
    stop: AbortSignal,
    guard: Guard,
  ): Promise<Outcome> => {
    const { dataset } = payload.settings;
    const lacks = dataset === undefined ? undefined : await datasetLacks(String(dataset), offer);
    // Another worker may have it.
    if (lacks) return { type: 'failure', reason: lacks, code: 'data', retry: true };
    const share = slots.take();
    try {
      const run = {
        ...payload,
        settings: withFolder(payload, datasets),
        folder: join(runRoot, `sweep-${payload.sweep}`),
        name: runName(payload, payload.seeds),
        // The queue has assigned the run to this worker, so an earlier worker has lost it.
        takeOver: true,
        guard,
      };
      return await trainInProcess(program, run, share, onProgress, stop);
    } finally {
      slots.release(share);
    }
  };
  const read = (data: unknown, sweep: string) => readPayload(data, sweep, datasetNames);
  const unfit = (needs: Needs) => unfitReason(needs, offer);
  const common = { redis, only, slots: machine.workers, leaseMs: 1000 * lease, untilDone, read, unfit, train, drain };
  try {
    yield { type: 'ready', workers: machine.workers, threads: machine.threads };
    yield* eventsOf<WorkerEvent>((emit, stop) => consumeQueues({ ...common, onEvent: emit, stop }), signal);
  } finally {
    redis.disconnect();
  }
}

/**
 * Checks this machine before any run is taken.
 * @throws HandgradError 'usage' when there is no folder of data sets; 'storage' when runs cannot be saved
 */
async function assertFit(runRoot: string, datasets: string | undefined): Promise<void> {
  if (datasets !== undefined && !(await stat(datasets).catch(() => undefined))?.isDirectory()) {
    throw new HandgradError('usage', `There is no folder ${datasets}; correct \`datasets\`.`);
  }
  await makeFolder(runRoot);
  await withStorageErrors(runRoot, () => access(runRoot, constants.W_OK | constants.X_OK));
}

/** The settings of a run, with the path of its data set inside the folder that this worker offers. */
function withFolder({ settings }: Payload, folder: string | undefined): Payload['settings'] {
  const { dataset } = settings;
  if (dataset === undefined || folder === undefined || isDatasetName(String(dataset))) return settings;
  return { ...settings, dataset: join(folder, String(dataset)) };
}
