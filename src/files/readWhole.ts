import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { HandgradError } from '../errors';
import { formatBytes } from '../words';

/**
 * Reads a regular file of bounded size. The bound is checked before anything is read, and pipes and devices are refused
 * instead of blocking.
 * @param refuse creates the error from a predicate such as `is a folder`; `cause` is the system's error, if any
 * @returns undefined when there is no such file
 */
export async function readWhole(
  path: string,
  maxBytes: number,
  refuse: (why: string, cause?: unknown) => HandgradError,
): Promise<Buffer | undefined> {
  try {
    // Without O_NONBLOCK, opening a pipe waits for a writer.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await handle.stat();
      if (found.isDirectory()) throw refuse('is a folder');
      if (!found.isFile()) throw refuse('is not a file');
      if (found.size > maxBytes) {
        throw refuse(`has ${formatBytes(found.size)}, and the limit is ${formatBytes(maxBytes)}`);
      }
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof HandgradError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw refuse(`cannot be read (${message})`, error);
  }
}
