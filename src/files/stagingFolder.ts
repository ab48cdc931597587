import { mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from './atomicFile';
import { makeFolder } from './makeFolder';
import { withStorageErrors } from './storageError';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Moves finished files into a folder, each atomically. They are on disk when this returns.
 * @throws HandgradError 'storage'
 */
export async function moveInto(folder: string, paths: readonly string[]): Promise<void> {
  await makeFolder(folder);
  await withStorageErrors(folder, async () => {
    for (const path of paths) await rename(path, join(folder, basename(path)));
    await syncFolder(folder);
  });
}

/**
 * Runs `work` with an empty folder beside `path`, on the same file system, and always removes it afterwards.
 * @throws HandgradError 'storage' when the folder cannot be created
 */
export async function withStagingFolder<T>(path: string, work: (folder: string) => Promise<T>): Promise<T> {
  const parent = dirname(path);
  const prefix = `.${basename(path)}-part-`;
  await makeFolder(parent);
  const folder = await withStorageErrors(parent, async () => {
    await removeAbandoned(parent, prefix);
    return mkdtemp(join(parent, prefix));
  });
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes folders that killed processes left behind: those unchanged for a day. */
async function removeAbandoned(parent: string, prefix: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    // Another process may remove it between these lines.
    const modified = (await stat(join(parent, name)).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - modified > DAY_MS) await rm(join(parent, name), { recursive: true, force: true });
  }
}
