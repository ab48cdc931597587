import { asTexts, type ColumnType, countCodes, numbersOf, type TypedColumn } from './columnTypes';
import { dateText } from './dates';
import { isMissing } from './table';

/** What is in a column of a table. */
export interface ColumnFacts {
  readonly name: string;
  readonly type: ColumnType;
  /** Why it is an identifier or a constant. */
  readonly why?: string;
  /** Why its values cannot be used: infinity among numbers, lists in a Parquet file. They are not among these facts. */
  readonly fault?: string;
  /** Rows whose cell stands for a missing value. */
  readonly missing: number;
  /** Different values, without missing ones. */
  readonly unique: number;
  /** Of numbers, unless all are missing. */
  readonly numbers?: { readonly min: number; readonly max: number; readonly mean: number; readonly median: number };
  /** Of dates: the first and the last, in the form of ISO 8601, UTC. */
  readonly dates?: { readonly min: string; readonly max: string };
  /**
   * Of numbers and dates that differ: how many are in each tenth of their range, from the lowest; of at most ten
   * consecutive whole numbers, how many there are of each.
   */
  readonly histogram?: readonly number[];
  /** Of texts: the most frequent, at most 20, the most frequent first. */
  readonly frequent?: readonly { readonly value: string; readonly count: number }[];
}

/** The most bars of a histogram. */
const MOST_BINS = 10;

/** The most frequent texts that are listed. */
const MOST_FREQUENT = 20;

/**
 * Counts what is in a column.
 * @param isClass whether its texts are classes: "NA" is then a value, as Namibia's country code
 */
export function describeColumn(typed: TypedColumn, isClass = false): ColumnFacts {
  const { column, type, format, why } = typed;
  const { name, fault } = column;
  const about = { name, type, ...(why !== undefined && { why }), ...(fault && { fault: fault.what }) };
  // Nothing is known of them.
  if (fault && column.kind === 'text') return { ...about, missing: 0, unique: 0 };
  const hasNumbers = column.kind === 'number' || type === 'number' || format !== undefined;
  const isText = isClass || type === 'category' || !hasNumbers;
  return { ...about, ...(isText ? textFacts(typed, isClass) : numberFacts(typed)) };
}

function textFacts({ column }: TypedColumn, isClass: boolean): Omit<ColumnFacts, 'name' | 'type'> {
  const { codes, texts } = asTexts(column);
  const counts = countCodes(codes, texts.length);
  const all = texts.map((value, code) => ({ value, count: counts[code]! }));
  const present = all.filter(({ value }) => isClass || !isMissing(value));
  const missing = codes.length - present.reduce((sum, { count }) => sum + count, 0);
  // Sorting is stable: of equally frequent texts, those that come first in the file.
  const frequent = present.sort((a, b) => b.count - a.count).slice(0, MOST_FREQUENT);
  return { missing, unique: present.length, ...(frequent.length > 0 && { frequent }) };
}

function numberFacts({ column, format }: TypedColumn): Omit<ColumnFacts, 'name' | 'type'> {
  const values = Float64Array.from(numbersOf(column, format));
  const present = values.filter(Number.isFinite).sort();
  const missing = values.reduce((sum, value) => sum + Number(Number.isNaN(value)), 0);
  if (present.length === 0) return { missing, unique: 0 };
  const { length } = present;
  const [min, max] = [present[0]!, present[length - 1]!];
  const unique = present.reduce((sum, value, i) => sum + Number(i === 0 || value !== present[i - 1]), 0);
  return {
    missing,
    unique,
    ...(format
      ? { dates: { min: dateText(min), max: dateText(max) } }
      : { numbers: { min, max, mean: meanOf(present), median: medianOf(present) } }),
    ...(min < max && { histogram: histogramOf(present, min, max) }),
  };
}

/** Halves, because the sum of two large numbers may overflow. */
const medianOf = (sorted: Float64Array) => sorted[(sorted.length - 1) >> 1]! / 2 + sorted[sorted.length >> 1]! / 2;

/** In units of the largest number, so that no sum overflows. */
function meanOf(values: Float64Array): number {
  const most = Math.max(Math.abs(values[0]!), Math.abs(values.at(-1)!)) || 1;
  return (values.reduce((sum, value) => sum + value / most, 0) / values.length) * most;
}

function histogramOf(values: Float64Array, min: number, max: number): number[] {
  const isEach = max - min < MOST_BINS && values.every(Number.isInteger);
  const bins = isEach ? max - min + 1 : MOST_BINS;
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    // Halves do not overflow; those of the least numbers there are vanish.
    const at = (value / 2 - min / 2) / (max / 2 - min / 2) || 0;
    counts[Math.min(bins - 1, Math.floor(at * bins))]!++;
  }
  return counts;
}
