import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { HandgradError } from '../errors';
import { storageError } from './storageError';

/**
 * Makes a folder, and those above it. Node's own recursive mkdir never returns where the system allows no folder, such
 * as under /proc: it takes "not there" to mean that a folder above is missing, for ever.
 * @returns whether this call made it; false when it was there
 * @throws HandgradError `storage`
 */
export async function makeFolder(path: string): Promise<boolean> {
  try {
    if (dirname(path) !== path && !(await isFolder(dirname(path)))) await makeFolder(dirname(path));
    await mkdir(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && (await isFolder(path))) return false;
    throw error instanceof HandgradError ? error : await storageError(error, path);
  }
}

/** False as well for what cannot be looked at, such as a link to nowhere. */
async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
