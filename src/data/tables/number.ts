import { cellText, type RecordCells } from './records';
import { isMissing } from './table';

/** What is in a cell. `infinite`: infinity, or too large a number. */
export const CELL = { number: 0, missing: 1, infinite: 2, text: 3 } as const;
export type CellKind = (typeof CELL)[keyof typeof CELL];

/** The number in a cell. */
export interface CellNumber {
  value: number;
  /** Whether the cell is the shortest text of its number, as JavaScript writes it. */
  exact: boolean;
}

/** What separates the fraction of numbers. */
export type DecimalMark = '.' | ',';

const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
/** Thousands in groups of three: by commas, or by points where the comma is the decimal mark. */
const GROUPED: Readonly<Record<DecimalMark, RegExp>> = {
  '.': /^[+-]?[1-9]\d{0,2}([,\u00a0\u202f'’])\d{3}(?:\1\d{3})*(?:\.\d*)?$/,
  ',': /^[+-]?[1-9]\d{0,2}([.\u00a0\u202f'’])\d{3}(?:\1\d{3})*(?:,\d*)?$/,
};
const INFINITE = /^[+-]?inf(?:inity)?$/i;

/** Longer texts are no numbers of anybody's. */
const MAX_DIGITS = 400;
/** A decimal of at most so many digits is what a float64 was meant to be: no two share one. */
const EXACT_DIGITS = 15;
const POWERS = Array.from({ length: EXACT_DIGITS + 1 }, (_, i) => 10 ** i);

/**
 * What a text stands for: a decimal number with or without an exponent, a missing value, or a text.
 * @param number receives the number, or infinity
 */
export function parseNumber(text: string, decimal: DecimalMark, number: CellNumber): CellKind {
  const trimmed = text.trim();
  if (isMissing(trimmed)) return CELL.missing;
  if (trimmed.length > MAX_DIGITS) return CELL.text;
  if (INFINITE.test(trimmed)) {
    number.value = trimmed[0] === '-' ? -Infinity : Infinity;
    return CELL.infinite;
  }
  const mark = GROUPED[decimal].exec(trimmed)?.[1];
  const plain = mark === undefined ? trimmed : trimmed.replaceAll(mark, '');
  const pointed = decimal === '.' ? plain : plain.replaceAll(/[.,]/g, (mark) => (mark === ',' ? '.' : ' '));
  if (!DECIMAL.test(pointed)) return CELL.text;
  number.value = Number(pointed);
  number.exact = String(number.value) === text;
  return Number.isFinite(number.value) ? CELL.number : CELL.infinite;
}

/** The number that a text is; NaN for one that stands for a missing value, and undefined for any other. */
export function numberIn(text: string, decimal: DecimalMark = '.'): number | undefined {
  const number = { value: NaN, exact: true };
  const kind = parseNumber(text, decimal, number);
  return kind === CELL.number ? number.value : kind === CELL.missing ? NaN : undefined;
}

/**
 * `parseNumber` of a cell, without making a string of the usual ones. Exact: digits up to 2^53 divided by a power of
 * ten up to 10^22 are rounded once (Clinger 1990), as `Number()` does.
 */
export function parseCell(record: RecordCells, column: number, decimal: DecimalMark, number: CellNumber): CellKind {
  const { bytes } = record;
  const start = record.starts[column]!;
  const end = record.ends[column]!;
  if (start === end) return CELL.missing;
  const negative = bytes[start] === 45;
  const first = negative ? start + 1 : start;
  let digits = 0;
  let at = first;
  for (; at < end; at++) {
    const digit = bytes[at]! - 48;
    if (digit < 0 || digit > 9) break;
    digits = digits * 10 + digit;
  }
  const whole = at - first;
  let fraction = 0;
  if (at < end && bytes[at] === (decimal === '.' ? 46 : 44)) {
    for (at++; at < end; at++, fraction++) {
      const digit = bytes[at]! - 48;
      if (digit < 0 || digit > 9) break;
      digits = digits * 10 + digit;
    }
  }
  if (at < end || whole === 0 || whole + fraction > EXACT_DIGITS) {
    return parseNumber(cellText(record, column), decimal, number);
  }
  const value = fraction === 0 ? digits : digits / POWERS[fraction]!;
  number.value = negative ? -value : value;
  const shortest =
    at - first === whole ? value > 0 || !negative : decimal === '.' && bytes[end - 1]! > 48 && value >= 1e-6;
  number.exact = shortest && (whole === 1 || bytes[first] !== 48);
  return CELL.number;
}
