import { HandgradError } from '../../src/errors';
import { keysWhere } from '../../src/runs/config';
import { DATASET, defineCommand, OUTPUT } from '../arguments/command';
import { library } from '../library';
import { showDescription } from '../screens/description';
import { withOpenScreen } from '../screens/open';

/** Those of `train` that decide what is trained with what: all but where it computes, and what it writes. */
const SETTINGS = keysWhere(
  ({ affects, compared }) => affects !== 'backend' && !(affects === 'training' && compared === false),
);

export const command = defineCommand({
  summary: 'print what is in a table or image set, and what training would do with it',
  arguments: { dataset: DATASET },
  settings: SETTINGS,
  configFile: true,
  flags: { ...OUTPUT },
  examples: [
    ['describe iris.csv', 'its columns, its label, and the network that would be trained'],
    ['describe iris.csv --label-column species --drop id', 'as train with the same flags takes it'],
    ['describe fashion-mnist', 'the images of each class'],
    ['describe iris.csv --json', 'all of it as one JSON object'],
  ],
  async run({ json }, context) {
    const { describeDataset } = library.describe();
    const { settings, terminal } = context;
    if (settings.dataset === undefined) {
      throw new HandgradError('usage', `describe needs DATASET: ${DATASET.help}; see handgrad describe --help.`);
    }
    const description = await withOpenScreen(context, (how) => describeDataset(settings, how));
    if (json) terminal.json(description);
    else showDescription(description, terminal);
  },
});
