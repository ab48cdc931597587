import type { SchemaTree } from 'hyparquet';
import { HandgradError } from '../../errors';
import { quoted } from '../../words';
import {
  addInfinite,
  addString,
  addValue,
  finishNumbers,
  finishTexts,
  numberBuilder,
  textBudget,
  textBuilder,
  withoutValues,
} from './columnBuilder';
import { MS_PER_DAY } from './dates';
import { MAX_COLUMNS } from './records';
import type { SourceFile } from './source';
import type { Column, ColumnFault } from './table';

/** What is read of Parquet files. */
export interface ParquetColumns {
  readonly columns: readonly Column[];
  /** Rows of each file. */
  readonly counts: readonly number[];
}

/** Whether a file starts as Parquet files do. */
export async function isParquet(file: SourceFile): Promise<boolean> {
  const start = await bytesOf(file, { start: 0, end: 4 });
  return start.toString('latin1') === 'PAR1';
}

/**
 * The columns of Parquet files, one file's rows after the other's. Numbers stay numbers, missing values are missing;
 * dates and times become texts as ISO 8601 has them, booleans `true` and `false`. Whole numbers that a float64 does not
 * hold are texts. Columns of lists, records or binary values have a fault.
 * @param texts names of columns that are read as texts
 * @throws HandgradError 'data' when a file is damaged, or has other columns than the first file
 */
export async function readParquet(
  files: readonly SourceFile[],
  texts: readonly string[] = [],
  signal?: AbortSignal,
): Promise<ParquetColumns> {
  const opened = [];
  for (const file of files) opened.push(await openFile(file));
  const [{ names }] = opened as [OpenFile];
  for (const other of opened.slice(1)) {
    const at = names.findIndex((name, i) => other.names[i] !== name);
    if (at < 0 && other.names.length === names.length) continue;
    const where = at < 0 ? names.length : at;
    const [here, first] = [other.names[where], names[where]].map((name) =>
      name === undefined ? 'none' : quoted(name),
    );
    const found = `${other.path}, column ${where + 1} is ${here!}, where ${files[0]!.path} has ${first!}`;
    throw new HandgradError('data', `${found}; correct the files.`);
  }
  const budget = textBudget();
  // Texts are finished at the end: until then, those of a column may be given up for want of memory.
  const finish: (() => Column)[] = [];
  const rows = opened.reduce((sum, { count }) => sum + count, 0);
  for (const [i, name] of names.entries()) {
    signal?.throwIfAborted();
    const nested = opened.find(({ isNested }) => isNested(name));
    if (nested) {
      const remedy = 'write each of its parts to a column of its own';
      const fault = faultOf(nested.path, name, 'has values with parts of their own', remedy);
      finish.push(() => withoutValues(name, rows, fault));
      continue;
    }
    const chunks: ArrayLike<unknown>[] = [];
    for (const { column } of opened) for (const chunk of await column(name)) chunks.push(chunk);
    const isNumeric = !texts.includes(name) && areNumbers(chunks);
    if (isNumeric) {
      const builder = numberBuilder(name, i);
      for (const value of valuesOf(chunks)) {
        const number = value === null || value === undefined ? NaN : Number(value);
        if (Math.abs(number) === Infinity) addInfinite(builder, number, String(number));
        else addValue(builder, number);
      }
      const column = finishNumbers(builder, (row) => `${files[0]!.path}, row ${row + 1}, column ${quoted(name)}`);
      finish.push(() => column);
    } else {
      const builder = textBuilder(name, i, budget);
      let isText = true;
      for (const value of valuesOf(chunks)) {
        const text = textOf(value);
        isText &&= text !== undefined;
        addString(builder, text ?? '');
      }
      const fault = faultOf(files[0]!.path, name, 'holds neither numbers nor texts', 'remove it');
      finish.push(() => (isText ? finishTexts(builder) : withoutValues(name, rows, fault)));
    }
  }
  return { columns: finish.map((column) => column()), counts: opened.map(({ count }) => count) };
}

const faultOf = (path: string, name: string, what: string, remedy: string): ColumnFault => ({
  where: `${path}, column ${quoted(name)}`,
  ...{ what, remedy },
});

interface OpenFile {
  readonly path: string;
  readonly names: readonly string[];
  readonly count: number;
  /** Whether the values of a column have parts of their own: lists and records. */
  readonly isNested: (name: string) => boolean;
  /** The values of a column, by row groups. */
  readonly column: (name: string) => Promise<ArrayLike<unknown>[]>;
}

async function openFile(file: SourceFile): Promise<OpenFile> {
  const { path } = file;
  const { parquetMetadataAsync, parquetScan, parquetSchema } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const whole = file.bytes === undefined ? await bytesOf(file) : undefined;
  const byteLength = file.bytes ?? whole!.length;
  const buffer = {
    byteLength,
    slice: async (start: number, end = byteLength) => {
      const bytes = whole?.subarray(start, end) ?? (await bytesOf(file, { start, end }));
      return new Uint8Array(bytes).buffer;
    },
  };
  const metadata = await asDamage(path, () => parquetMetadataAsync(buffer, { geoparquet: false }));
  const { children } = await asDamage(path, () => Promise.resolve(parquetSchema(metadata)));
  const count = Number(metadata.num_rows);
  const names = children.map(({ element }) => element.name);
  const isPlain = ({ element, children }: SchemaTree) =>
    children.length === 0 && element.repetition_type !== 'REPEATED';
  const nested = new Set(children.filter((child) => !isPlain(child)).map(({ element }) => element.name));
  if (names.length > MAX_COLUMNS) throw new HandgradError('data', `${path} has more than ${MAX_COLUMNS} columns.`);
  const doubled = names.find((name, i) => names.indexOf(name) < i);
  if (doubled !== undefined) {
    throw new HandgradError('data', `${path} has two columns ${quoted(doubled)}; rename one of them.`);
  }
  return {
    path,
    names,
    count,
    isNested: (name) => nested.has(name),
    column: (name) =>
      asDamage(path, async () => {
        // A scan keeps what it read last of each column: one for each column frees it.
        const scan = await parquetScan({
          ...{ file: buffer, metadata, compressors, columns: [name], useOffsetIndex: false },
          parsers: PARSERS,
        });
        const chunks: ArrayLike<unknown>[] = [];
        for (const range of scan.ranges) {
          const data = await scan.readColumn({ column: name, ...range });
          chunks.push(data);
        }
        const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
        if (length === count) return chunks;
        throw new Error(`column ${quoted(name)} has ${length} values, where ${count} are expected`);
      }),
  };
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Bytes that are not UTF-8 stay bytes: see `textOf`. */
function textOrBytes(bytes?: Uint8Array): string | Uint8Array | undefined {
  try {
    return bytes && decoder.decode(bytes);
  } catch {
    return bytes;
  }
}

const iso = (milliseconds: number) => new Date(milliseconds).toISOString().replace('.000Z', 'Z');

const PARSERS = {
  dateFromDays: (days: number) => iso(days * MS_PER_DAY).slice(0, -'T00:00:00Z'.length),
  timestampFromMilliseconds: (time: bigint) => iso(Number(time)),
  timestampFromMicroseconds: (time: bigint) => iso(Number(time / 1000n)),
  timestampFromNanoseconds: (time: bigint) => iso(Number(time / 1_000_000n)),
  stringFromBytes: textOrBytes,
  jsonFromBytes: textOrBytes,
  geometryFromBytes: (bytes?: Uint8Array) => bytes,
  geographyFromBytes: (bytes?: Uint8Array) => bytes,
};

function* valuesOf(chunks: readonly ArrayLike<unknown>[]): Generator<unknown> {
  for (const chunk of chunks) for (let i = 0; i < chunk.length; i++) yield chunk[i];
}

/** Whether all values are numbers that a float64 holds, or missing, and at least one is there. */
function areNumbers(chunks: readonly ArrayLike<unknown>[]): boolean {
  let numbers = 0;
  for (const value of valuesOf(chunks)) {
    if (value === null || value === undefined) continue;
    const isNumber = typeof value === 'number' || (typeof value === 'bigint' && BigInt(Number(value)) === value);
    if (!isNumber) return false;
    if (!Number.isNaN(value)) numbers++;
  }
  return numbers > 0;
}

/** @returns undefined for a value that is neither a number nor a text */
function textOf(value: unknown): string | undefined {
  if (value === null || value === undefined || Number.isNaN(value)) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  return undefined;
}

async function asDamage<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HandgradError) throw error;
    const found = (error as Error).message.replaceAll('\n', ' ').slice(0, 200);
    throw new HandgradError('data', `${path} cannot be read as Parquet (${found}); check the file.`, { cause: error });
  }
}

async function bytesOf(file: SourceFile, part?: { start: number; end: number }): Promise<Buffer> {
  const chunks: Buffer[] = [];
  if (part === undefined || part.end > part.start) for await (const chunk of file.read(part)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
