import { pipeline } from 'node:stream/promises';
import { HandgradError } from '../../errors';
import { quoted } from '../../words';

/** A CSV file in memory. */
export interface CsvTable {
  /** Row-major [count, numInputs]. */
  readonly features: Float32Array;
  /** [count]: positions in `labelTexts`. */
  readonly labels: Int32Array;
  /** The distinct labels, in order of first appearance. */
  readonly labelTexts: readonly string[];
  readonly count: number;
  readonly numInputs: number;
}

/** Bounds the cost of one line: an image of 256 x 256 bytes fits, a million columns do not. */
const MAX_COLUMNS = 65_537;
const MAX_LINE_BYTES = 2 ** 19;

interface Line {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/**
 * Reads numbers and labels from CSV text (RFC 4180, with or without a header).
 * @param path the file's name, for messages
 * @param labelColumn the name of the column that holds the labels; the first column without it
 * @throws HandgradError 'data' with the line and column of an invalid value
 */
export async function csvTable(text: AsyncIterable<Buffer>, path: string, labelColumn?: string): Promise<CsvTable> {
  const { parse } = await import('csv-parse');
  const parser = parse({
    bom: true,
    info: true,
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: MAX_LINE_BYTES,
  });
  const rows = createRows(path, labelColumn);
  try {
    await pipeline(boundLines(text, path), parser, async (lines: AsyncIterable<Line>) => {
      for await (const line of lines) rows.add(line);
    });
  } catch (error) {
    throw asDataError(error, path);
  }
  return rows.finish();
}

/** Passes the text on, except a line that is too long: the parser would hold all of it in memory. */
async function* boundLines(text: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  let line = 1;
  let length = 0;
  for await (const chunk of text) {
    for (let start = 0, end = 0; end >= 0; start = end + 1) {
      end = chunk.indexOf('\n', start);
      length += (end < 0 ? chunk.length : end) - start;
      if (length > MAX_LINE_BYTES) throw at(path, line, 1, `the line is longer than ${MAX_LINE_BYTES} bytes`);
      if (end >= 0) {
        length = 0;
        line++;
      }
    }
    yield chunk;
  }
}

/** Collects lines. The first waits for the second, which decides whether it is a header. */
function createRows(path: string, labelColumn: string | undefined) {
  let first: Line | undefined;
  let label = 0;
  let columns = 0;
  let count = 0;
  let values = new Float32Array(1 << 12);
  let labels = new Int32Array(1 << 8);
  const texts = new Map<string, number>();

  const addRow = ({ record, info }: Line): void => {
    if (record.length !== columns) {
      const column = Math.min(record.length, columns) + 1;
      throw at(path, info.lines, column, `the line has ${record.length} columns, where ${columns} are expected`);
    }
    const width = columns - 1;
    if ((count + 1) * width > values.length) values = grown(values, new Float32Array(values.length * 2 + width));
    if (count === labels.length) labels = grown(labels, new Int32Array(labels.length * 2));
    let next = count * width;
    for (let i = 0; i < columns; i++) {
      if (i !== label) values[next++] = numberIn(record[i]!, path, info.lines, i + 1);
    }
    labels[count++] = labelIn(record[label]!, texts, path, info.lines, label + 1);
  };

  const addFirst = (line: Line, second: Line | undefined): void => {
    columns = line.record.length;
    if (columns > MAX_COLUMNS) throw at(path, 1, MAX_COLUMNS + 1, `there are more than ${MAX_COLUMNS} columns`);
    if (columns < 2) throw at(path, line.info.lines, 1, 'there is only one column; separate the values by commas');
    label = labelColumn === undefined ? 0 : line.record.indexOf(labelColumn);
    if (label < 0) {
      const known = line.record.slice(0, 10).map(quoted).join(', ');
      throw at(path, line.info.lines, 1, `the header names no column ${quoted(labelColumn!)}; it begins with ${known}`);
    }
    if (labelColumn === undefined && !isHeader(line.record, second?.record)) addRow(line);
  };

  return {
    add(line: Line): void {
      if (columns > 0) return addRow(line);
      if (first === undefined) return void (first = line);
      addFirst(first, line);
      addRow(line);
    },
    finish(): CsvTable {
      if (columns === 0 && first !== undefined) addFirst(first, undefined);
      if (count === 0) throw at(path, 1, 1, 'there are no samples');
      const numInputs = columns - 1;
      const features = values.slice(0, count * numInputs);
      return { features, labels: labels.slice(0, count), labelTexts: [...texts.keys()], count, numInputs };
    },
  };
}

/**
 * Whether the first line, label first, is a header: none of its features is a number,
 * or only its label is not while the next line's is (a table with the column names 0, 1, 2, …).
 */
function isHeader([label, ...features]: readonly string[], second: readonly string[] | undefined): boolean {
  const named = (text: string) =>
    text !== '' && Number.isNaN(Number(text)) && !/^[+-]?(nan|inf(inity)?|na|null)$/i.test(text);
  if (features.every(named)) return true;
  return named(label!) && second !== undefined && second[0] !== '' && !Number.isNaN(Number(second[0]));
}

function numberIn(text: string, path: string, line: number, column: number): number {
  const value = Number(text);
  // Number() also accepts hexadecimal and, as zero, the empty string.
  const decimal = text !== '' && !(text.charCodeAt(0) === 48 && /[xob]/i.test(text[1] ?? ''));
  if (!decimal || !Number.isFinite(Math.fround(value))) {
    throw at(path, line, column, `${quoted(text)} is not a number that can be used`);
  }
  return value;
}

function labelIn(text: string, texts: Map<string, number>, path: string, line: number, column: number): number {
  // 3, 03 and 3.0 are one class: some programs write every number with a decimal point.
  const label = /^[+-]?\d+(\.0*)?$/.test(text) ? String(Number(text)) : text;
  if (label === '' || /^[+-]?nan$/i.test(label)) throw at(path, line, column, `${quoted(text)} is not a label`);
  const known = texts.get(label);
  if (known !== undefined) return known;
  texts.set(label, texts.size);
  return texts.size - 1;
}

function grown<T extends Float32Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function at(path: string, line: number, column: number, found: string): HandgradError {
  return new HandgradError('data', `${path}, line ${line}, column ${column}: ${found}; correct the file.`);
}

function asDataError(error: unknown, path: string): unknown {
  const { code, lines, column } = error as { code?: string; lines?: number; column?: number | string };
  if (error instanceof HandgradError || code === undefined) return error;
  const where = [path, ...(lines === undefined ? [] : [`line ${lines}`, `column ${Number(column) + 1}`])].join(', ');
  const found =
    code === 'CSV_MAX_RECORD_SIZE'
      ? `the line is longer than ${MAX_LINE_BYTES} bytes`
      : `cannot be read: ${(error as Error).message.replaceAll('\n', ' ')}`;
  return new HandgradError('data', `${where}: ${found}; correct the file.`, { cause: error });
}
