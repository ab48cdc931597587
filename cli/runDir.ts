import { access, constants, rmdir } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { defaultRunDir } from '../src/runs/defaultRunDir';
import { makeFolder } from '../src/files/makeFolder';
import { storageError } from '../src/files/storageError';

/** The folder of a run that is about to begin. */
export interface ClaimedDir {
  readonly dir: string;
  /** Removes the folder again if it is still empty: the run did not begin after all. */
  release(): Promise<void>;
}

/**
 * Makes the run folder before anything slow happens, so that one that cannot be written is found at once.
 * @param given the folder that the user wants; otherwise one is named after the data set
 * @throws HandgradError 'storage'
 */
export async function claimRunDir(given: string | undefined, dataset: string): Promise<ClaimedDir> {
  const dir = given ?? (await defaultRunDir(basename(dataset, extname(dataset)), new Date()));
  const made = given === undefined || (await makeFolder(given));
  try {
    await access(dir, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw await storageError(error, dir);
  }
  return {
    dir,
    async release() {
      if (made) await rmdir(dir).catch(ignoreFull);
    },
  };
}

/** A folder with something in it stays: the run has begun. */
function ignoreFull(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'ENOENT') throw error;
}
