import { HandgradError } from '../../errors';
import { quoted } from '../../words';
import { addString, addValue, finishNumbers, finishTexts, numberBuilder, textBuilder } from './columnBuilder';
import { MS_PER_DAY } from './dates';
import { MAX_COLUMNS } from './records';
import type { SourceFile } from './source';
import type { Column } from './table';

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
 * hold are texts.
 * @param texts names of columns that are read as texts
 * @throws HandgradError 'data' when a file is damaged, has nested columns, or others than the first file
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
  const budget = { characters: 0 };
  const columns: Column[] = [];
  for (const [i, name] of names.entries()) {
    signal?.throwIfAborted();
    const chunks: ArrayLike<unknown>[] = [];
    for (const { column } of opened) for (const chunk of await column(name)) chunks.push(chunk);
    const isNumeric = !texts.includes(name) && areNumbers(chunks);
    if (isNumeric) {
      const builder = numberBuilder(name, i);
      for (const value of valuesOf(chunks)) {
        const number = value === null || value === undefined ? NaN : Number(value);
        if (Math.abs(number) === Infinity) {
          const where = `${files[0]!.path}, row ${builder.count + 1}, column ${quoted(name)}`;
          throw new HandgradError('data', `${where}: ${number} is not a number that can be used; correct the file.`);
        }
        addValue(builder, number);
      }
      columns.push(finishNumbers(builder));
    } else {
      const builder = textBuilder(name, i);
      for (const value of valuesOf(chunks)) addString(builder, textOf(value, name, files[0]!.path), budget);
      columns.push(finishTexts(builder));
    }
  }
  return { columns, counts: opened.map(({ count }) => count) };
}

interface OpenFile {
  readonly path: string;
  readonly names: readonly string[];
  readonly count: number;
  /** The values of a column, by row groups. */
  readonly column: (name: string) => Promise<ArrayLike<unknown>[]>;
}

async function openFile(file: SourceFile): Promise<OpenFile> {
  const { path } = file;
  const { parquetMetadataAsync, parquetScan } = await import('hyparquet');
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
  const [, ...elements] = metadata.schema;
  for (const { name, num_children, repetition_type } of elements) {
    if (num_children === undefined && repetition_type !== 'REPEATED') continue;
    const remedy = 'write each of its parts to a column of its own';
    throw new HandgradError('data', `${path}, column ${quoted(name)} has values with parts of their own; ${remedy}.`);
  }
  const count = Number(metadata.num_rows);
  const names = elements.map(({ name }) => name);
  if (names.length > MAX_COLUMNS) throw new HandgradError('data', `${path} has more than ${MAX_COLUMNS} columns.`);
  const doubled = names.find((name, i) => names.indexOf(name) < i);
  if (doubled !== undefined) {
    throw new HandgradError('data', `${path} has two columns ${quoted(doubled)}; rename one of them.`);
  }
  return {
    path,
    names,
    count,
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

const iso = (milliseconds: number) => new Date(milliseconds).toISOString().replace('.000Z', 'Z');

const PARSERS = {
  dateFromDays: (days: number) => iso(days * MS_PER_DAY).slice(0, -'T00:00:00Z'.length),
  timestampFromMilliseconds: (time: bigint) => iso(Number(time)),
  timestampFromMicroseconds: (time: bigint) => iso(Number(time / 1000n)),
  timestampFromNanoseconds: (time: bigint) => iso(Number(time / 1_000_000n)),
  stringFromBytes: (bytes?: Uint8Array) => bytes && decoder.decode(bytes),
  jsonFromBytes: (bytes?: Uint8Array) => bytes && decoder.decode(bytes),
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

function textOf(value: unknown, name: string, path: string): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  throw new HandgradError('data', `${path}, column ${quoted(name)} holds neither numbers nor texts; remove it.`);
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
