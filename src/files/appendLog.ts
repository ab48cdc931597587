import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { HandgradError } from '../errors';
import { syncFolder } from './atomicFile';
import { storageError, withStorageErrors } from './storageError';

/** An append-only file of complete records: metrics, journals, event files. */
export interface AppendLog {
  readonly path: string;
  /**
   * Appends a record, and returns when it is on disk. Records keep the order of the calls, and those appended during a
   * write share the next one.
   * @throws HandgradError `storage`. The record is removed again, and the records queued behind it fail too, so none is
   *   written after a missing one. If it cannot be removed, all later appends fail.
   */
  append(record: Uint8Array | string): Promise<void>;
  /** Waits for pending writes, even if they fail, and closes the file. */
  close(): Promise<void>;
}

/**
 * Opens a log for appending; creates the file if necessary.
 * @param end how many of its bytes to keep; the rest is truncated, such as a partial record of a killed process
 * @throws HandgradError `storage`
 */
export async function openAppendLog(path: string, end: number): Promise<AppendLog> {
  const handle = await withStorageErrors(path, async () => {
    const opened = await open(path, 'a');
    try {
      if ((await opened.stat()).size !== end) {
        await opened.truncate(end);
        await opened.sync();
      }
      await syncFolder(dirname(path));
      return opened;
    } catch (error) {
      await opened.close();
      throw error;
    }
  });
  let waiting: Uint8Array[] = [];
  let next: Promise<void> | undefined;
  let last: Promise<void> = Promise.resolve();
  let failure: HandgradError | undefined;
  let torn = false;

  async function write(): Promise<void> {
    const bytes = Buffer.concat(waiting);
    waiting = [];
    next = undefined;
    const before = failure;
    if (!torn) failure = undefined;
    if (before) throw before;
    try {
      await handle.appendFile(bytes);
      await handle.sync();
      end += bytes.length;
    } catch (error) {
      const reason = await storageError(error, path, bytes.length);
      torn = await handle.truncate(end).then(
        () => false,
        () => true,
      );
      if (torn || waiting.length > 0) failure = reason;
      throw reason;
    }
  }

  return {
    path,
    append(record) {
      waiting.push(typeof record === 'string' ? Buffer.from(record) : record);
      next ??= last = last.then(write, write);
      return next;
    },
    async close() {
      await last.catch(() => undefined);
      await handle.close();
    },
  };
}
