import * as tf from '@tensorflow/tfjs-core';
import { selectRows } from '../../src/data/samples';
import { HandgradError } from '../../src/errors';
import { initParams } from '../../src/nn/initialize';
import { dropInputs, dropoutMasks, withBatchNorm } from '../../src/nn/network';
import { createRandom, keyOf } from '../../src/random';
import { dataIterator } from '../../src/training/batches';
import { gradcheck } from '../../src/training/gradcheck';
import { openDataset } from '../open/dataset';
import { startBackend } from '../open/backend';
import { keysDeciding } from '../../src/runs/config';
import { type Args, resolveArgs, settingOptions } from '../arguments/options';
import { quoted } from '../../src/words';
import { table } from '../terminal/table';
import { createTerminal, type Io } from '../terminal/terminal';
import { type Command, OUTPUT_OPTIONS } from '../arguments/command';

const TOLERANCE = 1e-2;
/** Every sample takes part in every gradient, so a few are enough. */
const SAMPLES = 8;

export const command: Command = {
  options: {
    ...settingOptions(keysDeciding('fetching', 'samples', 'network', 'backend')),
    tolerance: {
      requiresArg: true,
      nargs: 1,
      describe: 'the largest relative error that passes',
      defaultDescription: '0.01',
    },
    ...OUTPUT_OPTIONS,
  },
  examples: [['gradcheck --hidden 64,32 --backend wasm', 'a network of your own on one backend']],
  run: runGradcheck,
};

async function runGradcheck(args: Args, io: Io): Promise<void> {
  const terminal = createTerminal(io, { quiet: args['quiet'] === true });
  const { config } = await resolveArgs(args, io.env);
  const tolerance = Number(args['tolerance'] ?? TOLERANCE);
  if (!(tolerance > 0 && tolerance < 1)) {
    throw new HandgradError(
      'usage',
      `--tolerance must be a number above 0 and below 1, not ${quoted(args['tolerance'])}.`,
    );
  }
  const dataset = await openDataset(config, terminal, io.signal);
  const backend = await startBackend(config, terminal);
  const { numInputs, numOutputs, train } = dataset;
  const { seed, hidden, init, batchNorm, activation, dropout, inputDropout } = config;
  const plain = initParams(numInputs, numOutputs, hidden, createRandom(seed, 'init'), { init, activation });
  const network = batchNorm ? withBatchNorm(plain) : plain;
  let masks: tf.Tensor2D[] = [];
  try {
    const first = selectRows(
      train,
      Int32Array.from({ length: Math.min(SAMPLES, train.count) }, (_, i) => i),
    );
    const key = keyOf(seed, 'dropout', 1);
    const [batch] = [...held(dataIterator(first, SAMPLES), (X) => dropInputs(X, inputDropout, key))];
    masks = dropoutMasks(first.count, network, dropout, key);
    const results = await gradcheck({ network, batch: batch!, masks, random: createRandom(seed, 'gradcheck') });
    tf.dispose([batch!.X, batch!.y]);
    // Nothing compared is nothing shown.
    const failed = results.filter(({ entries, relativeError }) => entries === 0 || !(relativeError <= tolerance));
    if (args['json'] === true)
      terminal.json({ backend: backend.name, tolerance, passed: failed.length === 0, results });
    else {
      const rows = results.map((row) => [row.name, `${row.entries}`, row.relativeError.toExponential(1)]);
      terminal.result(table(['Tensor', 'Entries', 'Relative error'], rows, 'lrr'));
    }
    const small = failed.filter(({ entries }) => entries === 0);
    if (small.length === failed.length && small.length > 0) {
      const names = small.map(({ name }) => name).join(', ');
      throw new HandgradError(
        'failure',
        `The gradients of ${names} are too small here to be compared in float32; try --init he or fewer layers.`,
      );
    }
    if (failed.length > 0) {
      const names = failed.map(({ name }) => name).join(', ');
      throw new HandgradError(
        'failure',
        `The gradients of ${names} differ from finite differences by more than ${tolerance}; the backend ${backend.name} or the backward pass is wrong.`,
      );
    }
  } finally {
    tf.dispose([network, masks]);
  }
}

/** The batches of an iterator, kept beyond its loop, with something done to their samples. */
function* held(batches: ReturnType<typeof dataIterator>, change: (X: tf.Tensor2D) => tf.Tensor2D) {
  for (const { X, y } of batches) yield { X: tf.tidy(() => change(tf.clone(X))), y: tf.clone(y) };
}
