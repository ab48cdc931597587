import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { HandgradError } from '../errors';
import { storageError, withStorageErrors } from './storageError';

/**
 * Called before a change of a locked folder, such as `Lock.assertHeld`. When it rejects, because the folder is not this
 * process's any more, the change is not made.
 */
export type Guard = () => Promise<void>;

/** The suffix of files that are being written. A killed process may leave one behind; they are never read. */
const TEMP_SUFFIX = '.tmp';

/** A temporary name in the same folder, unique to this call. */
export function temporaryName(name: string): string {
  return `.${name}.${process.pid}-${randomBytes(4).toString('hex')}${TEMP_SUFFIX}`;
}

/** Whether a name may come from `temporaryName`. */
export function isTemporaryName(name: string): boolean {
  return /^\..+\.\d+-[0-9a-f]{8}\.tmp$/.test(name);
}

/**
 * Replaces a file atomically and durably: a reader sees the old content or the complete new one, even after a crash,
 * and the new one is on disk when this returns. Steps: temporary file in the same folder, fsync, rename, fsync of the
 * folder.
 *
 * The package write-file-atomic 7 omits the last step, so a power failure may undo the rename; and it ignores short
 * writes, so a full disk can leave a truncated file under the final name.
 * @param guard called before the file is replaced
 * @throws HandgradError `storage`, with the bytes needed and free, after removing the temporary file
 */
export async function writeFileAtomic(
  path: string,
  content: Uint8Array | string,
  guard: Guard = async () => {},
): Promise<void> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  // In the same folder: rename is atomic only within one file system.
  const temp = join(dirname(path), temporaryName(basename(path)));
  try {
    await writeNew(temp, bytes);
    await guard();
    await rename(temp, path);
    await syncFolder(dirname(path));
  } catch (error) {
    // If this fails too, the first error is still the one to report.
    await rm(temp, { force: true }).catch(() => undefined);
    // What the guard throws stays as it is.
    throw error instanceof HandgradError ? error : await storageError(error, path, bytes.byteLength);
  }
}

/**
 * Removes what a killed process left unfinished in a folder.
 * @param guard called before each file is removed: it may be what a process writes that took the folder over
 * @param isUnfinished whether a name, among the others, is that of such a file
 * @throws HandgradError `storage`
 */
export async function removeUnfinished(
  dir: string,
  guard: Guard = async () => {},
  isUnfinished: (name: string, names: readonly string[]) => boolean = isTemporaryName,
): Promise<void> {
  const names = await readdir(dir).catch((): string[] => []);
  for (const name of names.filter((one) => isUnfinished(one, names))) {
    await guard();
    await withStorageErrors(join(dir, name), () => rm(join(dir, name), { force: true }));
  }
}

async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes changes to a folder's entries durable: renamed, created and removed files. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder as a file; NTFS journals the rename itself.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some network and FUSE file systems cannot sync a folder and return EINVAL; nothing more can be done.
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
  } finally {
    await handle.close();
  }
}
