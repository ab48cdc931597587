import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import { HandgradError } from '../errors';

/** The system's error codes in words, and what to do about each. */
const MEANINGS = {
  ENOSPC: ['the disk is full', 'free some space or choose a folder on another disk'],
  EDQUOT: ['the disk quota is used up', 'free some space or choose a folder on another disk'],
  EFBIG: ['the file would exceed the size limit', 'raise the limit (ulimit -f) or choose another disk'],
  EIO: ['the disk reports an error', 'check it or choose another'],
  EMFILE: ['too many files are open', 'raise the limit (ulimit -n)'],
  ENFILE: ['too many files are open', 'end other programs'],
  EACCES: ['this user may not write there', 'change its permissions or choose another folder'],
  EPERM: ['this user may not write there', 'change its permissions or choose another folder'],
  EROFS: ['the file system is read-only', 'choose another folder'],
  ENOENT: ['the folder does not exist', 'create it or choose another folder'],
  EEXIST: ['something else with that name exists', 'choose another folder'],
  ENOTDIR: ['a part of the path is a file', 'choose another folder'],
  EISDIR: ['a folder with that name exists', 'remove it or choose another name'],
  ENAMETOOLONG: ['the name is too long', 'choose a shorter one'],
} as const satisfies Record<string, readonly [why: string, remedy: string]>;

/**
 * Creates the error for a path that could not be written.
 * @param error what node:fs threw
 * @param bytes how much was to be written, if known
 */
export async function storageError(error: unknown, path: string, bytes?: number): Promise<HandgradError> {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const known = code in MEANINGS ? MEANINGS[code as keyof typeof MEANINGS] : undefined;
  const [why, remedy] = known ?? [message, 'choose another folder'];
  const space = bytes === undefined ? '' : ` (${bytes} bytes needed, ${await freeBytes(dirname(path))})`;
  return new HandgradError('storage', `Cannot write ${path}: ${why}${space}; ${remedy}.`, { cause: error });
}

/**
 * Runs `work`, and converts errors of the file system with `storageError`.
 * @throws HandgradError `storage`, or the one that `work` throws
 */
export async function withStorageErrors<T>(path: string, work: () => Promise<T>, bytes?: number): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof HandgradError ? error : await storageError(error, path, bytes);
  }
}

async function freeBytes(folder: string): Promise<string> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return `${bavail * bsize} free`;
  } catch {
    // The folder itself may be missing. The error to report is the first one, not this.
    return 'free space unknown';
  }
}
