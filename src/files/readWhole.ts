import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { HandgradError } from '../errors';
import { formatBytes } from '../words';

/** Creates the error from a predicate such as `is a folder`; `cause` is the system's error, if any. */
export type Refuse = (why: string, cause?: unknown) => HandgradError;

/**
 * Reads a regular file of bounded size. The bound is checked before anything is read, and pipes and devices are refused
 * instead of blocking.
 * @returns undefined when there is no such file
 */
export async function readWhole(path: string, maxBytes: number, refuse: Refuse): Promise<Buffer | undefined> {
  return readHandle(await openRegular(path, refuse, 0), maxBytes, refuse);
}

/**
 * `readWhole` for a file that handgrad itself writes, in a folder that may have another author: a link in its place
 * is refused, because it may lead anywhere.
 */
export async function readOwn(path: string, maxBytes: number, refuse: Refuse): Promise<Buffer | undefined> {
  return readHandle(await openOwn(path, refuse), maxBytes, refuse);
}

/**
 * Opens a file that handgrad itself writes, for reading; links, pipes and devices are refused.
 * @returns undefined when there is no such file
 */
export async function openOwn(path: string, refuse: Refuse): Promise<FileHandle | undefined> {
  // 0 on Windows, which has no such flag.
  return openRegular(path, refuse, constants.O_NOFOLLOW ?? 0);
}

/**
 * Refuses a folder inside one of handgrad's that is a link, because it may lead anywhere.
 * @throws HandgradError from `refuse`
 */
export async function assertNoLink(path: string, refuse: Refuse): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSymbolicLink()) throw refuse('is a link, which is not followed');
}

async function openRegular(path: string, refuse: Refuse, flags: number): Promise<FileHandle | undefined> {
  try {
    // Without O_NONBLOCK, opening a pipe waits for a writer.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | flags);
    const found = await handle.stat();
    if (found.isFile()) return handle;
    await handle.close();
    throw refuse(found.isDirectory() ? 'is a folder' : 'is not a file');
  } catch (error) {
    if (error instanceof HandgradError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'ELOOP' && flags !== 0) throw refuse('is a link, which is not followed', error);
    throw refuse(`cannot be read (${message})`, error);
  }
}

async function readHandle(
  handle: FileHandle | undefined,
  maxBytes: number,
  refuse: Refuse,
): Promise<Buffer | undefined> {
  if (!handle) return undefined;
  try {
    const { size } = await handle.stat();
    if (size > maxBytes) throw refuse(`has ${formatBytes(size)}, and the limit is ${formatBytes(maxBytes)}`);
    return await handle.readFile();
  } catch (error) {
    throw error instanceof HandgradError ? error : refuse(`cannot be read (${(error as Error).message})`, error);
  } finally {
    await handle.close();
  }
}
