import { formatCount, formatShare } from '../../src/words';
import { defineCommand, MODEL, MODEL_SETTINGS, OUTPUT } from '../arguments/command';
import { library } from '../library';
import { withOpenScreen } from '../screens/open';
import { table } from '../terminal/table';
import type { Colors } from '../terminal/terminal';

export const command = defineCommand({
  summary: 'print loss, accuracy, per-class metrics and the confusion matrix of a trained network',
  arguments: { model: MODEL },
  settings: MODEL_SETTINGS,
  flags: OUTPUT,
  examples: [
    ['evaluate runs/<run>', 'on the test set of its data set'],
    ['evaluate model.safetensors --dataset mnist --json', 'on another data set, as one JSON object'],
  ],
  async run({ model, json }, context) {
    const { evaluateModel } = library.inference();
    const { settings, terminal } = context;
    const evaluation = await withOpenScreen(context, (how) => evaluateModel(model, settings, how));
    if (json) return terminal.json(evaluation);
    const { dataset, samples, loss, accuracy, perClass, confusion } = evaluation;
    terminal.result(
      `${dataset}, ${formatCount(samples)} test samples: ` +
        `Loss: ${formatShare(loss)}, Accuracy: ${formatShare(accuracy)}\n`,
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
      perClass[label]!.name,
      ...row.map((count, predicted) => shaded(count, row, predicted === label, terminal.out)),
    ]);
    terminal.result(
      table(['', '', ...confusion.map((_, label) => `${label}`)], counts, `rl${'r'.repeat(confusion.length)}`),
    );
  },
});

/** Correct counts are green; errors of at least 5% of their row are highlighted, and zeros are dimmed. */
function shaded(count: number, row: readonly number[], right: boolean, colors: Colors): string {
  const share = count / (row.reduce((sum, other) => sum + other, 0) || 1);
  const text = `${count}`;
  if (right) return colors.green(colors.bold(text));
  if (share >= 0.05) return colors.yellow(text);
  return count === 0 ? colors.dim(text) : text;
}
