import { HandgradError } from '../../errors';
import { createRandom } from '../../random';
import { quoted } from '../../words';
import { asTexts, numbersOf } from './columnTypes';
import { classesOf } from './label';
import { drawRows, foldRows, type Parts, type SplitBy } from './splitRows';
import type { TypedTable } from './typedTable';

/** How the rows of a table become the parts of a data set. */
export interface TableSplit {
  /** The fraction of the rows in the test set, 0.2 when left out. */
  readonly testFraction?: number;
  /** The fraction of the training rows held back for validation; none when left out. */
  readonly valFraction?: number;
  /** Cross-validation: the number of parts, and which of them, from 1, is the test set. */
  readonly folds?: number;
  readonly fold?: number;
  /** Use only the first training rows. */
  readonly limit?: number;
  /** Draws the parts. */
  readonly seed?: number;
}

/** The rows of each part: positions in the table, in its order. */
export interface TableParts {
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

/**
 * Splits the rows of a table: by time or by group where there is such a column, else stratified by class.
 * @throws HandgradError 'usage' when `limit` is too large; 'data' when a part is empty
 */
export function tableParts(typed: TypedTable, split: TableSplit): TableParts {
  const { testFraction = 0.2, valFraction = 0, limit, seed = 0, folds, fold = 1 } = split;
  const by = splitBy(typed);
  const all = Int32Array.from({ length: typed.table.count }, (_, row) => row);
  // From one stream, one after the other: the test rows depend on the seed and their fraction only.
  const random = createRandom(seed, 'split');
  const parts =
    folds === undefined
      ? drawRows(all, testFraction, by, random)
      : chooseFold(foldRows(all, foldShares(folds, by), by, random), fold, by);
  if (limit !== undefined && limit > parts.kept.length) {
    throw new HandgradError(
      'usage',
      `\`limit\` must be a whole number from 1 to ${parts.kept.length}, the number of training samples, not ${limit}.`,
    );
  }
  const { kept: train, drawn: validation } = drawRows(parts.kept.slice(0, limit), valFraction, by, random);
  return { train, validation, test: parts.drawn };
}

/** Equal parts. By time there is one more: the first is never tested, because nothing comes before it. */
function foldShares(folds: number, { times }: SplitBy): number[] {
  const parts = times ? folds + 1 : folds;
  return Array.from({ length: parts }, () => 1 / parts);
}

/** The part to test, and the others for training; by time, the earlier ones. */
function chooseFold(parts: readonly Int32Array[], fold: number, { times }: SplitBy): Parts {
  const test = times ? fold : fold - 1;
  const train = times ? parts.slice(0, test) : parts.filter((_, i) => i !== test);
  return { kept: Int32Array.from(train.flatMap((part) => [...part])).sort(), drawn: parts[test]! };
}

function splitBy(typed: TypedTable): SplitBy {
  const { table, label, roles } = typed;
  const { columns } = table;
  if (roles.time !== undefined) return { times: timesOf(typed, roles.time) };
  if (roles.group !== undefined) return { groups: asTexts(columns[roles.group]!).codes };
  return label.task === 'regression' ? {} : { classes: classesOf(asTexts(columns[label.columns[0]!]!)).labels };
}

function timesOf({ table: { path, lineOf }, types }: TypedTable, index: number): ArrayLike<number> {
  const { column, format } = types[index]!;
  const times = numbersOf(column, format);
  const bad = Array.prototype.findIndex.call(times, Number.isNaN);
  if (bad < 0) return times;
  throw new HandgradError(
    'data',
    `${path}, line ${lineOf(bad)}: column ${quoted(column.name)} holds no date or number to order the rows by; ` +
      'correct the file, or name another `timeColumn`.',
  );
}
