import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { HandgradError } from '../errors';
import { syncFolder } from './atomicFile';
import { storageError } from './storageError';

/**
 * Creates a folder and its parents. Node's recursive mkdir loops forever where folders cannot be created, such as under
 * /proc: it takes ENOENT to mean that a parent is missing.
 * @returns whether this call created it; false when it existed
 * @throws HandgradError `storage`
 */
export async function makeFolder(path: string): Promise<boolean> {
  try {
    if (dirname(path) !== path && !(await isFolder(dirname(path)))) await makeFolder(dirname(path));
    await mkdir(path);
    await syncFolder(dirname(path)).catch(ignoreUnreadable);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && (await isFolder(path))) return false;
    throw error instanceof HandgradError ? error : await storageError(error, path);
  }
}

/** Also false for paths that cannot be inspected, such as broken links. */
async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** A folder in which this user may create entries, but not list them, cannot be opened and so not be synced. */
function ignoreUnreadable(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EACCES' && error.code !== 'EPERM') throw error;
}
