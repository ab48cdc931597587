import * as tf from '@tensorflow/tfjs-core';
import { dataIterator } from '../../src/training/batches';
import { classReport } from '../../src/training/classReport';
import { confusionMatrix, evaluate, evaluationBatchSize } from '../../src/training/evaluate';
import { type Args, settingOptions } from '../arguments/options';
import { formatCount, formatShare } from '../../src/words';
import { table } from '../terminal/table';
import { type Colors, createTerminal, type Io } from '../terminal/terminal';
import { MODEL_SETTINGS, useModel } from '../open/model';
import { type Command, OUTPUT_OPTIONS } from '../arguments/command';

export const command: Command = {
  options: { ...settingOptions(MODEL_SETTINGS), ...OUTPUT_OPTIONS },
  positionals: { MODEL: 'a run folder or a .safetensors file' },
  examples: [
    ['evaluate runs/<run>', 'on the test set of the data it was trained on'],
    ['evaluate model.safetensors --dataset mnist --json', 'another data set, as one JSON object'],
  ],
  run: runEvaluation,
};

async function runEvaluation(args: Args, io: Io): Promise<void> {
  const terminal = createTerminal(io, { quiet: args['quiet'] === true });
  const { dataset, backend, network, classNames } = await useModel(args, terminal, io);
  try {
    const testIter = dataIterator(dataset.test, evaluationBatchSize(network));
    const { loss, accuracy } = await evaluate(testIter, network);
    const confusion = await confusionMatrix(testIter, network);
    const perClass = classReport(confusion).map((figures, label) => ({ label, name: classNames[label]!, ...figures }));
    const samples = dataset.test.count;
    if (args['json'] === true) {
      terminal.json({ dataset: dataset.name, backend: backend.name, samples, loss, accuracy, perClass, confusion });
      return;
    }
    terminal.result(
      `${dataset.name}, ${formatCount(samples)} test samples: Loss: ${formatShare(loss)}, Accuracy: ${formatShare(accuracy)}\n`,
    );
    const rows = perClass.map(({ label, name, precision, recall, f1, support }) => [
      `${label}`,
      name,
      ...[precision, recall, f1].map(formatShare),
      formatCount(support),
    ]);
    terminal.result(table(['', 'Class', 'Precision', 'Recall', 'F1', 'Samples'], rows, 'rlrrrr'));
    terminal.result('\nTrue class (row) taken for (column):');
    const counts = confusion.map((row, label) => [
      `${label}`,
      classNames[label]!,
      ...row.map((count, predicted) => shaded(count, row, predicted === label, terminal.out)),
    ]);
    terminal.result(
      table(['', '', ...confusion.map((_, label) => `${label}`)], counts, `rl${'r'.repeat(confusion.length)}`),
    );
  } finally {
    tf.dispose(network);
  }
}

/** A mistake is dimmer the rarer it is, and stands out from a twentieth of its row on; right answers are green. */
function shaded(count: number, row: readonly number[], right: boolean, colors: Colors): string {
  const share = count / (row.reduce((sum, other) => sum + other, 0) || 1);
  const text = `${count}`;
  if (right) return colors.green(colors.bold(text));
  if (share >= 0.05) return colors.yellow(text);
  return count === 0 ? colors.dim(text) : text;
}
