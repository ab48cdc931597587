import { access, constants, rmdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { makeFolder } from '../files/makeFolder';
import { storageError, withStorageErrors } from '../files/storageError';
import { type Lock, lockFolder } from '../files/lock';

/** A run folder that this process has locked. */
export interface ClaimedDir {
  readonly dir: string;
  readonly lock: Lock;
  /** Releases the lock, and removes the folder if it is still empty. */
  readonly release: () => Promise<void>;
}

/**
 * Creates and locks the run folder before anything slow, so that a folder that is not writable is detected early.
 * @param given the folder; when omitted, one is named after the data set
 * @throws HandgradError 'storage', or 'locked' when another process uses it
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
      if (made) await withStorageErrors(dir, () => rmdir(dir).catch(ignoreFull));
    },
  };
}

/** A folder with something in it is kept: the run has started. */
function ignoreFull(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'ENOENT') throw error;
}

/**
 * Creates the default folder of a run: `runs/<dataset>-<date>-<time>` in local time, with `-2`, `-3`, … if others start
 * within the same second. Creating it prevents two processes from choosing the same one.
 * @param datasetName may come from a path; characters that do not fit a file name are replaced
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

/** Keeps letters, digits, dots, dashes and underscores: no path separators, and no leading dot. */
function fileNameOf(name: string): string {
  const cleaned = name
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^[.-]+|[.-]+$/g, '');
  // Most file systems allow 255 bytes; a character has at most four.
  return [...cleaned].slice(0, 40).join('') || 'run';
}

function timeStamp(now: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${date}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}
