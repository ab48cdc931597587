import { formatCount } from '../../words';
import { type DateFormat, dateFormatOf, dateNumber } from './dates';
import { numberIn } from './number';
import { type Column, isMissing, type NumberColumn, type TextColumn } from './table';

/** What a column is. Identifiers and constants say nothing about other rows, and are left out. */
export type ColumnType = 'number' | 'category' | 'date' | 'identifier' | 'constant';

/** The names of the column types. */
export const COLUMN_TYPES = ['number', 'category', 'date', 'identifier', 'constant'] as const satisfies ColumnType[];

/** A column with its type. */
export interface TypedColumn {
  readonly column: Column;
  readonly type: ColumnType;
  /** Of a date. */
  readonly format?: DateFormat;
  /** Why it is left out, of an identifier or a constant. */
  readonly why?: string;
}

/** Texts of which more than this share differ identify rows. */
const IDENTIFYING_SHARE = 0.9;

/** Fewer rows than this cannot tell an identifier from a category or a measurement. */
const FEWEST_ROWS = 10;

/** The type of a column, by its cells; of its name, only that it ends in "id" matters. */
export function columnType(column: Column): TypedColumn {
  if (column.kind === 'number') return ofNumbers(column);
  // It has no values to tell from, and is not left out by itself.
  return column.fault ? { column, type: 'category' } : ofTexts(column);
}

function ofNumbers(column: NumberColumn): TypedColumn {
  const { values, missing, name } = column;
  if (missing === values.length) return { column, type: 'constant', why: 'every cell is empty' };
  let first = NaN;
  const complete = missing === 0;
  // Of one value and empty cells, the empty ones may tell something.
  let [constant, whole, running] = [complete, complete, complete && values.length >= FEWEST_ROWS];
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (Number.isNaN(value)) continue;
    if (Number.isNaN(first)) first = value;
    constant &&= value === first;
    whole &&= Number.isInteger(value);
    running &&= value === first + row;
  }
  if (constant) return { column, type: 'constant', why: `every value is ${first}` };
  if (running && whole) return { column, type: 'identifier', why: `consecutive numbers from ${first}` };
  if (whole && values.length >= FEWEST_ROWS && isIdName(name) && new Set(values).size === values.length) {
    return { column, type: 'identifier', why: 'every value is different, and its name says that it is an id' };
  }
  return { column, type: 'number' };
}

const isIdName = (name: string) => /(^|[^a-z])id$/i.test(name) || /[a-z]I[dD]$/.test(name);

function ofTexts(column: TextColumn): TypedColumn {
  const { codes, texts } = column;
  const present = texts.filter((text) => !isMissing(text));
  if (present.length === 0) return { column, type: 'constant', why: 'every cell is empty' };
  const counts = countCodes(codes, texts.length);
  const rows = texts.reduce((sum, text, code) => (isMissing(text) ? sum : sum + counts[code]!), 0);
  if (present.length === 1 && rows === codes.length) {
    return { column, type: 'constant', why: 'every value is the same' };
  }
  const format = dateFormatOf(present);
  if (format !== undefined) return { column, type: 'date', format };
  if (rows >= FEWEST_ROWS && present.length > IDENTIFYING_SHARE * rows) {
    const what = column.leadingZeros ? 'numbers with leading zeros' : 'texts';
    const why = `${formatCount(present.length)} different ${what} in ${formatCount(rows)} rows`;
    return { column, type: 'identifier', why };
  }
  return { column, type: 'category' };
}

/** How often each code occurs. */
export function countCodes(codes: Int32Array, size: number, rows?: ArrayLike<number>): Int32Array {
  const counts = new Int32Array(size);
  if (rows === undefined) for (const code of codes) counts[code]!++;
  else for (let i = 0; i < rows.length; i++) counts[codes[rows[i]!]!]!++;
  return counts;
}

/** The cells of any column as codes and distinct texts; a number becomes its shortest text, a missing one is empty. */
export function asTexts(column: Column): Pick<TextColumn, 'codes' | 'texts' | 'decimal'> {
  if (column.kind === 'text') return column;
  const position = new Map<number, number>();
  const codes = Int32Array.from(column.values, (value) => {
    let code = position.get(value);
    if (code === undefined) position.set(value, (code = position.size));
    return code;
  });
  return { codes, texts: [...position.keys()].map((value) => (Number.isNaN(value) ? '' : String(value))) };
}

/** A column of texts that are numbers or missing, as numbers; undefined when one is neither, or none is a number. */
export function asNumbers(column: Column): NumberColumn | undefined {
  if (column.kind === 'number') return column;
  const { name, texts, decimal } = column;
  const numbers = texts.map((text) => numberIn(text, decimal));
  if (numbers.includes(undefined) || !numbers.some(Number.isFinite)) return undefined;
  const values = Float64Array.from(numbersOf(column, undefined));
  const missing = values.reduce((sum, value) => sum + Number(Number.isNaN(value)), 0);
  return { kind: 'number', name, values, missing, exact: false };
}

/** The cells of any column as numbers, dates in days; NaN where a cell is missing, or is neither. */
export function numbersOf(column: Column, format: DateFormat | undefined): ArrayLike<number> {
  if (column.kind === 'number' && format === undefined) return column.values;
  const { codes, texts, decimal } = asTexts(column);
  const values = texts.map((text) => (format ? dateNumber(text, format) : (numberIn(text, decimal) ?? NaN)));
  return Float64Array.from(codes, (code) => values[code]!);
}
