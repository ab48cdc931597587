import { HandgradError } from '../../src/errors';
import { number } from '../../src/kinds';
import { keysAffecting } from '../../src/runs/config';
import { DATASET, defineCommand, OUTPUT } from '../arguments/command';
import { flag } from '../arguments/flags';
import { library } from '../library';
import { withOpenScreen } from '../screens/open';
import { table } from '../terminal/table';

export const command = defineCommand({
  summary: 'check the hand-written gradients by finite differences',
  arguments: { dataset: DATASET },
  settings: keysAffecting('fetching', 'samples', 'preparation', 'network', 'loss', 'backend'),
  flags: {
    tolerance: flag(
      number('a number above 0 and below 1', (value) => value > 0 && value < 1),
      { default: 0.01, help: 'the largest relative error that passes' },
    ),
    ...OUTPUT,
  },
  examples: [['gradcheck --hidden 64,32 --backend wasm', 'a network of your own on one backend']],
  async run({ tolerance, json }, context) {
    const { checkGradients } = library.gradients();
    const { settings, terminal } = context;
    const { backend, results } = await withOpenScreen(context, (how) => checkGradients(settings, how));
    // A tensor without a compared entry fails, too.
    const failed = results.filter(({ entries, relativeError }) => entries === 0 || !(relativeError <= tolerance));
    if (json) terminal.json({ backend, tolerance, passed: failed.length === 0, results });
    else {
      const rows = results.map((row) => [row.name, `${row.entries}`, row.relativeError.toExponential(1)]);
      terminal.result(table(['Tensor', 'Entries', 'Relative error'], rows, 'lrr'));
    }
    if (failed.length === 0) return;
    const names = failed.map(({ name }) => name).join(', ');
    throw new HandgradError(
      'failure',
      failed.every(({ entries }) => entries === 0)
        ? `The gradients of ${names} are too small to be compared in float32; try --init he or fewer layers.`
        : `The gradients of ${names} differ from finite differences by more than ${tolerance}; ` +
            `the backend ${backend} or the backward pass is wrong.`,
    );
  },
});
