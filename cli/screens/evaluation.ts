import type { ClassificationEvaluation, Evaluation, RegressionEvaluation } from '../../src/inference/evaluateModel';
import { formatCount, formatShare, formatUnits, quoted, visibleName } from '../../src/words';
import { library } from '../library';
import { table } from '../terminal/table';
import { widthOf, wrapped } from '../terminal/text';
import type { Colors, Terminal } from '../terminal/terminal';

/** With more classes, a confusion matrix would not fit a screen. */
const MOST_CLASSES = 30;
/** With more classes, so many are listed: those that are recognized worst, and the most frequent confusions. */
const LISTED = 20;

/** Shows the results of a network on a test set. */
export function showEvaluation(evaluation: Evaluation, terminal: Terminal): void {
  if ('accuracy' in evaluation) showClassification(evaluation, terminal);
  else showRegression(evaluation, terminal);
}

function showRegression(
  { dataset, samples, loss, rmse, mae, r2, perOutput }: RegressionEvaluation,
  terminal: Terminal,
) {
  terminal.result(
    `${dataset}, ${formatCount(samples)} test samples: Loss: ${formatShare(loss)}, ` +
      `RMSE: ${formatUnits(rmse)}, MAE: ${formatUnits(mae)}, R²: ${formatShare(r2)}`,
  );
  if (perOutput.length === 1) return;
  const rows = perOutput.map((one) => [
    visibleName(one.name),
    formatUnits(one.rmse),
    formatUnits(one.mae),
    formatShare(one.r2),
  ]);
  terminal.result(`\n${table(['Label', 'RMSE', 'MAE', 'R²'], rows, 'lrrr')}`);
}

function showClassification(evaluation: ClassificationEvaluation, terminal: Terminal): void {
  const { dataset, samples, loss, accuracy, balancedAccuracy, rocAuc, averagePrecision } = evaluation;
  const width = terminal.lineWidth;
  const lines = [
    `${dataset}, ${formatCount(samples)} test samples: Loss: ${formatShare(loss)}, Accuracy: ${formatShare(accuracy)}`,
    `Balanced Accuracy: ${formatShare(balancedAccuracy)}, ROC AUC: ${figure(rocAuc)}, ` +
      `Average Precision: ${figure(averagePrecision)}`,
    ...thresholdLines(evaluation),
  ];
  for (const line of lines) terminal.result(wrapped(line, width, 2));
  const few = evaluation.perClass.length <= MOST_CLASSES;
  terminal.result(few ? '' : `\nThe ${LISTED} classes with the lowest F1 (--json lists all):`);
  terminal.result(classTable(evaluation, few, width));
  const counts = few ? matrix(evaluation, terminal.out) : '';
  if (few && widthOf(counts) <= width) {
    const heading = 'Confusion matrix (rows: true classes, columns: predicted classes):';
    terminal.result(`\n${wrapped(heading, width, 2)}\n${counts}`);
  } else terminal.result(`\nThe most frequent confusions:\n${confusions(evaluation, width)}`);
}

const figure = (value: number | null) => (value === null ? '—' : formatShare(value));

function thresholdLines({ threshold, bestThresholds: best, perClass }: ClassificationEvaluation): string[] {
  const name = quoted(perClass[1]?.name);
  return [
    ...(threshold === undefined
      ? []
      : [`Threshold ${threshold}: ${name} is predicted if its probability is at least that`]),
    ...(best
      ? [
          `Best thresholds for ${name}: ${rounded(best.f1.threshold)} for F1 (${formatShare(best.f1.value)}), ` +
            `${rounded(best.balancedAccuracy.threshold)} for balanced accuracy ` +
            `(${formatShare(best.balancedAccuracy.value)})`,
        ]
      : []),
  ];
}

/** Four digits, rounded down, so that a threshold still includes the sample it was measured at. */
function rounded(threshold: number): string {
  const unit = 10 ** (Math.floor(Math.log10(threshold)) - 3);
  return threshold === 0 ? '0' : `${Number((Math.floor(threshold / unit) * unit).toPrecision(4))}`;
}

function classTable(
  { perClass, macro, weighted, rocAuc, averagePrecision, samples }: ClassificationEvaluation,
  few: boolean,
  width: number,
): string {
  const worst = perClass.filter(({ support }) => support > 0).sort((a, b) => a.f1 - b.f1 || b.support - a.support);
  const rows = (few ? perClass : worst.slice(0, LISTED)).map((one) => [
    `${one.label}`,
    visibleName(one.name),
    ...[one.precision, one.recall, one.f1, one.rocAuc, one.averagePrecision].map(figure),
    formatCount(one.support),
  ]);
  const averages = ([name, { precision, recall, f1 }, ...ranking]: readonly [
    string,
    ClassificationEvaluation['macro'],
    ...(number | null)[],
  ]) => ['', name, ...[precision, recall, f1, ...ranking].map(figure)];
  return table(
    ['', 'Class', 'Precision', 'Recall', 'F1', 'ROC AUC', 'Avg. Precision', 'Samples'],
    [
      ...rows,
      [...averages(['macro average', macro, rocAuc, averagePrecision]), formatCount(samples)],
      [...averages(['weighted average', weighted]), '', '', formatCount(samples)],
    ],
    'rlrrrrrr',
    { width, drop: [6, 5, 7, 0, 2] },
  );
}

function matrix({ perClass, confusion }: ClassificationEvaluation, colors: Colors): string {
  const counts = confusion.map((row, label) => [
    `${label}`,
    visibleName(perClass[label]!.name),
    ...row.map((count, predicted) => shaded(count, row, predicted === label, colors)),
  ]);
  return table(['', '', ...confusion.map((_, label) => `${label}`)], counts, `rl${'r'.repeat(confusion.length)}`);
}

function confusions({ perClass, confusion }: ClassificationEvaluation, width: number): string {
  const rows = library
    .classReport()
    .frequentConfusions(confusion, LISTED)
    .map(({ truth, predicted, count }) => [
      visibleName(perClass[truth]!.name),
      visibleName(perClass[predicted]!.name),
      formatCount(count),
      `${((100 * count) / perClass[truth]!.support).toFixed(1)}%`,
    ]);
  const heading = ['True class', 'Predicted class', 'Samples', 'Share of the class'];
  return rows.length === 0 ? 'none' : table(heading, rows, 'llrr', { width, drop: [3, 2] });
}

/** Correct counts are green; errors of at least 5% of their row are highlighted, and zeros are dimmed. */
function shaded(count: number, row: readonly number[], right: boolean, colors: Colors): string {
  const share = count / (row.reduce((sum, other) => sum + other, 0) || 1);
  const text = `${count}`;
  if (right) return colors.green(colors.bold(text));
  if (share >= 0.05) return colors.yellow(text);
  return count === 0 ? colors.dim(text) : text;
}
