import { quoted } from '../../words';
import { CELL, type CellNumber, type DecimalMark, parseCell } from './number';
import { cellText, type RecordCells } from './records';
import type { ColumnFault, NumberColumn, TextColumn } from './table';

/** The most different texts of a column, and the most characters of those of all columns. */
const BOUNDS = { texts: 2 ** 23, characters: 2 ** 28 } as const;

/** A column of numbers while it is read. */
export interface NumberBuilder {
  readonly name: string;
  /** Its place in a record. */
  readonly column: number;
  values: NumberColumn['values'];
  count: number;
  missing: number;
  exact: boolean;
  /** Whether a cell is a whole number with leading zeros. */
  leadingZeros: boolean;
  /** The first cell that is infinity, or too large a number. */
  infinite?: { readonly text: string; readonly row: number };
  /** A text was found: the column has to be read again, as texts. */
  hasText: boolean;
}

/** A column of texts while it is read. */
export interface TextBuilder {
  readonly name: string;
  /** Its place in a record. */
  readonly column: number;
  codes: Int32Array;
  count: number;
  readonly texts: Map<string, number>;
  /** Of its texts. */
  characters: number;
  /** It has more texts than there is memory for, and keeps none. */
  isTooLarge: boolean;
  readonly budget: TextBudget;
  /** As in `TextColumn`. */
  readonly leadingZeros?: true;
  readonly decimal?: ',';
}

/** The texts of all columns of a table, of which memory holds so many. */
export interface TextBudget {
  readonly bounds: { readonly texts: number; readonly characters: number };
  readonly builders: TextBuilder[];
  characters: number;
}

/** What the texts of a table may take. */
export function textBudget(bounds: TextBudget['bounds'] = BOUNDS): TextBudget {
  return { bounds, builders: [], characters: 0 };
}

/** An empty column of numbers. */
export function numberBuilder(name: string, column: number): NumberBuilder {
  const values = new Uint8Array(64);
  return { name, column, values, count: 0, missing: 0, exact: true, leadingZeros: false, hasText: false };
}

/** An empty column of texts. */
export function textBuilder(
  name: string,
  column: number,
  budget: TextBudget,
  how: Pick<TextBuilder, 'leadingZeros' | 'decimal'> = {},
): TextBuilder {
  const empty = { codes: new Int32Array(64), count: 0, texts: new Map<string, number>(), characters: 0 };
  const builder = { name, column, ...empty, isTooLarge: false, budget, ...how };
  budget.builders.push(builder);
  return builder;
}

const number: CellNumber = { value: 0, exact: true };
// An access to an import costs as much as a digit of a number.
const { number: NUMBER, missing: MISSING, infinite: INFINITE } = CELL;
const parse = parseCell;

/** Adds its cell of a record to a column of numbers. */
export function addNumber(builder: NumberBuilder, record: RecordCells, decimal: DecimalMark): void {
  if (builder.hasText) return;
  const kind = parse(record, builder.column, decimal, number);
  if (kind === NUMBER) {
    if (!number.exact) {
      builder.exact = false;
      builder.leadingZeros ||= hasLeadingZero(record, builder.column);
    }
    addValue(builder, number.value);
  } else if (kind === MISSING) {
    addValue(builder, NaN);
  } else if (kind === INFINITE) {
    addInfinite(builder, number.value, cellText(record, builder.column));
  } else {
    builder.hasText = true;
    builder.values = new Uint8Array(0);
  }
}

/** Whether a cell is a whole number, without a sign, that starts with a zero to spare. */
function hasLeadingZero({ bytes, starts, ends }: RecordCells, column: number): boolean {
  const [start, end] = [starts[column]!, ends[column]!];
  if (bytes[start] !== 48 || end - start < 2) return false;
  for (let at = start + 1; at < end; at++) if (bytes[at]! < 48 || bytes[at]! > 57) return false;
  return true;
}

/** Whether a column holds codes: whole numbers, some with leading zeros. */
export function holdsCodes({ leadingZeros, values, count }: NumberBuilder): boolean {
  return leadingZeros && values.subarray(0, count).every((value) => Number.isNaN(value) || Number.isInteger(value));
}

/** Adds infinity to a column, which cannot be used then. */
export function addInfinite(builder: NumberBuilder, value: number, text: string): void {
  builder.infinite ??= { text, row: builder.count };
  builder.exact = false;
  addValue(builder, value);
}

/** Adds a number to a column; NaN where it is missing. */
export function addValue(builder: NumberBuilder, value: number): void {
  const row = builder.count++;
  let { values } = builder;
  if (row === values.length) values = builder.values = grown(values, values.length * 2);
  if (Number.isNaN(value)) builder.missing++;
  values[row] = value;
  // -0 becomes 0 among whole numbers.
  if (values[row] !== value && !(values instanceof Float64Array)) {
    (builder.values = widened(values, row, value))[row] = value;
  }
}

/** Adds its cell of a record to a column of texts. */
export function addText(builder: TextBuilder, record: RecordCells): void {
  addString(builder, cellText(record, builder.column));
}

/** Adds a text to a column. */
export function addString(builder: TextBuilder, text: string): void {
  const row = builder.count++;
  if (builder.isTooLarge) return;
  if (row === builder.codes.length) builder.codes = grown(builder.codes, row * 2);
  let code = builder.texts.get(text);
  if (code === undefined) {
    code = builder.texts.size;
    builder.texts.set(text, code);
    builder.characters += text.length;
    builder.budget.characters += text.length;
    keepWithin(builder);
    if (builder.isTooLarge) return;
  }
  builder.codes[row] = code;
}

/** Gives up the texts of a column where there are too many: it may be one that nothing uses. */
function keepWithin(latest: TextBuilder): void {
  const { bounds, builders, characters } = latest.budget;
  if (latest.texts.size <= bounds.texts && characters <= bounds.characters) return;
  const largest = builders.reduce((most, one) => (one.characters > most.characters ? one : most));
  const given = latest.texts.size > bounds.texts ? latest : largest;
  latest.budget.characters -= given.characters;
  Object.assign(given, { characters: 0, isTooLarge: true, codes: new Int32Array(0) });
  given.texts.clear();
}

/**
 * The finished column.
 * @param whereIs says where one of its rows is
 */
export function finishNumbers(builder: NumberBuilder, whereIs: (row: number) => string): NumberColumn {
  const { name, values, count, missing, exact, infinite } = builder;
  const fault = infinite && {
    where: `${whereIs(infinite.row)}:`,
    what: `${quoted(infinite.text)} is not a number that can be used`,
    remedy: 'correct the file',
  };
  return { kind: 'number', name, values: values.slice(0, count), missing, exact, ...(fault && { fault }) };
}

/** The finished column. */
export function finishTexts(builder: TextBuilder): TextColumn {
  const { count, codes, texts, name, leadingZeros, decimal, isTooLarge } = builder;
  if (isTooLarge) {
    return withoutValues(name, count, {
      where: `Column ${quoted(name)}`,
      what: 'has too many different texts to be kept in memory',
      remedy: 'remove the column from the file',
    });
  }
  return {
    ...{ kind: 'text', name, codes: codes.slice(0, count), texts: [...texts.keys()] },
    ...(leadingZeros && { leadingZeros }),
    ...(decimal && { decimal }),
  };
}

/** A column whose values are not kept. */
export const withoutValues = (name: string, count: number, fault: ColumnFault): TextColumn => ({
  ...{ kind: 'text', name, codes: new Int32Array(count), texts: [''], fault },
});

function grown<T extends NumberColumn['values']>(values: T, length: number): T {
  const larger = new (values.constructor as new (length: number) => T)(length);
  larger.set(values);
  return larger;
}

/** The values in the next type that holds another value as well. */
function widened(values: NumberColumn['values'], count: number, value: number): NumberColumn['values'] {
  const larger = Object.is(value | 0, value) ? new Int32Array(values.length) : new Float64Array(values.length);
  larger.set(values.subarray(0, count));
  return larger;
}
