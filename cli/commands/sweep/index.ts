import { HandgradError } from '../../../src/errors';
import { wholeNumber } from '../../../src/kinds';
import type { Division } from '../../../src/sweeps/workers/localExecutor';
import { quoted } from '../../../src/words';
import { defineCommand, OUTPUT } from '../../arguments/command';
import { flag, optionalArgument, PATH, toggle } from '../../arguments/flags';
import { divisionOf, MACHINE } from '../../arguments/machine';
import { QUEUE, queueAddress } from '../../arguments/queue';
import type { OpenSweep } from './openSweep';
import type { SweepRun } from './runSweepHere';

/** What a sweep is called in a queue. */
const QUEUED = /^[0-9a-f]{16}$/;

/** What trains and shows, loaded when the command runs. */
const parts = () => require('./parts') as typeof import('./parts');

export const command = defineCommand({
  summary: 'search hyperparameters: many trials from one YAML file, here or on many machines',
  arguments: {
    file: optionalArgument(PATH, 'the sweep, in YAML; or "status" or "stop"'),
    sweep: optionalArgument(
      PATH,
      'of status: the folder of a sweep, or its name in the queue; of stop: its name in the queue',
    ),
  },
  flags: {
    ...QUEUE,
    ...MACHINE,
    retries: flag(wholeNumber(0, 100), {
      default: 2,
      group: 'Sweep',
      help: 'how often a trial that crashed is tried again',
    }),
    runDir: flag(PATH, {
      group: 'Sweep',
      help: 'the DIR that gets journal, trials and summary, else runs/sweep-<file>-<date>-<time>',
    }),
    resume: flag(PATH, { group: 'Sweep', help: 'resume the sweep in DIR' }),
    extend: toggle({ group: 'Sweep', help: 'with --resume: take a file that has more values or trials now' }),
    retryFailed: toggle({ group: 'Sweep', help: 'with --resume: give failed trials another chance' }),
    dryRun: toggle({ group: 'Sweep', help: 'print the trials, and train none' }),
    ...OUTPUT,
  },
  examples: [
    ['sweep lr.yaml --workers 2', 'two trials at a time'],
    ['sweep lr.yaml --dry-run', 'what would be trained'],
    ['sweep --resume runs/<sweep>', 'a sweep that was stopped or killed'],
    ['sweep lr.yaml --queue redis://host:6379', 'trained by the workers of a queue'],
    ['sweep status --queue redis://host:6379', 'the sweeps and workers of a queue'],
  ],
  async run(values, { terminal, io }) {
    const { file, sweep: which, queue, retries, dryRun, json } = values;
    const sweeps = parts();
    if (file === 'status') {
      if (which !== undefined && queue === undefined && !QUEUED.test(which))
        return sweeps.showFolder(which, terminal, { json });
      return sweeps.showQueue(queueAddress(values, io.env), which, terminal, { json });
    }
    if (file === 'stop')
      return sweeps.stopSweep(queueAddress(values, io.env), required(which, 'stop needs the sweep to stop'), terminal);
    if (which !== undefined) {
      throw new HandgradError(
        'usage',
        `sweep does not know what to do with ${quoted(which)}; see handgrad sweep --help.`,
      );
    }
    const { connectQueue, refuseUnfit, runSweepByQueue } = sweeps;
    if (dryRun) return sweeps.printTrials(await sweeps.readSweepFile(required(file)), terminal, { json });
    const division = divisionOf(values);
    const redis = queue === undefined ? undefined : await connectQueue(queueAddress(values, io.env), terminal);
    try {
      const sweep = await openSweep(values, redis !== undefined);
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
  },
});

async function runOnThisMachine(
  common: Omit<SweepRun, 'executor' | 'division' | 'signal'>,
  division: Division,
): Promise<void> {
  const { sweep, terminal, io } = common;
  const { fetchDatasets, localExecutor, runSweepHere, trainProgram } = parts();
  const { metric, seeds } = sweep.state.spec;
  await fetchDatasets(sweep.state.spec, terminal, io.signal);
  const executor = localExecutor(trainProgram(), sweep.dir, division, { metric: metric.name, seeds });
  await runSweepHere({ ...common, executor, division, signal: io.signal });
}

/** How a sweep is opened. */
interface Opening {
  readonly file: string | undefined;
  readonly resume: string | undefined;
  readonly runDir: string | undefined;
  readonly extend: boolean;
  readonly retryFailed: boolean;
}

async function openSweep(opening: Opening, queued: boolean): Promise<OpenSweep> {
  const { file, resume, runDir, extend, retryFailed } = opening;
  const { beginSweep, readSweepFile, refuseUnfit, resumeSweep } = parts();
  if (resume === undefined) {
    if (extend || retryFailed) {
      throw new HandgradError(
        'usage',
        `--${extend ? 'extend' : 'retry-failed'} needs --resume DIR, the sweep to resume.`,
      );
    }
    const spec = await readSweepFile(required(file));
    if (queued) refuseUnfit(spec);
    return beginSweep(required(file), spec, runDir);
  }
  if (runDir !== undefined) throw new HandgradError('usage', '--resume names the folder already; leave --run-dir out.');
  return resumeSweep(resume, file, { extend, retryFailed });
}

function required(
  given: string | undefined,
  lack = 'sweep needs a FILE that says what to search, or --resume DIR',
): string {
  if (given !== undefined) return given;
  throw new HandgradError('usage', `${lack}; see handgrad sweep --help.`);
}
