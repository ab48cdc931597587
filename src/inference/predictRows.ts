import * as tf from '@tensorflow/tfjs-core';
import type { Preparation, Target } from '../data/samples';
import { rowPreparer, type UnseenCategory } from '../data/tables/preparation';
import type { Table } from '../data/tables/table';
import { mlp, type Network } from '../nn/mlp';
import { softmax } from '../nn/softmaxCrossEntropy';
import { evaluationBatchSize } from '../training/evaluate';
import type { Turn } from '../training/turn';
import { plural, quoted } from '../words';

/** Predictions for some rows of a table, in its order. */
export interface PredictedRows {
  /** The position of the first of them in the table, from 0. */
  readonly first: number;
  readonly count: number;
  /** Row-major [count, outputs]: probabilities of the classes, or for regression values in the units of the labels. */
  readonly outputs: Float32Array | Float64Array;
}

/**
 * Predicts the rows of a table, a batch at a time.
 * @returns the categories among them that have no input
 * @throws HandgradError 'data' when a column is missing or of another type
 */
export async function* predictRows(
  preparation: Preparation,
  network: Network,
  table: Table,
  turn: Turn,
): AsyncGenerator<PredictedRows, UnseenCategory[], void> {
  const preparer = rowPreparer(preparation, table);
  const most = evaluationBatchSize(network);
  for (let first = 0; first < table.count; first += most) {
    const count = Math.min(most, table.count - first);
    const features = preparer.features(Int32Array.from({ length: count }, (_, i) => first + i));
    const O = tf.tidy(() => {
      const found = mlp(tf.tensor2d(features, [count, preparer.width]), network);
      return preparation.targets ? found : softmax(found);
    });
    try {
      const outputs = await O.data<'float32'>();
      const { targets } = preparation;
      yield { first, count, outputs: targets ? Float64Array.from(inUnits(outputs, targets)) : outputs };
    } finally {
      O.dispose();
    }
    await turn();
  }
  return preparer.unseen();
}

/**
 * Outputs of a regression as values in the units of its labels.
 * @param outputs row-major [n, targets]
 */
export function inUnits(outputs: ArrayLike<number>, targets: readonly Target[]): number[] {
  const k = targets.length;
  return Array.from(outputs, (output, i) => output * targets[i % k]!.std + targets[i % k]!.mean);
}

/** What to say about categories without an input: a sentence for each column. */
export function unseenNotices(unseen: readonly UnseenCategory[], path: string): string[] {
  return [...new Set(unseen.map(({ column }) => column))].map((column) => {
    const categories = unseen.filter((one) => one.column === column);
    const rows = categories.reduce((sum, one) => sum + one.rows, 0);
    const shown = categories.slice(0, 5).map(({ category }) => quoted(category));
    const more = categories.length > 5 ? `, and ${categories.length - 5} more` : '';
    return (
      `${plural(rows, 'row')} of ${path} ${rows === 1 ? 'has' : 'have'} in column ${quoted(column)} a category that ` +
      `the training met too rarely or never: ${shown.join(', ')}${more}.`
    );
  });
}
