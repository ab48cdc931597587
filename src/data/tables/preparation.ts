import { HandgradError } from '../../errors';
import { quoted } from '../../words';
import type { Preparation, PreparedCategory, PreparedColumn, PreparedNumber, Target } from '../samples';
import { asTexts, countCodes, numbersOf, type TypedColumn } from './columnTypes';
import { dateNumber } from './dates';
import { numberIn } from './number';
import { assertUsable, type Column, isMissing, type NumberColumn, type Table } from './table';

/** A category in fewer training rows than this is rare: its weights would learn single rows by heart. */
const RARE = 3;

/** The most categories of a column; the least frequent beyond it are rare. */
const MOST_CATEGORIES = 100;

/** With missing cells in at least this share of the training rows, whether a cell is missing is an input. */
const MANY_MISSING = 0.02;

/** How many inputs a column becomes. */
export function inputsOf(column: PreparedColumn): number {
  if (column.type !== 'category') return column.indicator ? 2 : 1;
  return column.categories.length + Number(column.rare) + Number(column.missing);
}

/** The names of a column's inputs, such as `sex=female`. */
export function inputNames(column: PreparedColumn): string[] {
  const { name } = column;
  const missing = `${name} is missing`;
  if (column.type !== 'category') return column.indicator ? [name, missing] : [name];
  const each = column.categories.map((category) => `${name}=${category}`);
  return [...each, ...(column.rare ? [`${name} is rare`] : []), ...(column.missing ? [missing] : [])];
}

/**
 * Fits how a column becomes inputs.
 * @param rows the training rows; no other row is looked at
 * @param normalize whether numbers are standardized
 * @returns undefined when the training rows hold nothing to learn from
 */
export function prepareColumn(
  { column, type, format }: TypedColumn,
  rows: Int32Array,
  normalize: boolean,
): PreparedColumn | undefined {
  if (type === 'category') return prepareCategory(column, rows);
  if (type !== 'number' && type !== 'date') return undefined;
  const all = numbersOf(column, format);
  const values = Float64Array.from(rows, (row) => all[row]!);
  const present = values.filter((value) => !Number.isNaN(value)).sort();
  if (present.length === 0) return undefined;
  const median = present[(present.length - 1) >> 1]! / 2 + present[present.length >> 1]! / 2;
  const missing = values.length - present.length;
  const { mean, std } = moments(values.map((value) => (Number.isNaN(value) ? median : value)));
  const indicator = missing > 0 && missing >= MANY_MISSING * values.length;
  // The same value in every training row: only whether it is missing can matter.
  if (!(std > 0) && !indicator) return undefined;
  return {
    name: column.name,
    ...(type === 'date' ? { type, format: format! } : { type }),
    ...{ median, mean: normalize ? mean : 0, std: normalize ? std || 1 : 1, indicator },
  };
}

/**
 * The mean and the standard deviation of numbers, in float64: time stamps differ in digits that float32 does not have.
 * In units of a power of two, which rounds nothing, so that no square overflows.
 */
function moments(values: Float64Array): { readonly mean: number; readonly std: number } {
  const most = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const unit = 2 ** Math.max(-1022, Math.floor(Math.log2(most)));
  const mean = values.reduce((sum, value) => sum + value / unit, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value / unit - mean) ** 2, 0) / values.length;
  return { mean: mean * unit, std: Math.sqrt(variance) * unit };
}

function prepareCategory(column: Column, rows: Int32Array): PreparedCategory | undefined {
  const { codes, texts } = asTexts(column);
  const counts = countCodes(codes, texts.length, rows);
  const found = texts
    .map((text, code) => ({ text, count: counts[code]! }))
    .filter(({ text, count }) => count > 0 && !isMissing(text));
  // By frequency, then by character codes, so that the order of the rows does not matter.
  const frequent = found
    .filter(({ count }) => count >= RARE)
    .sort((a, b) => b.count - a.count || (a.text < b.text ? -1 : 1))
    .slice(0, MOST_CATEGORIES);
  const missing = texts.some((text, code) => isMissing(text) && counts[code]! > 0);
  const rare = frequent.length < found.length;
  // One input, the same in every row, says nothing.
  if (frequent.length + Number(rare) + Number(missing) < 2) return undefined;
  const categories = frequent.map(({ text }) => text).sort((a, b) => (a < b ? -1 : 1));
  return { name: column.name, type: 'category', categories, rare, missing };
}

/** A category that has no input: training met it rarely, or never. */
export interface UnseenCategory {
  readonly column: string;
  readonly category: string;
  readonly rows: number;
}

/** The inputs of some rows. */
export interface PreparedRows {
  /** Row-major [rows, inputs]. */
  readonly features: Float32Array;
  /** The categories among them that have no input. */
  readonly unseen: readonly UnseenCategory[];
}

/** Makes inputs of the rows of a table, some at a time. */
export interface RowPreparer {
  /** Inputs a row. */
  readonly width: number;
  /** @param rows positions in the table @returns row-major [rows, width] */
  features(rows: Int32Array): Float32Array;
  /** The categories without an input, among the rows so far. */
  unseen(): UnseenCategory[];
}

/**
 * The rows of a table as inputs of the network, whatever the order of its columns.
 * @param rows positions in the table; all of them when left out
 * @throws HandgradError 'data' when a column is missing or of another type
 */
export function prepareRows(preparation: Pick<Preparation, 'inputs'>, table: Table, rows?: Int32Array): PreparedRows {
  const preparer = rowPreparer(preparation, table);
  const features = preparer.features(rows ?? Int32Array.from({ length: table.count }, (_, row) => row));
  return { features, unseen: preparer.unseen() };
}

/**
 * Looks a model's columns up in a table, whatever their order there.
 * @throws HandgradError 'data' when a column is missing, of another type, or cannot be used
 */
export function rowPreparer({ inputs }: Pick<Preparation, 'inputs'>, table: Table): RowPreparer {
  const width = inputs.reduce((sum, column) => sum + inputsOf(column), 0);
  let offset = 0;
  const fillers = inputs.map((prepared) => {
    const column = inputColumn(prepared, table);
    const filler =
      prepared.type === 'category'
        ? categoryFiller(prepared, column, offset)
        : numberFiller(prepared, numbersFor(prepared, column, table), offset);
    offset += inputsOf(prepared);
    return filler;
  });
  return {
    width,
    features(rows) {
      const features = new Float32Array(rows.length * width);
      for (const { fill } of fillers) fill(features, width, rows);
      return features;
    },
    unseen: () => fillers.flatMap(({ unseen }) => unseen?.() ?? []),
  };
}

/** Fills in the inputs of one column. */
interface Filler {
  readonly fill: (features: Float32Array, width: number, rows: Int32Array) => void;
  readonly unseen?: () => UnseenCategory[];
}

function numberFiller(
  { median, mean, std, indicator }: PreparedNumber,
  values: ArrayLike<number>,
  offset: number,
): Filler {
  return {
    fill(features, width, rows) {
      for (let i = 0, at = offset; i < rows.length; i++, at += width) {
        const value = values[rows[i]!]!;
        const missing = Number.isNaN(value);
        features[at] = ((missing ? median : value) - mean) / std;
        if (indicator) features[at + 1] = Number(missing);
      }
    },
  };
}

function categoryFiller({ name, categories, rare, missing }: PreparedCategory, column: Column, offset: number): Filler {
  const { codes, texts } = asTexts(column);
  const position = new Map(categories.map((text, i) => [text, i]));
  const rest = categories.length;
  // A missing cell that training did not meet is as good as a rare category, and an input of zeros without one.
  const places = texts.map((text) => {
    if (isMissing(text)) return missing ? rest + Number(rare) : rare ? rest : -1;
    return position.get(text) ?? (rare ? rest : -1);
  });
  const hasNoInput = texts.map((text) => !isMissing(text) && !position.has(text));
  const counts = new Int32Array(texts.length);
  return {
    fill(features, width, rows) {
      for (let i = 0, at = offset; i < rows.length; i++, at += width) {
        const code = codes[rows[i]!]!;
        const place = places[code]!;
        if (place >= 0) features[at + place] = 1;
        if (hasNoInput[code]) counts[code]!++;
      }
    },
    unseen: () =>
      texts.flatMap((category, code) => (counts[code]! > 0 ? [{ column: name, category, rows: counts[code]! }] : [])),
  };
}

function inputColumn({ name }: PreparedColumn, { columns, path }: Table): Column {
  const column = columns.find((one) => one.name === name);
  if (column) {
    assertUsable(column);
    return column;
  }
  throw new HandgradError(
    'data',
    `${path} has no column ${quoted(name)}, which the model was trained with; add it, under that name.`,
  );
}

function numbersFor(
  { name, type, format }: PreparedNumber,
  column: Column,
  { path, lineOf }: Table,
): ArrayLike<number> {
  if (column.kind === 'number' && format === undefined) return column.values;
  const { codes, texts, decimal } = asTexts(column);
  const isValid = (text: string) =>
    format ? !Number.isNaN(dateNumber(text, format)) : numberIn(text, decimal) !== undefined;
  const bad = texts.map((text) => !isMissing(text) && !isValid(text));
  if (!bad.includes(true)) return numbersOf(column, format);
  const row = codes.findIndex((code) => bad[code]!);
  throw new HandgradError(
    'data',
    `${path}, line ${lineOf(row)}: ${quoted(texts[codes[row]!])} in column ${quoted(name)} is no ${type}, and the ` +
      `model was trained with ${type}s there; correct the file.`,
  );
}

/**
 * Standardizes the columns that a regression predicts.
 * @param rows the training rows
 * @returns targets, one for each column
 */
export function fitTargets(columns: readonly NumberColumn[], rows: Int32Array): Target[] {
  return columns.map(({ name, values }) => {
    const { mean, std } = moments(Float64Array.from(rows, (row) => values[row]!));
    return { name, mean, std: std || 1 };
  });
}
