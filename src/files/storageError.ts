import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import { HandgradError } from '../errors';

/** What the system's codes mean to the person at the terminal, and what to do about them. */
const MEANINGS = {
  ENOSPC: ['the disk is full', 'free some space or choose a folder on another disk'],
  EDQUOT: ['the disk quota is used up', 'free some space or choose a folder on another disk'],
  EFBIG: ['the file would be larger than is allowed here', 'raise the limit (ulimit -f) or choose another disk'],
  EACCES: ['this user may not write there', 'change its permissions or choose another folder'],
  EPERM: ['this user may not write there', 'change its permissions or choose another folder'],
  EROFS: ['the file system is read-only', 'choose another folder'],
  ENOENT: ['the folder is not there', 'make it or choose another folder'],
  EEXIST: ['something else of that name is there', 'choose another folder'],
  ENOTDIR: ['a part of the path is a file', 'choose another folder'],
  EISDIR: ['a folder of that name is there', 'remove it or choose another name'],
  ENAMETOOLONG: ['the name is too long', 'choose a shorter one'],
} as const satisfies Record<string, readonly [why: string, remedy: string]>;

/**
 * The error for a path that could not be written.
 * @param error what node:fs threw
 * @param bytes how much was to be written, where that is known
 */
export async function storageError(error: unknown, path: string, bytes?: number): Promise<HandgradError> {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const known = code in MEANINGS ? MEANINGS[code as keyof typeof MEANINGS] : undefined;
  const [why, remedy] = known ?? [message, 'choose another folder'];
  const space = bytes === undefined ? '' : ` (${bytes} bytes needed, ${await freeBytes(dirname(path))})`;
  return new HandgradError('storage', `Cannot write ${path}: ${why}${space}; ${remedy}.`, { cause: error });
}

/**
 * Does something with the file system; what fails there is the error for a path that could not be written.
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
    // The folder may be what is missing. The error being reported is the first one, not this.
    return 'free space unknown';
  }
}
