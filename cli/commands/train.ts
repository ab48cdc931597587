import v8 from 'node:v8';
import { HandgradError } from '../../src/errors';
import { CONFIG_KEYS, lastEpoch } from '../../src/runs/config';
import type { StoppedEvent } from '../../src/runs/events';
import { shellWord } from '../../src/words';
import { DATASET, defineCommand, OUTPUT } from '../arguments/command';
import { flag, PATH, RUN, toggle } from '../arguments/flags';
import { SIGNALS } from '../exitCodes';
import { Interruption } from '../stopping/interruption';
import { endAtSecondSignal } from '../stopping/secondSignal';
import { library } from '../library';
import { showConfig } from '../screens/config';
import { showEstimate } from '../screens/estimate';
import { withOpenScreen } from '../screens/open';
import { showResults } from '../screens/results';
import { trainingScreen } from '../screens/training';

export const command = defineCommand({
  summary: 'train a network; downloads the data first if it is missing',
  arguments: { dataset: DATASET },
  settings: CONFIG_KEYS,
  configFile: true,
  flags: {
    runDir: flag(PATH, {
      group: 'Output',
      help: 'the DIR for model and metrics',
      otherwise: 'runs/<dataset>-<date>-<time>',
    }),
    resume: flag(RUN, {
      group: 'Output',
      help: 'resume the run in DIR from its checkpoint; a larger --epochs extends it',
      conflicts: ['runDir'],
    }),
    summary: toggle({ group: 'Output', help: 'print the layers of the network before training' }),
    printConfig: toggle({
      group: 'Output',
      help: 'print the config, with the source of each value, without training',
      conflicts: ['resume'],
    }),
    dryRun: toggle({
      group: 'Output',
      help: 'estimate steps, memory and time from a few steps, without saving anything',
      conflicts: ['resume', 'printConfig'],
    }),
    forceUnlock: toggle({
      group: 'Output',
      help: 'take over a run folder from a process on another machine that has certainly ended',
    }),
    report: toggle({ group: 'Output', help: 'write report.html into the run folder at the end' }),
    plot: toggle({ group: 'Output', help: 'draw loss and accuracy in the terminal at the end' }),
    ...OUTPUT,
  },
  examples: [
    ['train', 'one hidden layer of 256 units, on Fashion-MNIST'],
    ['train --hidden 512,256 --epochs 20 --seed 1', 'two hidden layers'],
    ['train iris.csv --label-column species', 'your own table'],
    ['train --dry-run', 'an estimate of steps, memory and time'],
    ['train --config base.yaml wide.yaml', 'settings from two files; the later one wins'],
    ['train --config runs/<run>/config.json', 'the same run again'],
    ['train --resume runs/<run>', 'an interrupted run, from its checkpoint'],
  ],
  async run({ runDir, resume, summary, printConfig, dryRun, forceUnlock, report, plot, json }, context) {
    if (printConfig) {
      const { planRun } = library.plans();
      const plan = await withOpenScreen(context, (how) => planRun(context.settings, { ...how, dir: runDir }));
      return showConfig(plan, context, { json });
    }
    if (dryRun) {
      const { estimateRun } = library.estimates();
      const estimate = await withOpenScreen(context, (how) => estimateRun(context.settings, { ...how, dir: runDir }));
      return showEstimate(estimate, context.terminal, { json });
    }
    // Objects of a step die with it, so V8's young generation need not grow; this saves 10 to 45 MB. Data read from the
    // backend after an epoch outlives that generation, and 20 MB would accumulate before V8 collects the old one.
    v8.setFlagsFromString('--semi-space-growth-factor=1');
    v8.setFlagsFromString('--heap-growing-percent=30');
    endAtSecondSignal(SIGNALS);
    const { startRun, resumeRun } = library.runs();
    const { settings, terminal, signal } = context;
    const run = await withOpenScreen(context, (how) =>
      resume === undefined
        ? startRun(settings, { ...how, forceUnlock, dir: runDir })
        : resumeRun(resume, settings, { ...how, forceUnlock }),
    );
    if (run.finished) {
      const { epochs, bestEpoch } = run.finished;
      terminal.notice(
        bestEpoch !== undefined && epochs < lastEpoch(run.config)
          ? `The run in ${run.dir} stopped early, after epoch ${epochs}, and kept the network of epoch ${bestEpoch}; ` +
              `a new run with a larger --patience, or without it, trains longer.`
          : `The run in ${run.dir} has finished its ${lastEpoch(run.config)} epochs; ` +
              `--epochs with a larger number extends it.`,
      );
    }
    const screen = trainingScreen(terminal, { json, summary });
    let missed: HandgradError | undefined;
    try {
      for await (const event of run.train(signal)) {
        screen.show(event);
        if (event.type === 'stopped') throw stopped(signal.reason, event);
      }
    } catch (error) {
      // A run that missed --expect-accuracy is complete: show its results first.
      if (!(error instanceof HandgradError && error.kind === 'failure')) throw error;
      missed = error;
    } finally {
      screen.stop();
    }
    if (!run.finished) await showResults(run, { report, plot, json }, terminal);
    if (missed) throw missed;
  },
});

/** The interruption, with what was saved and how to resume. */
function stopped(reason: unknown, { epoch, step, runDir }: StoppedEvent): unknown {
  if (!(reason instanceof Interruption)) return reason;
  const why = (reason.message || 'Stopped because stdout was closed').replace(/\.$/, '');
  const what = `${why} after step ${step}, in epoch ${epoch}, and saved`;
  return new Interruption(reason.exitCode, `${what}; resume with: handgrad train --resume ${shellWord(runDir)}`);
}
