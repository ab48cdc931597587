import { HandgradError } from '../../../src/errors';
import { type Division, localExecutor } from '../../../src/sweeps/workers/localExecutor';
import { type SweepRun, runSweepHere, fetchDatasets } from './runSweepHere';
import { runSweepByQueue, connectQueue, refuseUnfit } from './runSweepByQueue';
import { divisionOf, MACHINE_OPTIONS } from '../../arguments/machine';
import { type Args, wholeNumberFlag } from '../../arguments/options';
import { beginSweep, type OpenSweep, readSweepFile, resumeSweep } from './openSweep';
import { QUEUE_OPTION, queueAddress } from '../../arguments/queue';
import { showFolder, showQueue, stopSweep } from '../../screens/sweepOverview';
import { printTrials } from '../../screens/sweepPlan';
import { quoted } from '../../../src/words';
import { createTerminal, type Io } from '../../terminal/terminal';
import { trainProgram } from '../../open/trainProgram';
import { type Command, OUTPUT_OPTIONS } from '../../arguments/command';

/** What a sweep is called in a queue. */
const QUEUED = /^[0-9a-f]{16}$/;
/** How often a trial that crashed is tried again. */
const RETRIES = 2;

export const command: Command = {
  options: {
    ...QUEUE_OPTION,
    ...MACHINE_OPTIONS,
    retries: {
      requiresArg: true,
      nargs: 1,
      group: 'Sweep:',
      describe: 'how often a trial that crashed is tried again',
      defaultDescription: `${RETRIES}`,
    },
    'run-dir': {
      requiresArg: true,
      nargs: 1,
      group: 'Sweep:',
      describe: 'the DIR that gets journal, trials and summary, else runs/sweep-<file>-<date>-<time>',
    },
    resume: { requiresArg: true, nargs: 1, group: 'Sweep:', describe: 'go on with the sweep in DIR' },
    extend: {
      type: 'boolean',
      group: 'Sweep:',
      describe: 'with --resume: take a file that has more values or trials now',
    },
    'retry-failed': { type: 'boolean', group: 'Sweep:', describe: 'with --resume: give failed trials another chance' },
    'dry-run': { type: 'boolean', group: 'Sweep:', describe: 'print the trials, and train none' },
    ...OUTPUT_OPTIONS,
  },
  positionals: {
    FILE: 'the sweep, in YAML; or "status" or "stop"',
    SWEEP: 'of status: the folder of a sweep, or its name in the queue; of stop: its name in the queue',
  },
  examples: [
    ['sweep lr.yaml --workers 2', 'two trials at a time'],
    ['sweep lr.yaml --dry-run', 'what would be trained'],
    ['sweep --resume runs/<sweep>', 'a sweep that was stopped or killed'],
    ['sweep lr.yaml --queue redis://host:6379', 'trained by the workers of a queue'],
    ['sweep status --queue redis://host:6379', 'the sweeps and workers of a queue'],
  ],
  run: runSweepCommand,
};

async function runSweepCommand(args: Args, io: Io): Promise<void> {
  const terminal = createTerminal(io, { quiet: args['quiet'] === true });
  const json = args['json'] === true;
  const [file, which] = [args['FILE'], args['SWEEP']] as (string | undefined)[];
  if (file === 'status') {
    if (which !== undefined && args['queue'] === undefined && !QUEUED.test(which))
      return showFolder(which, terminal, { json });
    return showQueue(queueAddress(args, io.env), which, terminal, { json });
  }
  if (file === 'stop')
    return stopSweep(queueAddress(args, io.env), required(which, 'stop needs the sweep to stop'), terminal);
  if (which !== undefined) {
    throw new HandgradError(
      'usage',
      `sweep does not know what to do with ${quoted(which)}; see handgrad sweep --help.`,
    );
  }
  if (args['dry-run']) return printTrials(await readSweepFile(required(file)), terminal, { json });
  const retries = wholeNumberFlag(args, 'retries', 0, 100) ?? RETRIES;
  const division = divisionOf(args);
  const redis = args['queue'] === undefined ? undefined : await connectQueue(queueAddress(args, io.env), terminal);
  try {
    const sweep = await openSweep(args, file, redis !== undefined);
    try {
      // A sweep that was begun here may be one that cannot go on elsewhere.
      if (redis) refuseUnfit(sweep.state.spec);
      const common = { sweep, retries, json, terminal, io };
      if (redis) await runSweepByQueue(common, redis);
      else await runOnThisMachine(common, division);
    } finally {
      await sweep.journal.close();
      await sweep.release();
    }
  } finally {
    redis?.disconnect();
  }
}

async function runOnThisMachine(
  common: Omit<SweepRun, 'executor' | 'division' | 'signal'>,
  division: Division,
): Promise<void> {
  const { sweep, terminal, io } = common;
  const { metric, seeds } = sweep.state.spec;
  await fetchDatasets(sweep.state.spec, terminal, io.signal);
  const executor = localExecutor(trainProgram(), sweep.dir, division, { metric: metric.name, seeds });
  await runSweepHere({ ...common, executor, division, signal: io.signal });
}

async function openSweep(args: Args, file: string | undefined, queued: boolean): Promise<OpenSweep> {
  const resumed = args['resume'] as string | undefined;
  const [extend, retryFailed] = [args['extend'] === true, args['retry-failed'] === true];
  const given = args['run-dir'] as string | undefined;
  if (resumed === undefined) {
    if (extend || retryFailed) {
      throw new HandgradError(
        'usage',
        `--${extend ? 'extend' : 'retry-failed'} needs --resume DIR, the sweep to go on with.`,
      );
    }
    const spec = await readSweepFile(required(file));
    if (queued) refuseUnfit(spec);
    return beginSweep(required(file), spec, given);
  }
  if (given !== undefined) throw new HandgradError('usage', '--resume names the folder already; leave --run-dir out.');
  return resumeSweep(resumed, file, { extend, retryFailed });
}

function required(
  given: string | undefined,
  lack = 'sweep needs a FILE that says what to search, or --resume DIR',
): string {
  if (given !== undefined) return given;
  throw new HandgradError('usage', `${lack}; see handgrad sweep --help.`);
}
