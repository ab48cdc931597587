import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { HandgradError } from '../errors';
import { formatBytes } from '../words';

/**
 * Reads a regular file of bounded size. The bound is checked before anything is read,
 * and a pipe or a device in the file's place is refused instead of waited for.
 * @param refuse makes the error from half a sentence, such as `is a folder`; `cause` is what the system said, if it was
 * that
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
        throw refuse(`has ${formatBytes(found.size)}, and at most ${formatBytes(maxBytes)} are read`);
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
