import { HandgradError } from '../../errors';
import { firstOf, quoted } from '../../words';
import type { Dataset, PreparedColumn, Preparation, Samples } from '../samples';
import { transposedPixels } from '../transpose';
import { asTexts, numbersOf, type TypedColumn } from './columnTypes';
import { classesOf } from './label';
import { fitTargets, inputsOf, prepareColumn, prepareRows } from './preparation';
import type { Column, NumberColumn, Table } from './table';
import { tableParts, type TableSplit } from './tableParts';
import type { TypedTable } from './typedTable';

/** How the columns of a table become inputs. */
export interface TableInputs {
  /** Standardize numbers; true when left out. */
  readonly normalize?: boolean;
  /** The rows are images of this [height, width], one pixel from 0 to 255 a column. */
  readonly imageShape?: readonly [number, number];
  /** The images are stored with rows and columns exchanged: make them upright, of `imageShape`. */
  readonly transpose?: boolean;
}

/** A data set made of a table. */
export type TableDataset = Dataset & Required<Pick<Dataset, 'preparation' | 'leftOut' | 'task'>>;

/**
 * Makes a data set of a table: splits the rows, fits the preparation on the training part only, and applies it.
 * @throws HandgradError 'usage', 'data' when a part is empty, or nothing is left to learn from
 */
export function tableDataset(typed: TypedTable, split: TableSplit & TableInputs = {}): TableDataset {
  const { table, types, label, leftOut } = typed;
  const { normalize = true, imageShape, transpose = false } = split;
  if (transpose && !imageShape) {
    throw new HandgradError('usage', '`transpose` is for images; give their `imageShape`, or leave it out.');
  }
  const parts = tableParts(typed, split);
  const out = new Map(leftOut);
  let inputs: PreparedColumn[] = [];
  let used: Column[] = [];
  const arePixels = new Set(imageShape && pixelsAmong(typed, imageShape));
  types.forEach((typed, index) => {
    if (label.columns.includes(index)) return;
    if (leftOut.has(index) && !arePixels.has(index)) return;
    const prepared = imageShape ? pixel(typed, table) : prepareColumn(typed, parts.train, normalize);
    if (prepared) {
      inputs.push(prepared);
      used.push(typed.column);
      out.delete(index);
    } else out.set(index, 'every value is the same in the training part, or too rare to learn from');
  });
  if (inputs.length === 0) {
    throw new HandgradError(
      'data',
      `${table.path} has no column to learn from, beside the label; ${whatIsOut(out, table)}`,
    );
  }
  const numInputs = inputs.reduce((sum, column) => sum + inputsOf(column), 0);
  if (imageShape && imageShape[0] * imageShape[1] !== numInputs) {
    throw new HandgradError(
      'usage',
      `\`imageShape\` ${imageShape.join('x')} needs ${imageShape[0] * imageShape[1]} columns of pixels, and ` +
        `${table.path} has ${numInputs}; correct one of them.`,
    );
  }
  if (transpose) {
    const from = [...transposedPixels(imageShape!)];
    inputs = from.map((at) => inputs[at]!);
    used = from.map((at) => used[at]!);
  }
  const labelColumns = label.columns.map((index) => table.columns[index]!);
  const classes = label.task === 'classification' ? classesOf(asTexts(labelColumns[0]!)) : undefined;
  const targets = classes ? undefined : fitTargets(labelColumns as NumberColumn[], parts.train);
  const preparation: Preparation = {
    task: label.task,
    inputs,
    labels: labelColumns.map(({ name }) => name),
    ...(targets && { targets }),
    ...(!table.hasHeader && { columnsWithoutHeader: table.columns.length }),
  };
  const weights = weightsOf(typed);
  const samples = (rows: Int32Array): Samples => ({
    ...(imageShape ? pixels(used, rows) : { features: prepareRows(preparation, table, rows).features, scale: 1 }),
    labels: classes ? Int32Array.from(rows, (row) => classes.labels[row]!) : new Int32Array(rows.length),
    ...(targets && { targets: standardized(labelColumns as NumberColumn[], targets, rows) }),
    ...(weights && { weights: Float32Array.from(rows, (row) => weights[row]!) }),
    count: rows.length,
    numInputs,
  });
  return {
    name: table.name,
    task: label.task,
    train: samples(parts.train),
    ...(parts.validation.length > 0 && { validation: samples(parts.validation) }),
    test: samples(parts.test),
    numInputs,
    numOutputs: classes ? classes.classNames.length : targets!.length,
    classNames: classes ? classes.classNames : [],
    ...(targets && { targets }),
    ...(imageShape && { imageShape }),
    preparation,
    leftOut: [...out].map(([index, why]) => ({ name: table.columns[index]!.name, why })),
    digest: table.digest,
  };
}

/**
 * The columns that are left out for what they look like, and are pixels nevertheless: a pixel that never changes, at
 * the border of all images; and where pixels are missing, what looks like running numbers.
 */
function pixelsAmong({ types, label, leftOut }: TypedTable, [height, width]: readonly [number, number]): number[] {
  const all = types.map((_, index) => index).filter((index) => !label.columns.includes(index));
  const out = all.filter((index) => leftOut.has(index) && leftOut.get(index) === types[index]!.why);
  const constant = out.filter((index) => types[index]!.type === 'constant');
  const others = all.filter((index) => !leftOut.has(index)).length;
  return others + constant.length < height * width ? out : constant;
}

function whatIsOut(out: ReadonlyMap<number, string>, { columns }: Table): string {
  const each = [...out].map(([index, why]) => `${quoted(columns[index]!.name)}: ${why}`);
  return `left out are ${firstOf(each, 5, '; ')}.`;
}

/** A column of pixels as an input between 0 and 1. */
function pixel({ column }: TypedColumn, table: Table): PreparedColumn {
  assertPixels(column, table, 'leave `imageShape` out, or correct the file');
  return { name: column.name, type: 'number', median: 0, mean: 0, std: 255, indicator: false };
}

/** @throws HandgradError 'data' for a column with something else than whole numbers from 0 to 255 */
export function assertPixels(column: Column, { path, lineOf }: Table, remedy: string): void {
  const values = numbersOf(column, undefined);
  const bad = Array.prototype.findIndex.call(
    values,
    (value: number) => !(Number.isInteger(value) && value >= 0 && value <= 255),
  );
  if (bad < 0) return;
  throw new HandgradError(
    'data',
    `${path}, line ${lineOf(bad)}: column ${quoted(column.name)} holds no whole number from 0 to 255, as the pixels ` +
      `of an image are; ${remedy}.`,
  );
}

/** The pixels of some rows, as bytes. */
export function pixels(
  columns: readonly Column[],
  rows: Int32Array,
): { readonly features: Uint8Array; readonly scale: number } {
  const width = columns.length;
  const features = new Uint8Array(rows.length * width);
  columns.forEach((column, j) => {
    const values = numbersOf(column, undefined);
    for (let i = 0; i < rows.length; i++) features[i * width + j] = values[rows[i]!]!;
  });
  return { features, scale: 1 / 255 };
}

/** The standardized targets of some rows. */
export function standardized(
  columns: readonly NumberColumn[],
  targets: readonly { readonly mean: number; readonly std: number }[],
  rows: Int32Array,
): Float32Array {
  const values = new Float32Array(rows.length * columns.length);
  rows.forEach((row, i) =>
    columns.forEach((column, j) => {
      values[i * columns.length + j] = (column.values[row]! - targets[j]!.mean) / targets[j]!.std;
    }),
  );
  return values;
}

/** The weights of the samples, as the table has them. */
function weightsOf({ table, roles }: TypedTable): Float64Array | undefined {
  if (roles.weight === undefined) return undefined;
  const column = table.columns[roles.weight]!;
  const values = column.kind === 'number' ? column.values : undefined;
  const bad = values ? values.findIndex((value) => !(value >= 0)) : 0;
  if (values && bad < 0 && values.some((value) => value > 0)) return Float64Array.from(values);
  throw new HandgradError(
    'data',
    `${table.path}, line ${table.lineOf(Math.max(0, bad))}: the weights in column ${quoted(column.name)} must be ` +
      'numbers of at least 0, and not all 0; correct the file, or name another column.',
  );
}
