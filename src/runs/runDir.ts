import { access, constants, rmdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { makeFolder } from '../files/makeFolder';
import { storageError } from '../files/storageError';
import { type Lock, lockFolder } from '../files/lock';

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

/**
 * Makes and returns the folder of a run that was given none: `runs/<dataset>-<date>-<time>` in local time, with `-2`,
 * `-3`, … when others started within the same second. Making it is what keeps two processes from choosing the same one.
 * @param datasetName may come from a user's path; what is not fit for a file name is replaced
 * @param parent the folder of all runs
 * @throws HandgradError `storage`
 */
export async function defaultRunDir(datasetName: string, now: Date, parent = 'runs'): Promise<string> {
  const base = join(parent, `${fileNameOf(datasetName)}-${timeStamp(now)}`);
  for (let count = 1; ; count++) {
    const dir = count === 1 ? base : `${base}-${count}`;
    if (await makeFolder(dir)) return dir;
  }
}

/**
 * Letters, digits, dots, dashes and underscores of a name: no separator is left, and it neither is nor begins with a
 * dot.
 */
function fileNameOf(name: string): string {
  const cleaned = name
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^[.-]+|[.-]+$/g, '');
  // 255 bytes is the longest name most file systems take; a letter has at most four.
  return [...cleaned].slice(0, 40).join('') || 'run';
}

function timeStamp(now: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${date}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}
