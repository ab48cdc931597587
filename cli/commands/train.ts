import v8 from 'node:v8';
import { HandgradError } from '../../src/errors';
import { CONFIG_KEYS, lastEpoch, pick } from '../../src/runs/config';
import type { StoppedEvent } from '../../src/runs/events';
import { resumeRun, type Run, startRun } from '../../src/runs/run';
import { shellWord } from '../../src/words';
import { type Args, resolveArgs, settingOptions } from '../arguments/options';
import { type Command, OUTPUT_OPTIONS } from '../arguments/command';
import { Interruption } from '../interruption';
import { openScreen } from '../screens/open';
import { showResults } from '../screens/results';
import { trainingScreen } from '../screens/training';
import { createTerminal, type Io, type Terminal } from '../terminal/terminal';

export const command: Command = {
  options: {
    ...settingOptions(CONFIG_KEYS),
    config: {
      requiresArg: true,
      nargs: 1,
      group: 'Output:',
      describe: 'take settings from FILE.yaml or FILE.json; flags win',
    },
    'run-dir': {
      requiresArg: true,
      nargs: 1,
      group: 'Output:',
      describe: 'the DIR that gets model and metrics, else runs/<dataset>-<date>-<time>',
    },
    resume: {
      requiresArg: true,
      nargs: 1,
      group: 'Output:',
      describe: 'go on with the run in DIR where it was stopped; a larger --epochs extends it',
      conflicts: ['run-dir'],
    },
    'force-unlock': {
      type: 'boolean',
      group: 'Output:',
      describe: 'take over a run folder from a process on another machine that has surely ended',
    },
    report: { type: 'boolean', group: 'Output:', describe: 'write report.html into the run folder at the end' },
    plot: { type: 'boolean', group: 'Output:', describe: 'draw loss and accuracy in the terminal at the end' },
    ...OUTPUT_OPTIONS,
  },
  examples: [
    ['train', "the post's network on Fashion-MNIST"],
    ['train --hidden 512,256 --epochs 20 --seed 1', 'two hidden layers'],
    ['train --dataset iris.csv --label-column species', 'your own table'],
    ['train --config runs/<run>/config.json', 'the same run again'],
    ['train --resume runs/<run>', 'a run that was stopped goes on where it was'],
  ],
  run: runTraining,
};

async function runTraining(args: Args, io: Io): Promise<void> {
  // What a step leaves in V8's young generation is gone after it: it need not grow, which saves 10 to 45 MB. And what is read from
  // the backend after an epoch outlives that generation: 20 MB would have gathered before the old one was looked through.
  v8.setFlagsFromString('--semi-space-growth-factor=1');
  v8.setFlagsFromString('--heap-growing-percent=30');
  const terminal = createTerminal(io, { quiet: args['quiet'] === true });
  const run = await openRun(args, terminal, io);
  if (run.finished) {
    terminal.notice(
      `The run in ${run.dir} has finished its ${lastEpoch(run.config)} epochs; --epochs with a larger number extends it.`,
    );
  }
  const screen = trainingScreen(terminal, { json: args['json'] === true });
  let missed: HandgradError | undefined;
  try {
    for await (const event of run.train(io.signal)) {
      screen.show(event);
      if (event.type === 'stopped') throw stopped(io.signal.reason, event);
    }
  } catch (error) {
    // Of a run that missed the accuracy it was expected to reach, somebody will want to see what the flags ask for.
    if (!(error instanceof HandgradError && error.kind === 'failure')) throw error;
    missed = error;
  } finally {
    screen.stop();
  }
  if (!run.finished) await showResults(run, args, terminal);
  if (missed) throw missed;
}

async function openRun(args: Args, terminal: Terminal, io: Io): Promise<Run> {
  const { config, given } = await resolveArgs(args, io.env);
  const settings = pick(config, [...given]);
  const screen = openScreen(terminal);
  const forceUnlock = args['force-unlock'] === true;
  const options = { forceUnlock, onEvent: screen.show, signal: io.signal, env: io.env };
  const resumed = args['resume'] as string | undefined;
  try {
    if (resumed !== undefined) return await resumeRun(resumed, settings, options);
    return await startRun(settings, { ...options, dir: args['run-dir'] as string | undefined });
  } finally {
    screen.stop();
  }
}

/** The interruption in the words of somebody who wants to know what is left of the run. */
function stopped(reason: unknown, { epoch, step, runDir }: StoppedEvent): unknown {
  if (!(reason instanceof Interruption)) return reason;
  const what = `${(reason.message || 'Stopped because nobody reads stdout').replace(/\.$/, '')} after step ${step}, in epoch ${epoch}, and saved`;
  return new Interruption(reason.exitCode, `${what}; resume with: handgrad train --resume ${shellWord(runDir)}`);
}
