import { access, constants, rmdir } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { defaultRunDir } from '../src/runs/defaultRunDir';
import { makeFolder } from '../src/files/makeFolder';
import { storageError } from '../src/files/storageError';
import { type Lock, lockFolder } from '../src/runs/lock';

/** The folder of a run, which this process alone works in until it releases it. */
export interface ClaimedDir {
  readonly dir: string;
  readonly lock: Lock;
  /** Gives the folder back, and removes it if it is still empty: the run did not begin after all. */
  release(): Promise<void>;
}

/**
 * Makes and locks the run folder before anything slow happens, so that one that cannot be written is found at once.
 * @param given the folder that the user wants; otherwise one is named after the data set
 * @throws HandgradError 'storage', or 'locked' when another process works there
 */
export async function claimRunDir(given: string | undefined, dataset: string, force = false): Promise<ClaimedDir> {
  const dir = given ?? (await defaultRunDir(basename(dataset, extname(dataset)), new Date()));
  const made = given === undefined || (await makeFolder(given));
  try {
    await access(dir, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw await storageError(error, dir);
  }
  const lock = await lockFolder(dir, { force });
  return {
    dir,
    lock,
    async release() {
      await lock.release();
      if (made) await rmdir(dir).catch(ignoreFull);
    },
  };
}

/** A folder with something in it stays: the run has begun. */
function ignoreFull(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'ENOENT') throw error;
}
