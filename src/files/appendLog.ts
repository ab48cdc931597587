import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { HandgradError } from '../errors';
import { type Guard, syncFolder, temporaryName } from './atomicFile';
import { openOwn } from './readWhole';
import { storageError, withStorageErrors } from './storageError';

/** How long a record that may wait is kept in memory at most, in milliseconds, while further ones come. */
const LATEST = 500;

/** How much is copied at a time, in bytes. */
const PIECE = 1 << 20;

/** The content of a log, up to some record. */
export interface LogContent {
  readonly bytes: number;
  readonly sha256: string;
}

/** An append-only file of complete records: metrics, journals, event files. */
export interface AppendLog {
  readonly path: string;
  /**
   * Appends a record, and returns when it is on disk. Records keep the order of the calls, and those appended during a
   * write share the next one.
   * @throws HandgradError `storage`. The record is removed again, and all later ones fail too: none is written after a
   *   missing one, on which it may build. Also what `guard` throws
   */
  append(record: Uint8Array | string): Promise<void>;
  /**
   * Appends a record that need not be on disk at once: it is written with the records that come within half a second,
   * or by `flush` or `close`. So records that come every few milliseconds do not wait for the disk each.
   * @throws HandgradError as `append` does, for this record or an earlier one
   */
  appendSoon(record: Uint8Array | string): Promise<void>;
  /**
   * Writes the records that wait, and returns when all are on disk.
   * @throws HandgradError as `append` does
   */
  flush(): Promise<void>;
  /** The records that are on disk. */
  content(): LogContent;
  /** Writes what waits, even if that fails, and closes the file. */
  close(): Promise<void>;
}

/** Options of a log. */
export interface AppendOptions {
  /** Called before every write, and before an existing file is replaced. */
  readonly guard?: Guard;
}

/**
 * Opens a log for appending; creates the file if necessary. An existing one is replaced by a copy of what is kept, so a
 * process that had it open before, and was stopped in the middle of a write, no longer reaches it.
 * @param kept how many of its bytes to keep, and their digest if it is known; the rest is dropped, such as a partial
 *   record of a killed process
 * @throws HandgradError `storage`; `model` when the file is not a regular one, is shorter, or has another digest
 */
export async function openAppendLog(
  path: string,
  kept: number | LogContent,
  { guard = async () => {} }: AppendOptions = {},
): Promise<AppendLog> {
  const hash = createHash('sha256');
  const expected = typeof kept === 'number' ? { bytes: kept } : kept;
  let end = expected.bytes;
  const handle = await withStorageErrors(path, () => createCopy(path, expected, hash, guard));
  let waiting: Uint8Array[] = [];
  let next: Promise<void> | undefined;
  let last: Promise<void> = Promise.resolve();
  let failure: HandgradError | undefined;
  let written = -Infinity;

  async function write(): Promise<void> {
    const bytes = Buffer.concat(waiting);
    waiting = [];
    next = undefined;
    if (failure) throw failure;
    await guard();
    try {
      await handle.appendFile(bytes);
      await handle.sync();
      end += bytes.length;
      hash.update(bytes);
      written = performance.now();
    } catch (error) {
      failure = await storageError(error, path, bytes.length);
      // If this fails too, the first error is still the one to report.
      await handle.truncate(end).catch(() => undefined);
      throw failure;
    }
  }

  function flush(): Promise<void> {
    if (waiting.length === 0) return last;
    next ??= last = last.then(write, write);
    return next;
  }

  const add = (record: Uint8Array | string) => waiting.push(typeof record === 'string' ? Buffer.from(record) : record);

  return {
    path,
    append(record) {
      add(record);
      return flush();
    },
    async appendSoon(record) {
      add(record);
      if (performance.now() - written >= LATEST) await flush();
    },
    flush,
    content: () => ({ bytes: end, sha256: hash.copy().digest('hex') }),
    async close() {
      await flush().catch(() => undefined);
      await handle.close();
    },
  };
}

/** Replaces a file atomically by its first bytes, and opens it for appending. */
async function createCopy(
  path: string,
  { bytes: end, sha256 }: { readonly bytes: number; readonly sha256?: string },
  hash: Hash,
  guard: Guard,
): Promise<FileHandle> {
  const temp = join(dirname(path), temporaryName(basename(path)));
  const handle = await open(temp, 'ax');
  try {
    for await (const bytes of startOf(path, end)) {
      hash.update(bytes);
      await handle.appendFile(bytes);
    }
    if (sha256 !== undefined && sha256 !== hash.copy().digest('hex')) {
      throw new HandgradError('model', `${path} has changed since it was written; restore the file.`);
    }
    await handle.sync();
    await guard();
    await rename(temp, path);
    await syncFolder(dirname(path));
    return handle;
  } catch (error) {
    await handle.close();
    await rm(temp, { force: true }).catch(() => undefined);
    throw error;
  }
}

/**
 * Reads the first bytes of a file that handgrad wrote, in pieces.
 * @throws HandgradError `model` when it is not a regular file, or is shorter
 */
export async function* startOf(path: string, end: number): AsyncGenerator<Buffer, void, void> {
  if (end === 0) return;
  const refuse = (why: string) => new HandgradError('model', `${path} ${why}; restore the file.`);
  const handle = await openOwn(path, refuse);
  if (!handle) throw refuse('is missing');
  try {
    const { size } = await handle.stat();
    if (size < end) throw refuse(`has only ${size} of its ${end} bytes`);
    for (let at = 0; at < end;) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.min(PIECE, end - at)), 0, null, at);
      if (bytesRead === 0) throw refuse(`has only ${at} of its ${end} bytes`);
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}
