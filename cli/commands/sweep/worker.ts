import { join } from 'node:path';
import { text, wholeNumber } from '../../../src/kinds';
import type { WorkerEvent } from '../../../src/sweeps/worker';
import { formatFigure } from '../../../src/runs/figures';
import { plural } from '../../../src/words';
import { defineCommand, OUTPUT } from '../../arguments/command';
import { flag, optionalArgument, PATH, toggle } from '../../arguments/flags';
import { MACHINE } from '../../arguments/machine';
import { QUEUE, queueAddress } from '../../arguments/queue';
import { SIGNAL_CODES } from '../../exitCodes';
import { Interruption } from '../../stopping/interruption';
import { library } from '../../library';
import { openScreen } from '../../screens/open';
import type { Terminal } from '../../terminal/terminal';

const QUEUED = text(
  'the id of a sweep in a queue, 16 digits and letters as "sweep status --queue URL" lists them',
  (name) => /^[0-9a-f]{16}$/.test(name),
);

export const command = defineCommand({
  summary: 'train the runs of sweeps from a queue',
  arguments: { sweep: optionalArgument(QUEUED, 'the sweep to work for; by default all') },
  flags: {
    ...QUEUE,
    ...MACHINE,
    lease: flag(wholeNumber(2, 3600), {
      default: 30,
      group: 'Queue',
      help: 'seconds after which a silent worker loses its run to another',
    }),
    untilDone: toggle({ group: 'Queue', help: 'end when no sweep is left' }),
    runRoot: flag(PATH, {
      default: join('runs', 'queue'),
      group: 'Runs',
      help: 'the DIR for the runs; if workers share it, any of them can resume a run from its checkpoint',
    }),
    datasets: flag(PATH, { group: 'Runs', help: 'the DIR that paths of data sets in sweeps are relative to' }),
    ...OUTPUT,
  },
  examples: [
    ['worker --queue redis://host:6379', 'one run per core'],
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
        const [workers, threads] = [plural(event.workers, 'run'), plural(event.threads, 'thread')];
        terminal.notice(`Working for ${whose}: ${workers} at once, ${threads} each`);
      } else if (json) terminal.json(event);
      else showEvent(event, terminal);
    }
    if (signal.aborted) throw signal.reason;
  },
});

/**
 * SIGTERM finishes the current runs. Ctrl-C, or any second signal, makes them save their state and return to the queue.
 */
function endings(signal: AbortSignal, terminal: Terminal): { drain: AbortSignal; stop: AbortSignal } {
  const [drain, stop] = [new AbortController(), new AbortController()];
  signal.addEventListener('abort', () => {
    const { reason } = signal as { reason: unknown };
    const atOnce = !(reason instanceof Interruption) || reason.exitCode !== SIGNAL_CODES.SIGTERM;
    drain.abort();
    if (atOnce) stop.abort();
    else terminal.notice('Taking no more runs; finishing the current ones.');
  });
  return { drain: drain.signal, stop: stop.signal };
}

function showEvent(event: Exclude<WorkerEvent, { type: 'ready' }>, terminal: Terminal): void {
  if (event.type === 'refused') return terminal.warning(`A run of sweep ${event.sweep} was refused: ${event.reason}.`);
  if (event.type === 'unfit') return terminal.warning(`No runs of sweep ${event.sweep} are taken: ${event.reason}.`);
  const { sweep, trial, seed, metric } = event.payload;
  const which = `Sweep ${sweep.slice(0, 6)}, trial ${trial}, seed ${seed}`;
  if (event.type === 'started') terminal.notice(`${which}: started`);
  if (event.type === 'lost') terminal.warning(`${which} now belongs to another worker.`);
  if (event.type !== 'ended') return;
  const { outcome } = event;
  if (outcome.type === 'result') terminal.result(`${which}: ${metric} ${formatFigure(metric, outcome.result.value)}`);
  else if (outcome.type === 'failure') terminal.result(`${which}: failed: ${outcome.reason}`);
  else terminal.result(`${which}: saved and returned to the queue`);
}
