import { datasetNames } from '../../src/data/catalog';
import { text } from '../../src/kinds';
import { keysWhere, settings } from '../../src/runs/config';
import { defineCommand, OUTPUT } from '../arguments/command';
import { argument } from '../arguments/flags';
import { library } from '../library';
import { showDescription } from '../screens/description';
import { withOpenScreen } from '../screens/open';

/** Those of `train` that decide what is trained with what: all but where it computes, and what it writes. */
const SETTINGS = keysWhere(
  ({ affects, compared }) => affects !== 'backend' && !(affects === 'training' && compared === false),
).filter((key) => key !== 'dataset');

export const command = defineCommand({
  summary: 'print what is in a table or image set, and what training would do with it',
  arguments: {
    dataset: argument(
      { ...text(settings.dataset.kind.rule), names: datasetNames },
      'a table such as FILE.csv, - for one on stdin, a DIR of IDX files, or the NAME of a data set',
    ),
  },
  settings: SETTINGS,
  configFile: true,
  flags: { ...OUTPUT },
  examples: [
    ['describe iris.csv', 'its columns, its label, and the network that would be trained'],
    ['describe iris.csv --label-column species --drop id', 'as train with the same flags takes it'],
    ['describe fashion-mnist', 'the images of each class'],
    ['describe iris.csv --json', 'all of it as one JSON object'],
  ],
  async run({ dataset, json }, context) {
    const { describeDataset } = library.describe();
    const { terminal } = context;
    const description = await withOpenScreen(context, (how) => describeDataset({ ...context.settings, dataset }, how));
    if (json) terminal.json(description);
    else showDescription(description, terminal);
  },
});
