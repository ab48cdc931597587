import { join } from 'node:path';
import { datasetNames } from '../../../src/data/catalog';
import { text, wholeNumber } from '../../../src/kinds';
import type { Payload } from '../../../src/sweeps/workers/queue/payload';
import type { WorkerEvent } from '../../../src/sweeps/workers/queue/worker';
import { formatShare, plural } from '../../../src/words';
import { defineCommand, OUTPUT } from '../../arguments/command';
import { flag, optionalArgument, PATH, toggle } from '../../arguments/flags';
import { divisionOf, MACHINE } from '../../arguments/machine';
import { QUEUE, queueAddress } from '../../arguments/queue';
import { SIGNAL_CODES } from '../../exitCodes';
import { Interruption } from '../../interruption';
import type { Terminal } from '../../terminal/terminal';

const QUEUED = text(
  'the name of a sweep in a queue, 16 digits and letters as "sweep status --queue URL" lists them',
  (name) => /^[0-9a-f]{16}$/.test(name),
);

/** What trains and shows, loaded when the command runs. */
const parts = () => require('./parts') as typeof import('./parts');

export const command = defineCommand({
  summary: 'train the trials of sweeps that wait in a queue',
  arguments: { sweep: optionalArgument(QUEUED, 'the sweep to work for, else all') },
  flags: {
    ...QUEUE,
    ...MACHINE,
    lease: flag(wholeNumber(2, 3600), {
      default: 30,
      group: 'Queue',
      help: 'seconds after which the trial of a vanished worker goes to another',
    }),
    untilDone: toggle({ group: 'Queue', help: 'end when no sweep is left' }),
    runRoot: flag(PATH, {
      default: join('runs', 'queue'),
      group: 'Runs',
      help: 'the DIR of the trials; where workers share it, a trial is resumed from its checkpoint on any of them',
    }),
    datasets: flag(PATH, { group: 'Runs', help: "the DIR in which sweeps' own data sets lie, by relative path" }),
    ...OUTPUT,
  },
  examples: [
    ['worker --queue redis://host:6379', 'one trial for each core'],
    ['worker --queue redis://host:6379 --gpus 0,1 --run-root /mnt/shared/runs', 'two GPUs, a shared folder'],
  ],
  async run(values, { terminal, signal, io }) {
    const { sweep: only, lease, untilDone, runRoot, datasets, json } = values;
    const address = queueAddress(values, io.env);
    const division = divisionOf(values);
    const { connectRedis, createPlaces, readPayload, runName, trainInProcess, trainProgram, work } = parts();
    const program = trainProgram();
    const redis = await connectRedis(address, (lost) =>
      lost
        ? terminal.warning('Redis is gone; trials go on, and their results wait for it.')
        : terminal.notice('Redis is back.'),
    );
    const places = createPlaces(division);
    const { drain, stop } = endings(signal, terminal);
    terminal.notice(
      `Working for ${only === undefined ? 'all sweeps' : `sweep ${only}`}: ${plural(division.workers, 'trial')} at once, ${plural(division.threads, 'thread')} each`,
    );
    try {
      await work({
        redis,
        only,
        places: division.workers,
        leaseMs: 1000 * lease,
        untilDone: untilDone,
        read: (data, sweep) => withFolder(readPayload(data, sweep, datasetNames), datasets),
        async train(payload, onProgress, stopping) {
          const share = places.take();
          try {
            const run = {
              ...payload,
              folder: join(runRoot, `sweep-${payload.sweep}`),
              name: runName(payload, payload.seeds),
              // The queue has given the trial to this worker: whoever had it before has lost it.
              takeOver: true,
            };
            return await trainInProcess(program, run, share, onProgress, stopping);
          } finally {
            places.giveBack(share);
          }
        },
        onEvent: json ? (event) => terminal.json(event) : (event) => tell(event, terminal),
        drain,
        stop,
      });
    } finally {
      redis.disconnect();
    }
    if (signal.aborted) throw signal.reason;
  },
});

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
