import fs from 'node:fs';
import promises, { type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** A folder that is in memory only, so that a reader can be given thousands of contents a second. */
export const VIRTUAL = '/virtual';

/** Runs `work` with files below `VIRTUAL`, by name; setting one replaces its content. */
export async function withVirtualFiles(work: (files: Map<string, Buffer>) => Promise<void>): Promise<void> {
  const files = new Map<string, Buffer>();
  const original = { ...promises };
  const isVirtual = (path: unknown) => String(path).startsWith(VIRTUAL);
  const nameOf = (path: unknown) => String(path).slice(VIRTUAL.length + 1);
  const absent = (path: unknown) => Object.assign(new Error(`ENOENT: ${String(path)}`), { code: 'ENOENT' });
  const statOf = (path: unknown) => {
    const name = nameOf(path);
    const content = files.get(name);
    const isFolder = name === '' || [...files.keys()].some((one) => one.startsWith(`${name}/`));
    if (!content && !isFolder) throw absent(path);
    return Object.assign(new fs.Stats(), {
      size: content?.length ?? 0,
      ...{ isFile: () => content !== undefined, isDirectory: () => content === undefined, isSymbolicLink: () => false },
    });
  };
  const handleOf = (path: unknown) => {
    const content = files.get(nameOf(path));
    if (!content) throw absent(path);
    const handle: Partial<Record<keyof FileHandle, unknown>> = {
      stat: async () => Promise.resolve(statOf(path)),
      readFile: async () => Promise.resolve(Buffer.from(content)),
      read: async (buffer: Buffer, offset: number, length: number, position: number) => {
        const bytesRead = content.copy(buffer, offset, position, position + length);
        return Promise.resolve({ buffer, bytesRead });
      },
      close: async () => Promise.resolve(),
    };
    return handle as unknown as FileHandle;
  };
  const patched = {
    open: async (path: unknown, ...rest: unknown[]) =>
      isVirtual(path) ? handleOf(path) : original.open(path as string, ...(rest as [string])),
    readFile: async (path: unknown, ...rest: unknown[]) =>
      isVirtual(path) ? handleOf(path).readFile() : original.readFile(path as string, ...(rest as [])),
    mkdir: async (path: unknown, ...rest: unknown[]) => {
      if (isVirtual(path)) throw Object.assign(new Error(`EEXIST: ${String(path)}`), { code: 'EEXIST' });
      return original.mkdir(path as string, ...(rest as []));
    },
    stat: async (path: unknown) => (isVirtual(path) ? statOf(path) : original.stat(path as string)),
    lstat: async (path: unknown) => (isVirtual(path) ? statOf(path) : original.lstat(path as string)),
    readdir: async (path: unknown) =>
      isVirtual(path)
        ? [...files.keys()].filter((name) => dirname(`/${name}`) === `/${nameOf(path)}`).map((name) => basename(name))
        : original.readdir(path as string),
  };
  Object.assign(promises, patched);
  try {
    await work(files);
  } finally {
    Object.assign(promises, original);
  }
}
