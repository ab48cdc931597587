import * as tf from '@tensorflow/tfjs-core';
import type { Preparation, Target } from '../data/samples';
import { rowPreparer, type UnseenCategory } from '../data/tables/preparation';
import type { Column, Table } from '../data/tables/table';
import { pixels } from '../data/tables/tableDataset';
import { HandgradError } from '../errors';
import { mlp, type Network } from '../nn/mlp';
import { softmax } from '../nn/softmaxCrossEntropy';
import { evaluationBatchSize } from '../training/evaluate';
import type { Turn } from '../training/turn';
import { firstOf, plural, quoted } from '../words';

/** Predictions for some rows of a table, in its order. */
export interface PredictedRows {
  /** The position of the first of them in the table, from 0. */
  readonly first: number;
  readonly count: number;
  /** Row-major [count, outputs]: probabilities of the classes, or for regression values in the units of the labels. */
  readonly outputs: Float32Array | Float64Array;
}

/** The outputs of each row, as a list. */
export function rowsOf({ count, outputs }: PredictedRows): number[][] {
  const k = outputs.length / count;
  return Array.from({ length: count }, (_, i) => [...outputs.subarray(i * k, (i + 1) * k)]);
}

/**
 * Predicts the rows of a table, a batch at a time.
 * @returns the categories among them that have no input
 * @throws HandgradError 'data' when a column is missing or of another type, or values overflow float32
 */
export async function* predictRows(
  preparation: Preparation,
  network: Network,
  table: Table,
  turn: Turn,
): AsyncGenerator<PredictedRows, UnseenCategory[], void> {
  const preparer = rowPreparer(preparation, table);
  const featuresOf = (rows: Int32Array) => preparer.features(rows);
  for await (const rows of predictFeatures(featuresOf, table.count, network, turn, preparation.targets)) {
    assertFinite(rows, table);
    yield rows;
  }
  return preparer.unseen();
}

/** Values far beyond those of the training overflow float32. */
function assertFinite({ first, count, outputs }: PredictedRows, { path, lineOf }: Table): void {
  const bad = outputs.findIndex((output) => !Number.isFinite(output));
  if (bad < 0) return;
  const line = lineOf(first + Math.floor(bad / (outputs.length / count)));
  throw new HandgradError(
    'data',
    `${path}, line ${line}: the values are too far from those of the training to predict from; correct them, or ` +
      'leave the row out.',
  );
}

/** Predicts the images of a table, a batch at a time. @param columns one for each pixel */
export function predictPixels(
  columns: readonly Column[],
  count: number,
  network: Network,
  turn: Turn,
): AsyncGenerator<PredictedRows, void, void> {
  const featuresOf = (rows: Int32Array) => Float32Array.from(pixels(columns, rows).features, (byte) => byte / 255);
  return predictFeatures(featuresOf, count, network, turn);
}

/** @param featuresOf gives the inputs of some rows */
async function* predictFeatures(
  featuresOf: (rows: Int32Array) => Float32Array,
  rows: number,
  network: Network,
  turn: Turn,
  targets?: readonly Target[],
): AsyncGenerator<PredictedRows, void, void> {
  const most = evaluationBatchSize(network);
  for (let first = 0; first < rows; first += most) {
    const count = Math.min(most, rows - first);
    const features = featuresOf(Int32Array.from({ length: count }, (_, i) => first + i));
    const O = tf.tidy(() => {
      const found = mlp(tf.tensor2d(features, [count, features.length / count]), network);
      return targets ? found : softmax(found);
    });
    try {
      const outputs = await O.data<'float32'>();
      yield { first, count, outputs: targets ? Float64Array.from(inUnits(outputs, targets)) : outputs };
    } finally {
      O.dispose();
    }
    await turn();
  }
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
    const names = categories.map(({ category }) => quoted(category));
    const some = `${plural(rows, 'row')} ${rows === 1 ? 'has' : 'have'}`;
    const what = names.length === 1 ? 'a category that is' : 'categories that are';
    return `Column ${quoted(column)} of ${path}: ${some} ${what} rare or unseen in training: ${firstOf(names, 5)}.`;
  });
}
