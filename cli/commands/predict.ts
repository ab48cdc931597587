import * as tf from '@tensorflow/tfjs-core';
import { selectRows } from '../../src/data/samples';
import { HandgradError } from '../../src/errors';
import { dataIterator } from '../../src/training/batches';
import { evaluationBatchSize, predict } from '../../src/training/evaluate';
import { type Args, settingOptions } from '../options';
import { formatShare, quoted } from '../terminal/format';
import { createTerminal, type Io } from '../terminal/terminal';
import { MODEL_SETTINGS, useModel } from '../useModel';
import { type Command, OUTPUT_OPTIONS } from './command';

export const command: Command = {
  options: {
    ...settingOptions(MODEL_SETTINGS),
    index: {
      array: true,
      describe: 'the samples of the test set, from 0',
    },
    top: { requiresArg: true, nargs: 1, describe: 'how many classes to show', defaultDescription: '3' },
    ...OUTPUT_OPTIONS,
  },
  positionals: { MODEL: 'a run folder or a .safetensors file' },
  examples: [['predict runs/<run> --index 0 1 2 --top 3', 'three samples of the test set']],
  run: runPrediction,
};

async function runPrediction(args: Args, io: Io): Promise<void> {
  const terminal = createTerminal(io, { quiet: args['quiet'] === true });
  if (args['index'] === undefined) {
    throw new HandgradError('usage', 'predict needs --index N, the samples of the test set to classify.');
  }
  const { dataset, engine, params, activation, classNames } = await useModel(args, terminal, io);
  try {
    const { test } = dataset;
    const indices = (args['index'] as string[]).map((text) => wholeNumber('--index', text, 0, test.count - 1));
    if (indices.length === 0) throw new HandgradError('usage', 'The flag --index needs the number of a test sample.');
    const top = wholeNumber(
      '--top',
      (args['top'] as string | undefined) ?? String(Math.min(3, classNames.length)),
      1,
      classNames.length,
    );
    const rows = await predict(
      dataIterator(selectRows(test, indices), evaluationBatchSize(params)),
      params,
      activation,
    );
    const predictions = rows.map((probabilities, i) => {
      const label = test.labels[indices[i]!]!;
      const ranked = probabilities
        .map((probability, label) => ({ label, name: classNames[label]!, probability }))
        .sort((a, b) => b.probability - a.probability);
      return { index: indices[i]!, label, name: classNames[label]!, top: ranked.slice(0, top) };
    });
    if (args['json'] === true) return terminal.json({ dataset: dataset.name, backend: engine.name, predictions });
    for (const { index, name, top } of predictions) {
      const shown = top.map(({ name, probability }) => `${name} ${formatShare(probability)}`).join(', ');
      terminal.result(`${index}: ${shown} (truth: ${name})`);
    }
  } finally {
    tf.dispose(params);
  }
}

function wholeNumber(flag: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new HandgradError('usage', `${flag} must be a whole number from ${min} to ${max}, not ${quoted(text)}.`);
}
