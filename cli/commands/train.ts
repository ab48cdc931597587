import { join } from 'node:path';
import v8 from 'node:v8';
import { openCheckpointFolder, removeLeftovers } from '../../src/runs/checkpointFolder';
import { describeEnvironment } from '../../src/runs/environment';
import { createRunFolder, reopenRunFolder, RUN_FILES } from '../../src/runs/runFolder';
import { assertSettingsApply } from '../../src/runs/assertSettingsApply';
import { CONFIG_KEYS, lastEpoch, type Resolved } from '../../src/runs/config';
import { datasetKind, openDataset } from '../open/dataset';
import { checkIdentity, backendOf, openEarlierRun } from '../runs/earlierRun';
import { startBackend } from '../open/backend';
import { namingBatchSize } from '../runs/namingBatchSize';
import { identityOf, type ResumedRun, type Run, type TrainingReport } from '../../src/runs/runRecord';
import { openModel } from '../../src/runs/modelConfig';
import { type Args, resolveArgs, settingOptions } from '../arguments/options';
import { claimRunDir } from '../../src/runs/runDir';
import { showingAfterwards } from '../screens/afterwards';
import { createTerminal, type Io, type Terminal } from '../terminal/terminal';
import { reportTraining } from '../screens/training';
import { refuseLowAccuracy, trainAndSave } from '../runs/trainAndSave';
import { chooseSamples, fitConfig } from '../runs/trainingRun';
import { type Command, OUTPUT_OPTIONS } from '../arguments/command';

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
  const report = reportTraining(terminal, { json: args['json'] === true });
  const asked = await resolveArgs(args, io.env);
  const resume = args['resume'] as string | undefined;
  if (resume !== undefined) return resumeTraining(resume, asked, args, terminal, report, io);
  assertSettingsApply(asked.config);
  const kind = await datasetKind(asked.config);
  const start = asked.config.initFrom === undefined ? undefined : await openModel(asked.config.initFrom);
  const claimed = await claimRunDir(
    args['run-dir'] as string | undefined,
    asked.config.dataset,
    args['force-unlock'] === true,
  );
  try {
    const dataset = await openDataset(asked.config, terminal, io.signal);
    const samples = chooseSamples(dataset, asked.config);
    const config = fitConfig(asked, kind, dataset, samples, start, terminal);
    const backend = await startBackend(config, terminal);
    const environment = describeEnvironment({ backend: backend.name, device: backend.device, dataset }, io.env);
    io.signal.throwIfAborted();
    await removeLeftovers(claimed.dir);
    const folder = await createRunFolder(claimed.dir, { config, environment });
    const checkpoints = await openCheckpointFolder(join(claimed.dir, RUN_FILES.checkpoints));
    const { lock } = claimed;
    const run = { config, dataset, samples, backend, folder, checkpoints, lock, start };
    await trainAndShow(run, args, terminal, report, io);
  } finally {
    await claimed.release();
  }
}

/** Goes on with a run where its newest good checkpoint stands. */
async function resumeTraining(
  dir: string,
  asked: Resolved,
  args: Args,
  terminal: Terminal,
  report: TrainingReport,
  io: Io,
): Promise<void> {
  // Before the lock is made: where no run is, nothing is left behind.
  await openEarlierRun(dir, asked);
  const claimed = await claimRunDir(dir, dir, args['force-unlock'] === true);
  try {
    const run = await openEarlierRun(dir, asked);
    for (const fault of run.found?.damaged ?? []) terminal.warning(`${fault} An earlier checkpoint is used.`);
    if (run.end) return reportFinished(run, terminal, report);
    const { config, found } = run;
    await datasetKind(config);
    const start = found || config.initFrom === undefined ? undefined : await openModel(config.initFrom);
    const dataset = await openDataset(config, terminal, io.signal);
    const samples = chooseSamples(dataset, config);
    const backend = await startBackend({ ...config, backend: backendOf(run) }, terminal);
    if (found) checkIdentity(found, identityOf(dataset, samples, backend), terminal);
    io.signal.throwIfAborted();
    const checkpointsDir = join(dir, RUN_FILES.checkpoints);
    for (const folder of [dir, checkpointsDir]) await removeLeftovers(folder);
    const metricsBytes = run.earlier.epochEnds[run.epochs.length - 1] ?? 0;
    const folder = await reopenRunFolder(dir, { metricsBytes, before: run.earlier.config, config });
    const checkpoints = await openCheckpointFolder(checkpointsDir, found?.checkpoint.progress.step);
    const { lock } = claimed;
    const resumed = { config, dataset, samples, backend, folder, checkpoints, lock, start, resumed: run };
    await trainAndShow(resumed, args, terminal, report, io);
  } finally {
    await claimed.release();
  }
}

/** Trains, and shows what came of it as the flags ask. */
async function trainAndShow(run: Run, args: Args, terminal: Terminal, report: TrainingReport, io: Io): Promise<void> {
  const { config, dataset, samples, backend } = run;
  const step = {
    ...config,
    inputs: dataset.numInputs,
    outputs: dataset.numOutputs,
    samples: samples.train.count,
  };
  const work = () => trainAndSave(run, report, io.signal);
  await showingAfterwards(run, args, terminal, () => namingBatchSize(step, backend, work));
}

/** Nothing is left to do: tells the end once more, for a script that missed it. */
function reportFinished({ dir, config, end }: ResumedRun, terminal: Terminal, report: TrainingReport): void {
  terminal.notice(
    `The run in ${dir} has finished its ${lastEpoch(config)} epochs; --epochs with a larger number extends it.`,
  );
  report.end(end!);
  refuseLowAccuracy(end!.testAccuracy, config, dir);
}
