import { CELL, type CellKind } from './number';

/** A cell of the first lines. */
export interface SampleCell {
  readonly text: string;
  readonly kind: CellKind;
  /** If `kind` is a number. */
  readonly value: number;
}

/** A column of the first lines. */
export interface SampleColumn {
  /** The cell of the first line. */
  readonly first: SampleCell;
  /** The cells of the lines below it. */
  readonly others: readonly SampleCell[];
}

/** So many numbers in a row are names, such as years, if they ascend where those of the other lines do not. */
const MIN_ASCENDING = 4;

/**
 * Whether the first line names the columns: its cells are not what the columns hold. A text above numbers says so, and
 * a text that does not occur in a column of few texts; a text that occurs again says the opposite.
 */
export function hasHeaderRow(columns: readonly SampleColumn[]): boolean {
  const isNumber = ({ kind }: SampleCell) => kind === CELL.number || kind === CELL.infinite;
  const isText = ({ kind }: SampleCell) => kind === CELL.text;
  const numbers = columns.filter(({ others }) => others.some(isNumber) && !others.some(isText));
  const texts = columns.filter(({ others }) => others.some(isText));
  const repeats = texts.some(({ first, others }) => others.some(({ text }) => text === first.text));
  const hasFraction = numbers.some(({ first }) => isNumber(first) && !Number.isInteger(first.value));

  if (numbers.some(({ first }) => isText(first))) return !(repeats && hasFraction);
  if (repeats || new Set(columns.map(({ first }) => first.text)).size < columns.length) return false;
  if (numbers.length === 0) return columns.every(({ first }) => isText(first));

  const firsts = numbers.map(({ first }) => first.value);
  const count = numbers[0]!.others.length;
  const ascends = (row: readonly number[]) => row.every((value, i) => i === 0 || value > row[i - 1]!);
  const rows = Array.from({ length: count }, (_, i) => numbers.map(({ others }) => others[i]!.value));
  const ascending = firsts.length >= MIN_ASCENDING && ascends(firsts) && !rows.every(ascends);
  // Column names 0, 1, 2, … of a table of numbers only.
  const counting = firsts.every((value, i) => value === firsts[0]! + i) && (firsts[0] === 0 || firsts[0] === 1);
  if (texts.length === 0) return ascending && counting;

  const unlike = texts.some(({ others }) => new Set(others.map(({ text }) => text)).size <= others.length / 2);
  const wholeAboveFractions = numbers.every(
    ({ first, others }) =>
      Number.isInteger(first.value) &&
      others.some(({ kind, value }) => kind === CELL.number && !Number.isInteger(value)),
  );
  return ascending || wholeAboveFractions || (unlike && !hasFraction);
}
