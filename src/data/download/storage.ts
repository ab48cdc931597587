import { mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { HandgradError } from '../../errors';
import { makeFolder } from '../../files/makeFolder';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Writes a file and waits until it is on the disk.
 * @throws HandgradError 'storage' when the system refuses
 */
export async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  await storing(path, async () => {
    const handle = await open(path, 'w', 0o644);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}

/**
 * Moves finished files into a folder, each in one step: whoever looks sees the old file or the new one, never a part.
 * @throws HandgradError 'storage' when the system refuses
 */
export async function moveInto(folder: string, paths: readonly string[]): Promise<void> {
  await storing(folder, async () => {
    await makeFolder(folder);
    for (const path of paths) await rename(path, join(folder, basename(path)));
    const handle = await open(folder);
    await handle.sync().finally(() => handle.close());
  });
}

/**
 * Runs `work` with an empty folder beside `path`, on the same file system, and removes it however `work` ends.
 * @throws HandgradError 'storage' when the folder cannot be made
 */
export async function withFolderBeside<T>(path: string, work: (folder: string) => Promise<T>): Promise<T> {
  const prefix = `.${basename(path)}-part-`;
  const folder = await storing(dirname(path), async () => {
    await makeFolder(dirname(path));
    await removeAbandoned(dirname(path), prefix);
    return mkdtemp(join(dirname(path), prefix));
  });
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A process that was killed leaves its folder behind. Nobody works in one that nothing was added to for a day. */
async function removeAbandoned(parent: string, prefix: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    // Another process may remove it between these lines.
    const modified = (await stat(join(parent, name)).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - modified > DAY_MS) await rm(join(parent, name), { recursive: true, force: true });
  }
}

async function storing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = (error instanceof HandgradError ? error.cause : error) as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const remedy = code === 'ENOSPC' || code === 'EDQUOT' ? 'free some space there' : 'make it writable';
    const advice = `${remedy}, or choose another folder with --data-dir`;
    throw new HandgradError('storage', `Cannot write to ${path} (${message}); ${advice}.`, { cause: error });
  }
}
