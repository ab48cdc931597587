import { describeEnvironment } from '../../src/runs/environment';
import { createRunFolder } from '../../src/runs/runFolder';
import { datasetKind, openDataset } from '../dataset';
import { startEngine } from '../engine';
import { openModel } from '../openModel';
import { type Args, resolveConfig, SETTING_KEYS, settingOptions } from '../options';
import { claimRunDir } from '../runDir';
import { createTerminal, type Io } from '../terminal/terminal';
import { reportTraining } from '../terminal/trainingReport';
import { trainAndSave } from '../trainAndSave';
import { chooseSamples, fitConfig } from '../trainingRun';
import { type Command, OUTPUT_OPTIONS } from './command';

export const command: Command = {
  options: {
    ...settingOptions(SETTING_KEYS),
    'no-shuffle': { type: 'boolean', group: 'Training:', describe: 'take the samples in their order' },
    // Only to win over a config file that says `shuffle: false`.
    shuffle: { type: 'boolean', hidden: true, conflicts: 'no-shuffle' },
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
    ...OUTPUT_OPTIONS,
  },
  examples: [
    ['train', "the post's network on Fashion-MNIST"],
    ['train --hidden 512,256 --epochs 20 --seed 1', 'two hidden layers'],
    ['train --dataset iris.csv --label-column species', 'your own table'],
    ['train --config runs/<run>/config.json', 'the same run again'],
  ],
  run: runTraining,
};

async function runTraining(args: Args, io: Io): Promise<void> {
  const terminal = createTerminal(io, { quiet: args['quiet'] === true });
  const asked = await resolveConfig(args, io.env);
  const kind = await datasetKind(asked.config);
  const start = asked.config.initFrom === undefined ? undefined : await openModel(asked.config.initFrom);
  const claimed = await claimRunDir(args['run-dir'] as string | undefined, asked.config.dataset);
  try {
    const dataset = await openDataset(asked.config, terminal, io.signal);
    const samples = chooseSamples(dataset, asked.config);
    const config = fitConfig(asked, kind, dataset, samples, start, terminal);
    const engine = await startEngine(config, terminal);
    const environment = describeEnvironment({ engine: engine.name, device: engine.device, dataset }, io.env);
    io.signal.throwIfAborted();
    const folder = await createRunFolder(claimed.dir, { config, environment });
    const report = reportTraining(terminal, { json: args['json'] === true });
    await trainAndSave({ config, dataset, samples, engine, folder, start }, report, io.signal);
  } finally {
    await claimed.release();
  }
}
