import { join } from 'node:path';
import { text, wholeNumber } from '../../../src/kinds';
import type { WorkerEvent } from '../../../src/sweeps/worker';
import { formatShare, plural } from '../../../src/words';
import { defineCommand, OUTPUT } from '../../arguments/command';
import { flag, optionalArgument, PATH, toggle } from '../../arguments/flags';
import { MACHINE } from '../../arguments/machine';
import { QUEUE, queueAddress } from '../../arguments/queue';
import { SIGNAL_CODES } from '../../exitCodes';
import { Interruption } from '../../interruption';
import { library } from '../../library';
import { openScreen } from '../../screens/open';
import type { Terminal } from '../../terminal/terminal';

const QUEUED = text(
  'the name of a sweep in a queue, 16 digits and letters as "sweep status --queue URL" lists them',
  (name) => /^[0-9a-f]{16}$/.test(name),
);

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
    const { sweep, json } = values;
    const address = queueAddress(values, io.env);
    const { drain, stop } = endings(signal, terminal);
    const screen = openScreen(terminal);
    const options = { ...values, onEvent: screen.show, signal: stop, drain };
    for await (const event of library.sweeps().runWorker(address, options)) {
      if (event.type === 'ready') {
        const whose = sweep === undefined ? 'all sweeps' : `sweep ${sweep}`;
        const [workers, threads] = [plural(event.workers, 'trial'), plural(event.threads, 'thread')];
        terminal.notice(`Working for ${whose}: ${workers} at once, ${threads} each`);
      } else if (json) terminal.json(event);
      else showEvent(event, terminal);
    }
    if (signal.aborted) throw signal.reason;
  },
});

/**
 * SIGTERM finishes the trials at hand. Ctrl-C, and a second signal of any kind, has them save and go back to the queue.
 */
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

function showEvent(event: Exclude<WorkerEvent, { type: 'ready' }>, terminal: Terminal): void {
  if (event.type === 'refused')
    return terminal.warning(`A trial of sweep ${event.sweep} was refused: ${event.reason}.`);
  const { sweep, trial, seed, metric } = event.payload;
  const which = `Sweep ${sweep.slice(0, 6)}, trial ${trial}, seed ${seed}`;
  if (event.type === 'started') terminal.notice(`${which}: started`);
  if (event.type === 'lost') terminal.warning(`${which} has gone to another worker.`);
  if (event.type !== 'ended') return;
  const { outcome } = event;
  if (outcome.type === 'result') terminal.result(`${which}: ${metric} ${formatShare(outcome.result.value)}`);
  else if (outcome.type === 'failure') terminal.result(`${which}: failed: ${outcome.reason}`);
  else terminal.result(`${which}: saved, back in the queue`);
}
