import { HandgradError } from '../../../src/errors';
import { wholeNumber } from '../../../src/kinds';
import type { SweepEnd, SweepStopped } from '../../../src/sweeps/events';
import type { SweepState } from '../../../src/sweeps/state/sweepState';
import type { Sweep, SweepOptions, SweepRunOptions } from '../../../src/sweeps/sweep';
import { plural, quoted, shellWord } from '../../../src/words';
import { type Context, defineCommand, OUTPUT } from '../../arguments/command';
import { flag, optionalArgument, PATH, RUN, toggle } from '../../arguments/flags';
import { MACHINE } from '../../arguments/machine';
import { QUEUE, queueAddress } from '../../arguments/queue';
import { Interruption } from '../../stopping/interruption';
import { library } from '../../library';
import { withOpenScreen } from '../../screens/open';

/** The screens of sweeps, loaded on first use. */
const screens = () => require('../../screens/sweepOverview') as typeof import('../../screens/sweepOverview');

/** The id of a sweep in a queue. */
const QUEUED = /^[0-9a-f]{16}$/;

export const command = defineCommand({
  summary: 'search hyperparameters: many trials from one YAML file, here or on many machines',
  arguments: {
    file: optionalArgument(PATH, 'the sweep, in YAML; or "status" or "stop"'),
    sweep: optionalArgument(
      PATH,
      'for status: the folder of a sweep, or its id in the queue; for stop: its id in the queue',
    ),
  },
  flags: {
    ...QUEUE,
    ...MACHINE,
    retries: flag(wholeNumber(0, 100), {
      default: 2,
      group: 'Sweep',
      help: 'how often to retry a crashed run',
    }),
    runCap: flag(wholeNumber(1, 1_000_000), {
      group: 'Sweep',
      help: 'the number of trials',
      otherwise: 'run_cap of the file',
    }),
    earlyStopSweep: flag(wholeNumber(1, 1_000_000), {
      group: 'Sweep',
      help: 'stop after N trials in a row that did not improve on the best',
    }),
    runDir: flag(PATH, {
      group: 'Sweep',
      help: 'the DIR for journal, trials and summary',
      otherwise: 'runs/sweep-<file>-<date>-<time>',
    }),
    resume: flag(RUN, { group: 'Sweep', help: 'resume the sweep in DIR' }),
    extend: toggle({ group: 'Sweep', help: 'with --resume: accept a file that now has other values or more trials' }),
    retryFailed: toggle({ group: 'Sweep', help: 'with --resume: retry failed trials' }),
    forceUnlock: toggle({
      group: 'Sweep',
      help: 'take over a sweep from processes on another machine that have certainly ended',
    }),
    dryRun: toggle({ group: 'Sweep', help: 'print the trials without training' }),
    ...OUTPUT,
  },
  examples: [
    ['sweep lr.yaml --workers 2', 'two runs at a time'],
    ['sweep lr.yaml --dry-run', 'what would be trained'],
    ['sweep --resume runs/<sweep>', 'resume a sweep that was stopped or killed'],
    ['sweep lr.yaml --queue redis://host:6379', 'trained by the workers of a queue'],
    ['sweep status --queue redis://host:6379', 'the sweeps and workers of a queue'],
  ],
  async run(values, context) {
    const { file, sweep: which, queue, dryRun, runCap, json } = values;
    const { terminal, io } = context;
    const { planSweep, queueStatus, stopSweep, sweepStatus } = library.sweeps();
    const { showPlan, showQueue, showStatus } = screens();
    if (file === 'status') {
      if (which !== undefined && queue === undefined && !QUEUED.test(which))
        return showStatus(await sweepStatus(which), terminal, { json });
      return showQueue(await queueStatus(queueAddress(values, io.env), which), terminal, { json });
    }
    if (file === 'stop') {
      const id = required(which, 'stop needs the sweep to stop');
      await stopSweep(queueAddress(values, io.env), id);
      terminal.result(
        `Sweep ${id} is stopping: its runs save their state and wait; ` +
          'resume with: handgrad sweep --resume DIR --queue URL',
      );
      return;
    }
    if (which !== undefined) {
      throw new HandgradError(
        'usage',
        `sweep does not know what to do with ${quoted(which)}; see handgrad sweep --help.`,
      );
    }
    if (dryRun) {
      const plan = await withOpenScreen(context, (how) => planSweep(required(file), { ...how, runCap }));
      return showPlan(plan, terminal, { json, signal: context.signal });
    }
    await runSweepCommand(values, context);
  },
});

/** The flags for opening and running a sweep. */
interface SweepValues extends SweepRunOptions {
  readonly file: string | undefined;
  readonly queue: string | undefined;
  readonly resume: string | undefined;
  readonly runDir: string | undefined;
  readonly runCap: number | undefined;
  readonly extend: boolean;
  readonly retryFailed: boolean;
  readonly forceUnlock: boolean;
  readonly json: boolean;
}

async function runSweepCommand(values: SweepValues, context: Context): Promise<void> {
  const { terminal, signal, io } = context;
  const address = values.queue === undefined ? undefined : queueAddress(values, io.env);
  const sweep = await withOpenScreen(context, (how) => openSweep(values, { ...how, queue: address }));
  const flags = `${shellWord(sweep.dir)}${address ? ' --queue URL' : ''}`;
  const screen = screens().sweepScreen(terminal, sweep.state, values);
  try {
    for await (const event of sweep.run(values, signal)) {
      screen.show(event);
      if (event.type === 'stopped') throw stopped(event, signal.reason, flags);
      if (event.type === 'end' && event.state === 'partial') throw partial(event, sweep.state, flags);
    }
  } finally {
    screen.stop();
  }
}

async function openSweep(
  { file, resume, runDir, runCap, earlyStopSweep, extend, retryFailed, forceUnlock }: SweepValues,
  opened: SweepOptions,
): Promise<Sweep> {
  const { resumeSweep, startSweep } = library.sweeps();
  const how = { ...opened, forceUnlock };
  if (resume === undefined) {
    if (extend || retryFailed) {
      throw new HandgradError(
        'usage',
        `--${extend ? 'extend' : 'retry-failed'} needs --resume DIR, the sweep to resume.`,
      );
    }
    return startSweep(required(file), { ...how, dir: runDir, runCap, endless: earlyStopSweep !== undefined });
  }
  if (runDir !== undefined) throw new HandgradError('usage', '--resume names the folder already; leave --run-dir out.');
  return resumeSweep(resume, { source: file, runCap, extend, retryFailed }, how);
}

/** Why a sweep stopped, and how to resume it. */
function stopped({ elsewhere, done }: SweepStopped, reason: unknown, flags: string): unknown {
  const again = `resume with: handgrad sweep --resume ${flags}`;
  if (elsewhere) return new HandgradError('failure', `The sweep was stopped by "sweep stop"; ${again}.`);
  if (!(reason instanceof Interruption) || !reason.message) return reason;
  const what = `${reason.message.replace(/\.$/, '')} with ${plural(done, 'trial')} done`;
  return new Interruption(reason.exitCode, `${what}; ${again}`);
}

function partial({ failed }: SweepEnd, { trials }: SweepState, flags: string): HandgradError {
  const first = trials.find((trial) => trial.failed !== undefined)!;
  return new HandgradError(
    'failure',
    `The sweep is partial: ${plural(failed, 'trial')} of ${trials.length} failed, such as trial ${first.number} ` +
      `(${first.failed}); retry them with: handgrad sweep --resume ${flags} --retry-failed.`,
  );
}

function required(
  given: string | undefined,
  lack = 'sweep needs a FILE that says what to search, or --resume DIR',
): string {
  if (given !== undefined) return given;
  throw new HandgradError('usage', `${lack}; see handgrad sweep --help.`);
}
