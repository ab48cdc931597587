import { HandgradError } from '../../errors';
import { plural, quoted } from '../../words';
import { hasHeaderRow } from './header';
import { CELL, type DecimalMark, parseNumber } from './number';
import { cellText, recordScanner } from './records';

/** How a text file writes a table. */
export interface Dialect {
  /** The byte between cells. */
  readonly separator: number;
  readonly decimal: DecimalMark;
  readonly hasHeader: boolean;
  /** [columns], without an empty last column: the header's names, or column 1, column 2, …. */
  readonly names: readonly string[];
  /** [columns]: whether a column seems to hold numbers. */
  readonly numeric: readonly boolean[];
}

/** If several would do, the first: with a semicolon, a comma may belong to a number. */
const SEPARATORS = ['\t', ';', '|', ','];

/** The sample: at least so many records, and more while they have few cells. */
const MIN_RECORDS = 20;
const MAX_RECORDS = 1000;
const MAX_CELLS = 20_000;

/** The first records of a text, split at one separator. */
interface Sample {
  readonly separator: string;
  readonly decimal: DecimalMark;
  readonly records: readonly (readonly string[])[];
  /** What is wrong behind these records. */
  readonly error?: HandgradError;
  /** The line of the first record. */
  readonly line: number;
  /** Columns of the first record; an empty last cell does not count if the column is empty everywhere. */
  readonly width: number;
  /** The part of the other records that have these columns. */
  readonly agreement: number;
  /** The columns of all other records, where several agree among themselves, and not with the first. */
  readonly below?: number;
  /** The part of the cells that are numbers. */
  readonly numbers: number;
}

/**
 * Finds the separator, the decimal mark, the header and the columns of numbers of a table from its first records.
 * @param start the first piece of the text
 * @param path the file, for messages
 * @param options.hasHeader what is known about the first line
 * @param options.oneColumn whether a table of one column is accepted
 * @returns undefined if there are no records
 * @throws HandgradError 'data' for one column only, for too many, and for doubled names
 */
export function findDialect(
  start: Buffer,
  path: string,
  options: { readonly hasHeader?: boolean; readonly oneColumn?: boolean } = {},
): Dialect | undefined {
  const samples = SEPARATORS.map((one) => sampleOf(start, one, path));
  const { separator, decimal, records, line, width, agreement } = bestOf(samples);
  const below = Math.max(...samples.map((sample) => sample.below ?? 0));
  if (below > 0 && agreement < 0.5 && !(width < 2 && options.oneColumn)) {
    const found = `the line has ${plural(width, 'column')}, where those below it have ${below}`;
    throw new HandgradError('data', `${path}, line ${line}: ${found}; correct or remove it.`);
  }
  const [first, ...others] = records;
  if (width < 2) for (const { error } of samples) if (error !== undefined) throw error;
  if (first === undefined) return undefined;
  if (width < 2 && options.oneColumn !== true) {
    const remedy = 'separate the values by commas, semicolons, tabs or vertical bars';
    throw new HandgradError('data', `${path}, line ${line}, column 1: there is only one column; ${remedy}.`);
  }
  const read = (text: string) => {
    const number = { value: NaN, exact: false };
    return { text, kind: parseNumber(text, decimal, number), value: number.value };
  };
  const columns = Array.from({ length: width }, (_, i) => ({
    first: read(first[i]!),
    others: others.map((record) => read(record[i] ?? '')),
  }));
  const hasHeader = options.hasHeader ?? hasHeaderRow(columns);
  const names = columns.map((column, i) => (hasHeader && column.first.text) || `column ${i + 1}`);
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) {
      const found = `${path}, line ${line}: the header names two columns ${quoted(name)}`;
      throw new HandgradError('data', `${found}; rename one of them.`);
    }
    seen.add(name);
  }
  const numeric = columns.map((column) =>
    [...(hasHeader ? [] : [column.first]), ...column.others].every(({ kind }) => kind !== CELL.text),
  );
  return { separator: separator.charCodeAt(0), decimal, hasHeader, names, numeric };
}

/** The sample in which records agree best; then the one with most numbers, then the one with most columns. */
function bestOf(samples: readonly Sample[]): Sample {
  const better = (a: Sample, b: Sample) => b.agreement - a.agreement || b.numbers - a.numbers || b.width - a.width;
  return [...samples].sort(better)[0]!;
}

function sampleOf(start: Buffer, separator: string, path: string): Sample {
  const records: string[][] = [];
  let [line, cells] = [1, 0];
  let error: HandgradError | undefined;
  const enough = new Error();
  const scanner = recordScanner(separator.charCodeAt(0), path);
  const take: Parameters<typeof scanner.next>[1] = (record) => {
    if (records.length === 0) line = record.line;
    cells += record.count;
    records.push(Array.from({ length: record.count }, (_, i) => cellText(record, i)));
    if (records.length >= MAX_RECORDS || (cells > MAX_CELLS && records.length >= MIN_RECORDS)) throw enough;
  };
  try {
    scanner.next(start, take);
    scanner.end(take);
  } catch (thrown) {
    if (thrown instanceof HandgradError) error = thrown;
    else if (thrown !== enough) throw thrown;
  }
  const [first = [], ...others] = records;
  const endsEmpty = (record: readonly string[], length: number) => record.length === length && record.at(-1) === '';
  const isPadded =
    endsEmpty(first, first.length) &&
    others.every((record) => record.length === first.length - 1 || endsEmpty(record, first.length));
  const width = first.length - (isPadded ? 1 : 0);
  const agreeing = others.filter((record) => record.length === width || endsEmpty(record, width + 1)).length;
  const below = new Set(others.map(({ length }) => length));
  const decimal = decimalOf(others.length > 0 ? others : records, separator);
  const values = (others.length > 0 ? others : records).flat();
  const number = { value: 0, exact: false };
  const numbers = values.filter((text) => parseNumber(text, decimal, number) === CELL.number).length;
  return {
    ...{ separator, decimal, records, error, line, width },
    // A record in which the separator does not occur agrees with anything.
    agreement: width < 2 ? 0 : (agreeing + 1) / (others.length + (error ? 2 : 1)),
    ...(agreeing === 0 && below.size === 1 && others.length > 1 && !below.has(1) && { below: [...below][0]! }),
    numbers: numbers / Math.max(1, values.length),
  };
}

/**
 * A comma is a decimal mark where that is certain: 0,751, 12,5 and 1.234,5 are decimals. 1,234 may have thousands, and
 * is a decimal only in a file with semicolons, which are there because the comma is taken. A number with a point, such
 * as 0.5, says the opposite; 1.234 may be either.
 */
function decimalOf(records: readonly (readonly string[])[], separator: string): DecimalMark {
  if (separator === ',') return '.';
  let [certain, commas, points] = [0, 0, 0];
  for (const record of records) {
    for (const text of record) {
      if (/^[+-]?\d{1,3}(,\d{3})+(,\d{3}|\.\d*)$/.test(text)) return '.';
      if (/^[+-]?[1-9]\d{0,2}([.\u00a0\u202f'’]\d{3})+,\d*$/.test(text)) certain++;
      else if (/^[+-]?[1-9]\d{0,2}\.\d{3}$/.test(text)) points++;
      else if (/^[+-]?\d*\.\d+(e[+-]?\d+)?$/i.test(text)) return '.';
      else if (/^[+-]?[1-9]\d{0,2},\d{3}$/.test(text)) commas++;
      else if (/^[+-]?\d*,\d+(e[+-]?\d+)?$/i.test(text)) certain++;
    }
  }
  return certain > 0 || (separator === ';' && commas > 0 && points === 0) ? ',' : '.';
}
