import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { HandgradError } from '../errors';
import { syncFolder } from './atomicFile';
import { storageError, withStorageErrors } from './storageError';

/** A file that only grows, in whole pieces: metrics, journals, event files. */
export interface AppendLog {
  readonly path: string;
  /**
   * Appends a piece; it is on the disk when this returns. Pieces keep the order of the calls, and those that come while
   * others are being written share one write.
   * @throws HandgradError `storage`; no part of the piece stays behind, and those that were waiting fail with it: none
   *   may hide that one before it is missing. Where a part cannot be cut off, nothing is appended any more.
   */
  append(piece: Uint8Array | string): Promise<void>;
  /** Waits for what is being written, however that ends. */
  close(): Promise<void>;
}

/**
 * Opens a log for appending, and makes the file when there is none.
 * @param end how many of its bytes stay: what a killed process left behind its last whole piece, and what is to be
 *   written again, is cut off
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
    append(piece) {
      waiting.push(typeof piece === 'string' ? Buffer.from(piece) : piece);
      next ??= last = last.then(write, write);
      return next;
    },
    async close() {
      await last.catch(() => undefined);
      await handle.close();
    },
  };
}
