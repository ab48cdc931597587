import { join } from 'node:path';
import { datasetNames } from '../../../src/data/catalog';
import { HandgradError } from '../../../src/errors';
import { createPlaces, runName } from '../../../src/sweeps/workers/localExecutor';
import { type Payload, readPayload } from '../../../src/sweeps/workers/queue/payload';
import { connectRedis } from '../../../src/sweeps/workers/queue/redis';
import { work, type WorkerEvent } from '../../../src/sweeps/workers/queue/worker';
import { trainInProcess } from '../../../src/sweeps/workers/trainProcess';
import { divisionOf, MACHINE_OPTIONS } from '../../arguments/machine';
import { SIGNAL_CODES } from '../../exitCodes';
import { Interruption } from '../../interruption';
import { type Args, wholeNumberFlag } from '../../arguments/options';
import { QUEUE_OPTION, queueAddress } from '../../arguments/queue';
import { formatShare, plural, quoted } from '../../../src/words';
import { createTerminal, type Io, type Terminal } from '../../terminal/terminal';
import { trainProgram } from '../../open/trainProgram';
import { type Command, OUTPUT_OPTIONS } from '../../arguments/command';

/** How long a trial stays with a worker that is not heard of, in seconds. */
const LEASE_S = 30;

export const command: Command = {
  options: {
    ...QUEUE_OPTION,
    ...MACHINE_OPTIONS,
    lease: {
      requiresArg: true,
      nargs: 1,
      group: 'Queue:',
      describe: 'seconds after which the trial of a vanished worker goes to another',
      defaultDescription: `${LEASE_S}`,
    },
    'until-done': { type: 'boolean', group: 'Queue:', describe: 'end when no sweep is left' },
    'run-root': {
      requiresArg: true,
      nargs: 1,
      group: 'Runs:',
      describe: 'the DIR of the trials; where workers share it, a trial goes on from its checkpoint on any of them',
      defaultDescription: 'runs/queue',
    },
    datasets: {
      requiresArg: true,
      nargs: 1,
      group: 'Runs:',
      describe: "the DIR in which sweeps' own data sets lie, by relative path",
    },
    ...OUTPUT_OPTIONS,
  },
  positionals: { SWEEP: 'the sweep to work for, else all' },
  examples: [
    ['worker --queue redis://host:6379', 'one trial for each core'],
    ['worker --queue redis://host:6379 --gpus 0,1 --run-root /mnt/shared/runs', 'two GPUs, a shared folder'],
  ],
  run: runWorker,
};

async function runWorker(args: Args, io: Io): Promise<void> {
  const terminal = createTerminal(io, { quiet: args['quiet'] === true });
  const address = queueAddress(args, io.env);
  const division = divisionOf(args);
  const leaseMs = 1000 * (wholeNumberFlag(args, 'lease', 2, 3600) ?? LEASE_S);
  const only = args['SWEEP'] as string | undefined;
  if (only !== undefined && !/^[0-9a-f]{16}$/.test(only)) {
    throw new HandgradError(
      'usage',
      `${quoted(only)} is not the name of a sweep in a queue: 16 digits and letters, as "sweep status --queue URL" lists them.`,
    );
  }
  const runRoot = (args['run-root'] as string | undefined) ?? join('runs', 'queue');
  const program = trainProgram();
  const redis = await connectRedis(address, (lost) =>
    lost
      ? terminal.warning('Redis is gone; trials go on, and their results wait for it.')
      : terminal.notice('Redis is back.'),
  );
  const places = createPlaces(division);
  const { drain, stop } = endings(io.signal, terminal);
  terminal.notice(
    `Working for ${only === undefined ? 'all sweeps' : `sweep ${only}`}: ${plural(division.workers, 'trial')} at once, ${plural(division.threads, 'thread')} each`,
  );
  try {
    await work({
      redis,
      only,
      places: division.workers,
      leaseMs,
      untilDone: args['until-done'] === true,
      read: (data, sweep) => withFolder(readPayload(data, sweep, datasetNames), args['datasets'] as string | undefined),
      async train(payload, onProgress, signal) {
        const share = places.take();
        try {
          const run = {
            ...payload,
            folder: join(runRoot, `sweep-${payload.sweep}`),
            name: runName(payload, payload.seeds),
            // The queue has given the trial to this worker: whoever had it before has lost it.
            takeOver: true,
          };
          return await trainInProcess(program, run, share, onProgress, signal);
        } finally {
          places.giveBack(share);
        }
      },
      onEvent: args['json'] === true ? (event) => terminal.json(event) : (event) => tell(event, terminal),
      drain,
      stop,
    });
  } finally {
    redis.disconnect();
  }
  if (io.signal.aborted) throw io.signal.reason;
}

/** SIGTERM finishes the trials at hand. Ctrl-C, and a second signal of any kind, has them save and go back to the queue. */
function endings(signal: AbortSignal, terminal: Terminal): { drain: AbortSignal; stop: AbortSignal } {
  const [drain, stop] = [new AbortController(), new AbortController()];
  signal.addEventListener('abort', () => {
    const { reason } = signal as { reason: unknown };
    const atOnce = !(reason instanceof Interruption) || reason.exitCode !== SIGNAL_CODES.SIGTERM;
    drain.abort();
    if (atOnce) stop.abort();
    else terminal.notice('Taking no more trials; finishing those at hand.');
  });
  return { drain: drain.signal, stop: stop.signal };
}

/** A path of a sweep's own data set is one within the folder that this worker offers, or none. */
function withFolder(payload: Payload | { refused: string }, folder: string | undefined): Payload | { refused: string } {
  if ('refused' in payload) return payload;
  const { dataset } = payload.settings;
  if (dataset === undefined || datasetNames.includes(dataset as never)) return payload;
  if (folder === undefined)
    return {
      refused: `dataset ${String(dataset)} is not of the catalog, and this worker offers no folder with --datasets`,
    };
  return { ...payload, settings: { ...payload.settings, dataset: join(folder, String(dataset)) } };
}

function tell(event: WorkerEvent, terminal: Terminal): void {
  if (event.type === 'refused')
    return terminal.warning(`A trial of sweep ${event.sweep} was refused: ${event.reason}.`);
  const { sweep, trial, seed, metric } = event.payload;
  const which = `Sweep ${sweep.slice(0, 6)}, trial ${trial}, seed ${seed}`;
  if (event.type === 'begun') terminal.notice(`${which}: begun`);
  if (event.type === 'lost') terminal.warning(`${which} has gone to another worker.`);
  if (event.type !== 'ended') return;
  const { outcome } = event;
  if (outcome.type === 'result') terminal.result(`${which}: ${metric} ${formatShare(outcome.result.value)}`);
  else if (outcome.type === 'failure') terminal.result(`${which}: failed: ${outcome.reason}`);
  else terminal.result(`${which}: saved, back in the queue`);
}
