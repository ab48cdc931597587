import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { storageError } from './storageError';

/** How the name of a file that is being written ends. A process that was killed may leave one: nothing reads them. */
const TEMP_SUFFIX = '.tmp';

/** The name under which a file is written at first: in its own folder, and no other process's. */
export function temporaryName(name: string): string {
  return `.${name}.${process.pid}-${randomBytes(4).toString('hex')}${TEMP_SUFFIX}`;
}

/** Whether `temporaryName` may have made a name. */
export function isTemporaryName(name: string): boolean {
  return /^\..+\.\d+-[0-9a-f]{8}\.tmp$/.test(name);
}

/**
 * Writes a file so that its name holds either the old content or the whole new one, whatever happens
 * meanwhile, and the new one has reached the disk when this returns: a temporary file in the same folder,
 * fsync, rename, fsync of the folder.
 *
 * The package write-file-atomic 7 leaves out the last step, so a power cut may undo the rename; and it writes once
 * without looking at how much was taken, so that a disk that fills up can leave a cut file under the final name.
 * @throws HandgradError `storage`, with the bytes needed and free; the temporary file is gone then
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  // A name of our own, in the same folder: only within one file system does rename replace in one step.
  const temp = join(dirname(path), temporaryName(basename(path)));
  try {
    await writeNew(temp, bytes);
    await rename(temp, path);
    await syncFolder(dirname(path));
  } catch (error) {
    // Where even this fails, the first error is still the one to report.
    await rm(temp, { force: true }).catch(() => undefined);
    throw await storageError(error, path, bytes.byteLength);
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

/** Makes the entries of a folder durable: a file that was renamed, created or removed in it. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folder as a file; NTFS journals the rename itself.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // File systems that cannot sync a folder (some network and FUSE ones) answer EINVAL: there is nothing more to do.
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
  } finally {
    await handle.close();
  }
}
