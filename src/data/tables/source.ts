import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { HandgradError } from '../../errors';
import { filesMatching, isPattern } from '../../files/matching';

/** Where the bytes of a table are. Every file can be read several times. */
export interface TableSource {
  /** The base name without extensions; `stdin` for the standard input. */
  readonly name: string;
  /** As it was given, for messages. */
  readonly path: string;
  /** At least one, in the order of their rows. */
  readonly files: readonly SourceFile[];
}

/** One file of a table. */
export interface SourceFile {
  readonly path: string;
  /** Its size on the disk; undefined when it is not known before the end. */
  readonly bytes?: number;
  /**
   * Its bytes as they are stored, perhaps compressed. The chunks must not be changed.
   * @param part a part of the file, its end excluded
   */
  read(part?: { readonly start: number; readonly end: number }): AsyncIterable<Buffer>;
}

/** The standard input is kept in memory, so that it can be read again. */
const MAX_STDIN_BYTES = 2 ** 32;

/**
 * Finds the files of a table.
 * @param spec a file, a pattern such as `part-*.csv`, a folder with the parts of a table, or `-`
 * @param options.stdin opens what `-` stands for
 * @throws HandgradError 'data' when there is no such file
 */
export async function openTableSource(
  spec: string,
  options: { readonly stdin?: () => AsyncIterable<Buffer> } = {},
): Promise<TableSource> {
  if (spec === '-') {
    if (options.stdin === undefined) throw new HandgradError('data', 'There is no standard input; name a file.');
    return { name: 'stdin', path: 'the standard input', files: [kept(options.stdin(), 'the standard input')] };
  }
  const paths = await pathsOf(spec);
  const files = await Promise.all(paths.map(fileOf));
  return { name: nameOf(spec), path: spec, files };
}

async function pathsOf(spec: string): Promise<readonly string[]> {
  const found = await stat(spec).catch(() => undefined);
  if (found?.isDirectory()) {
    const names = await readdir(spec);
    const parts = names.filter((name) => /^part-|\.(csv|tsv|txt|parquet)(\.(gz|zst))?$/i.test(name) && name[0] !== '.');
    if (parts.length > 0) return parts.sort().map((name) => join(spec, name));
    throw new HandgradError('data', `The folder ${spec} holds no table; name a CSV or Parquet file.`);
  }
  if (found !== undefined) return [spec];
  if (isPattern(spec)) {
    const matches = (await filesMatching(spec)).sort();
    if (matches.length > 0) return matches;
    throw new HandgradError('data', `No file matches ${spec}; correct the pattern.`);
  }
  throw new HandgradError('data', `There is no file ${spec}; correct the path.`);
}

async function fileOf(path: string): Promise<SourceFile> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (found.isDirectory()) throw new HandgradError('data', `${path} is a folder, not a file; name its files.`);
  // A pipe can be read once.
  if (!found.isFile()) return kept(createReadStream(path), path);
  return {
    path,
    bytes: found.size,
    async *read(part) {
      const range = part && { start: part.start, end: part.end - 1 };
      try {
        yield* createReadStream(path, { highWaterMark: 1 << 20, ...range }) as AsyncIterable<Buffer>;
      } catch (error) {
        throw unreadable(path, error);
      }
    },
  };
}

function unreadable(path: string, error: unknown): HandgradError {
  const { code } = error as NodeJS.ErrnoException;
  return new HandgradError('data', `${path} cannot be read (${code ?? String(error)}).`, { cause: error });
}

/** A stream that can be read once, as a file that can be read again. */
function kept(stream: AsyncIterable<Buffer>, path: string): SourceFile {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let rest: AsyncIterator<Buffer> | undefined = stream[Symbol.asyncIterator]();
  return {
    path,
    async *read(part) {
      for (let [next, start] = [0, 0]; ; start += chunks[next++]!.length) {
        if (next === chunks.length) {
          const found = await rest?.next();
          if (found === undefined || found.done) return void (rest = undefined);
          bytes += found.value.length;
          if (bytes > MAX_STDIN_BYTES) {
            throw new HandgradError('data', `${path} holds more than ${MAX_STDIN_BYTES} bytes; store it in a file.`);
          }
          chunks.push(found.value);
        }
        const chunk = chunks[next]!;
        if (part === undefined) yield chunk;
        else if (start >= part.end) return;
        else yield chunk.subarray(Math.max(0, part.start - start), Math.max(0, part.end - start));
      }
    },
  };
}

/** The name of a table: `data/train.csv.gz` is train, `data/part-*.csv` is data. */
function nameOf(spec: string): string {
  const last = basename(spec);
  if (isPattern(last)) return basename(join(spec, '..')).replace(/^\.+$/, 'table');
  return last.replace(/(\.(csv|tsv|txt|parquet))?(\.(gz|zst))?$/i, '') || last;
}
