import { HandgradError } from '../../src/errors';
import { positive, wholeNumber } from '../../src/kinds';
import { CONFIG_KEYS, settings as settingsOfRuns } from '../../src/runs/config';
import { DATASET, defineCommand, OUTPUT } from '../arguments/command';
import { flag, PATH } from '../arguments/flags';
import { library } from '../library';
import { withOpenScreen } from '../screens/open';
import { rangeScreen } from '../screens/rangeTest';

export const command = defineCommand({
  summary: 'find a learning rate by a range test: a few steps at increasing rates',
  arguments: { dataset: DATASET },
  settings: CONFIG_KEYS.filter((key) => !settingsOfRuns[key].wholeRun),
  configFile: true,
  flags: {
    minLr: flag(positive(1e12, '1e12'), { default: 1e-6, group: 'Training', help: 'the lowest learning rate' }),
    maxLr: flag(positive(1e12, '1e12'), { default: 10, group: 'Training', help: 'the highest learning rate' }),
    steps: flag(wholeNumber(20, 100_000), { default: 200, group: 'Training', help: 'the number of steps' }),
    out: flag(PATH, { group: 'Output', help: 'write the picture to FILE.png or FILE.svg' }),
    ...OUTPUT,
  },
  examples: [
    ['find-lr', 'for one hidden layer of 256 units, on Fashion-MNIST'],
    ['find-lr iris.csv --optimizer adam', 'for your own table'],
    ['find-lr --optimizer momentum --out lr.png', 'with its picture'],
  ],
  async run({ minLr, maxLr, steps, out, json }, context) {
    const { findLearningRate } = library.rangeTests();
    const { assertPictureName, writeRangePicture } = library.rangePictures();
    const { settings, terminal } = context;
    if (out !== undefined) assertPictureName(out);
    const screen = rangeScreen(terminal, { json });
    const result = await withOpenScreen(context, async (how) => {
      try {
        for await (const event of findLearningRate(settings, { ...how, minLr, maxLr, steps })) {
          screen.show(event);
          if (event.type === 'end') return event;
        }
        return undefined;
      } finally {
        screen.stop();
      }
    });
    if (out !== undefined && result) {
      await writeRangePicture(out, result);
      terminal.notice(`The picture is ${out}`);
    }
    if (result?.suggestion) return;
    throw new HandgradError(
      'failure',
      `The loss did not decrease at any learning rate from ${minLr} to ${maxLr}; try a larger --max-lr, more ` +
        '--steps, or another --init.',
    );
  },
});
