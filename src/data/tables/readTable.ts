import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { HandgradError } from '../../errors';
import { plural, quoted } from '../../words';
import { datasetDigest } from '../download/verify';
import {
  addNumber,
  addText,
  finishNumbers,
  finishTexts,
  holdsCodes,
  type NumberBuilder,
  numberBuilder,
  type TextBuilder,
  textBudget,
  textBuilder,
  type TextBudget,
} from './columnBuilder';
import { decompressed } from './decompress';
import { type Dialect, findDialect } from './dialect';
import { isParquet, readParquet } from './parquet';
import { cellText, invalid, type RecordCells, type RecordScanner, recordScanner } from './records';
import type { TableSource } from './source';
import type { Column, Table } from './table';
import { textPieces } from './text';

/** How a table is read. */
export interface ReadTableOptions {
  /** Names of columns that are read as texts although they may hold numbers only, such as labels. */
  readonly texts?: readonly string[];
  /** Whether the first line names the columns; found out by default. */
  readonly hasHeader?: boolean;
  /** Whether a table of one column is accepted; false by default. */
  readonly oneColumn?: boolean;
  /** Aborts reading. */
  readonly signal?: AbortSignal;
  /** Called now and then with the bytes read, and with those of all files if they are known. */
  readonly onProgress?: (progress: { readonly bytes: number; readonly total?: number }) => void;
}

/** What to read in a pass over the files. */
interface Plan {
  readonly dialect: Dialect;
  readonly numbers: readonly NumberBuilder[];
  readonly texts: readonly TextBuilder[];
  readonly budget: TextBudget;
}

/** What a pass yields beside the columns. */
interface Pass {
  readonly plan: Plan;
  readonly digest: string;
  readonly count: number;
  readonly lineOf: (row: number) => string;
}

/**
 * Reads a table into memory: CSV text with any usual separator, plain or compressed, or Parquet. A column of text that
 * holds numbers up to a later line, and then a text, is read again as texts, and so is one of whole numbers with
 * leading zeros: "0123" keeps its zero.
 * @throws HandgradError 'data' with line and column of what cannot be read; the signal's reason when aborted
 */
export async function readTable(source: TableSource, options: ReadTableOptions = {}): Promise<Table> {
  return (await isParquet(source.files[0]!)) ? readParquetTable(source, options) : readTextTable(source, options);
}

async function readParquetTable(source: TableSource, options: ReadTableOptions): Promise<Table> {
  const count = progressOf(source, options);
  const sums: string[] = [];
  for (const file of source.files) {
    const hash = createHash('sha256');
    for await (const chunk of count(file.read())) hash.update(chunk);
    sums.push(hash.digest('hex'));
  }
  const { columns, counts } = await readParquet(source.files, options.texts, options.signal);
  const lines = lineIndex(source);
  for (const [file, rows] of counts.entries()) for (let row = 1; row <= rows; row++) lines.add(file, row);
  if (lines.count() === 0) throw noRows(source);
  const { name, path } = source;
  const digest = datasetDigest(sums);
  return { name, path, digest, count: lines.count(), hasHeader: true, columns, lineOf: lines.lineOf };
}

async function readTextTable(source: TableSource, options: ReadTableOptions): Promise<Table> {
  const { plan, digest, count, lineOf } = await readPass(source, options, (dialect) => planOf(dialect, options));
  const texts: TextBuilder[] = [];
  for (const builder of plan.numbers) {
    const leadingZeros = !builder.hasText && holdsCodes(builder);
    // "NA", "null" and "inf" in a column without any number are texts.
    builder.hasText ||= leadingZeros || !builder.values.subarray(0, count).some(Number.isFinite);
    const { name, column, hasText } = builder;
    if (!hasText) continue;
    texts.push(
      textBuilder(name, column, plan.budget, { ...howTexts(plan.dialect), ...(leadingZeros && { leadingZeros }) }),
    );
  }
  if (texts.length > 0) {
    const again = await readPass(source, options, () => ({ ...plan, numbers: [], texts }));
    if (again.digest !== digest) {
      throw new HandgradError('data', `${source.path} changed while it was read; try again.`);
    }
  }
  const columns = new Array<Column>(plan.dialect.names.length);
  for (const builder of plan.numbers) {
    if (builder.hasText) continue;
    const whereIs = (row: number) => `${source.path}, line ${lineOf(row)}, column ${builder.column + 1}`;
    columns[builder.column] = finishNumbers(builder, whereIs);
  }
  for (const builder of [...plan.texts, ...texts]) columns[builder.column] = finishTexts(builder);
  const { name, path } = source;
  return { name, path, digest, count, hasHeader: plan.dialect.hasHeader, columns, lineOf };
}

function planOf(dialect: Dialect, { texts = [] }: ReadTableOptions): Plan {
  const asked = new Set(texts);
  const budget = textBudget();
  const plan = { dialect, numbers: [] as NumberBuilder[], texts: [] as TextBuilder[], budget };
  for (const [i, name] of dialect.names.entries()) {
    if (dialect.numeric[i] && !asked.has(name)) plan.numbers.push(numberBuilder(name, i));
    else plan.texts.push(textBuilder(name, i, budget, howTexts(dialect)));
  }
  return plan;
}

const howTexts = ({ decimal }: Dialect) => (decimal === ',' ? { decimal } : {});

async function readPass(
  source: TableSource,
  options: ReadTableOptions,
  makePlan: (dialect: Dialect) => Plan,
): Promise<Pass> {
  const sums: string[] = [];
  const lines = lineIndex(source);
  const counted = progressOf(source, options);
  let plan: Plan | undefined;
  for (const [i, file] of source.files.entries()) {
    const { path } = file;
    const hash = createHash('sha256');
    const hashed = async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        yield chunk;
      }
    };
    let scanner: RecordScanner | undefined;
    let take: ((record: RecordCells) => void) | undefined;
    for await (const piece of textPieces(hashed(decompressed(counted(file.read()), path)), path)) {
      if (plan === undefined) {
        const dialect = findDialect(piece, path, options);
        if (dialect === undefined) continue;
        plan = makePlan(dialect);
      }
      scanner ??= recordScanner(plan.dialect.separator, path);
      take ??= rowTaker(plan, path, source.files[0]!.path, (line) => lines.add(i, line));
      scanner.next(piece, take);
    }
    if (take) scanner?.end(take);
    sums.push(hash.digest('hex'));
  }
  if (plan === undefined || lines.count() === 0) {
    throw noRows(source);
  }
  return { plan, digest: datasetDigest(sums), count: lines.count(), lineOf: lines.lineOf };
}

function noRows({ path }: TableSource): HandgradError {
  return new HandgradError('data', `${path} has no rows; name a file with a table.`);
}

/** Passes chunks on, reports how many bytes there were, and stops when the signal says so. */
function progressOf({ files }: TableSource, { signal, onProgress }: ReadTableOptions) {
  const size = files.reduce((sum, { bytes }) => sum + (bytes ?? NaN), 0);
  const total = Number.isNaN(size) ? undefined : size;
  let bytes = 0;
  return async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      bytes += chunk.length;
      onProgress?.({ bytes, total });
      yield chunk;
    }
  };
}

/** Gives the cells of the records of a file to the columns. */
function rowTaker(
  { dialect, numbers, texts }: Plan,
  path: string,
  firstPath: string,
  onRow: (line: number) => void,
): (record: RecordCells) => void {
  const { names, decimal, hasHeader } = dialect;
  const width = names.length;
  let isHeader = hasHeader;
  const [number, text] = [addNumber, addText];
  return (record) => {
    const { count, line, starts, ends } = record;
    if (count !== width && !(count === width + 1 && starts[width] === ends[width])) {
      const found = `the line has ${plural(count, 'column')}, where ${width} are expected`;
      throw invalid(path, line, Math.min(count, width) + 1, found);
    }
    if (isHeader) {
      isHeader = false;
      for (const [i, name] of names.entries()) {
        const here = cellText(record, i) || `column ${i + 1}`;
        if (here === name) continue;
        const found = `the header names ${quoted(here)}, where ${firstPath} has ${quoted(name)}`;
        throw invalid(path, line, i + 1, found);
      }
      return;
    }
    for (let i = 0; i < numbers.length; i++) number(numbers[i]!, record, decimal);
    for (let i = 0; i < texts.length; i++) text(texts[i]!, record);
    onRow(line);
  };
}

/** Where rows are in their files, stored as the rows whose line is not the one after the line of the row before. */
function lineIndex({ files }: TableSource) {
  const marks: { row: number; file: number; line: number }[] = [];
  let [rows, lastFile, lastLine] = [0, -1, 0];
  return {
    count: () => rows,
    add: (file: number, line: number): void => {
      if (file !== lastFile || line !== lastLine + 1) marks.push({ row: rows, file, line });
      [lastFile, lastLine] = [file, line];
      rows++;
    },
    lineOf: (row: number): string => {
      let [low, high] = [0, marks.length];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (marks[middle]!.row <= row) low = middle;
        else high = middle;
      }
      const { row: start, file, line } = marks[low]!;
      const shown = String(line + row - start);
      return files.length === 1 ? shown : `${shown} of ${basename(files[file]!.path)}`;
    },
  };
}
