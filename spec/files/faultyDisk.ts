import { createHash } from 'node:crypto';
import fs from 'node:fs';
import promises, { type FileHandle } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';

// A layer between the code under test and the file system, as SQLite's tests have one: it sees every change below one
// folder, can make one of them fail, and knows what would be on the disk if the power failed after any of them.

/** A change of the file system, or a sync. */
interface Change {
  readonly what: string;
  readonly apply: (disk: Disk) => void;
}

/** A file: its content as processes see it, and as it was when it was synced last. */
interface FileNode {
  now: Buffer;
  synced: Buffer;
}
interface FolderNode {
  readonly now: Map<string, Node>;
  readonly synced: Map<string, Node>;
}
type Node = FileNode | FolderNode;

/** What a crash leaves: everything (a killed process), or only what was synced: contents, or names as well. */
export const CRASHES = ['killed', 'contents lost', 'names and contents lost'] as const;
export type Crash = (typeof CRASHES)[number];

/** A model of the part of the file system below a folder. */
class Disk {
  readonly root: FolderNode = { now: new Map(), synced: new Map() };

  folder(path: string): FolderNode {
    let node: Node | undefined = this.root;
    for (const name of path.split(sep).filter((part) => part !== '' && part !== '.'))
      node = 'now' in node! && node.now instanceof Map ? node.now.get(name) : undefined;
    if (!node || !(node.now instanceof Map)) throw new Error(`no folder ${path} in the model`);
    return node as FolderNode;
  }

  place(path: string): [FolderNode, string] {
    return [this.folder(dirname(path)), path.split(sep).at(-1)!];
  }

  file(path: string): FileNode {
    const [folder, name] = this.place(path);
    return folder.now.get(name) as FileNode;
  }

  /** Every file and folder that is there after a crash; the content of a folder is undefined. */
  after(crash: Crash): Map<string, Buffer | undefined> {
    const found = new Map<string, Buffer | undefined>();
    const walk = ({ now, synced }: FolderNode, path: string) => {
      for (const [name, node] of crash === 'names and contents lost' ? synced : now) {
        const at = join(path, name);
        if (node.now instanceof Map) {
          found.set(at, undefined);
          walk(node as FolderNode, at);
        } else found.set(at, crash === 'killed' ? node.now : (node as FileNode).synced);
      }
    };
    walk(this.root, '');
    return found;
  }
}

/** The changes that a piece of work made. */
export interface Recording {
  readonly changes: readonly string[];
  /** Writes what a crash after the first changes leaves into a folder. @returns identifies the state */
  crash(after: number, crash: Crash, folder: string): string;
}

/** An error of the system to inject. */
export interface Fault {
  /** The index of the change that fails. */
  readonly at: number;
  readonly code: 'EIO' | 'ENOSPC' | 'EMFILE';
  /** Whether half of what is written arrives before. */
  readonly short?: boolean;
}

/** Runs `work`, and records every change below a folder; with a fault, one of them fails. */
export async function recorded(root: string, work: () => Promise<void>, fault?: Fault): Promise<Recording> {
  const changes: Change[] = [];
  const original = { ...promises };
  const inside = (path: unknown) =>
    resolve(String(path)).startsWith(resolve(root) + sep) || resolve(String(path)) === resolve(root);
  const at = (path: unknown) => relative(root, resolve(String(path)));
  /** Makes a change, unless it is the one that fails. */
  const make = async <T>(change: Change, change_: () => Promise<T>, half?: () => Promise<unknown>): Promise<T> => {
    if (fault && changes.length === fault.at) {
      changes.push({ what: `${change.what} fails`, apply: () => {} });
      if (fault.short) await half?.();
      throw Object.assign(new Error(`${fault.code}: injected into ${change.what}`), { code: fault.code });
    }
    const result = await change_();
    changes.push(change);
    return result;
  };

  const opened = async (path: unknown, flags: unknown, ...rest: unknown[]): Promise<FileHandle> => {
    const open = () => original.open(path as string, flags as string, ...(rest as [number]));
    if (!inside(path)) return open();
    const name = at(path);
    const isNew = typeof flags === 'string' && flags.includes('x');
    const create: Change = {
      what: `create ${name}`,
      apply: (disk) => {
        const [folder, last] = disk.place(name);
        folder.now.set(last, { now: Buffer.alloc(0), synced: Buffer.alloc(0) });
      },
    };
    const handle = isNew ? await make(create, open) : await open();
    const isFolder = !isNew && (await handle.stat()).isDirectory();
    // The file itself, whatever it is called later.
    let node: FileNode | undefined;
    const nodeOf = (disk: Disk) => nodes.get(disk)?.get(handle) ?? disk.file(name);
    const remember = (disk: Disk) => {
      const known = nodes.get(disk) ?? new Map<FileHandle, FileNode>();
      known.set(handle, (node = nodeOf(disk)));
      nodes.set(disk, known);
      return node;
    };
    if (isNew) changes.push({ what: '', apply: (disk) => void remember(disk) });
    for (const method of ['writeFile', 'appendFile'] as const) {
      const write = handle[method].bind(handle);
      handle[method] = async (data: string | Uint8Array) => {
        const bytes = Buffer.from(data as Uint8Array);
        await make(
          {
            what: `write ${name}`,
            apply: (disk) => {
              const file = remember(disk);
              file.now = Buffer.concat([file.now, bytes]);
            },
          },
          () => write(bytes),
          () => write(bytes.subarray(0, bytes.length >> 1)),
        );
      };
    }
    const truncate = handle.truncate.bind(handle);
    handle.truncate = async (length = 0) =>
      make(
        {
          what: `truncate ${name}`,
          apply: (disk) => void (remember(disk).now = remember(disk).now.subarray(0, length)),
        },
        () => truncate(length),
      );
    const sync = handle.sync.bind(handle);
    handle.sync = async () =>
      make(
        {
          what: `sync ${name || '.'}`,
          apply: (disk) => {
            if (!isFolder) {
              const file = remember(disk);
              file.synced = file.now;
              return;
            }
            const folder = disk.folder(name);
            folder.synced.clear();
            for (const [entry, node] of folder.now) folder.synced.set(entry, node);
          },
        },
        () => sync(),
      );
    return handle;
  };
  const nodes = new Map<Disk, Map<FileHandle, FileNode>>();

  const changing =
    (name: 'rename' | 'link' | 'rm' | 'rmdir' | 'mkdir' | 'writeFile', apply: (disk: Disk, args: unknown[]) => void) =>
    async (...args: unknown[]) => {
      const call = () => (original[name] as (...args: unknown[]) => Promise<unknown>)(...args);
      if (!inside(args[0])) return call();
      if (name === 'rm' && !fs.existsSync(String(args[0]))) return call();
      return make({ what: `${name} ${at(args[0])}`, apply: (disk) => apply(disk, args) }, call);
    };
  const patched = {
    open: opened,
    rename: changing('rename', (disk, [from, to]) => {
      const [[source, name], [target, other]] = [disk.place(at(from)), disk.place(at(to))];
      target.now.set(other, source.now.get(name)!);
      source.now.delete(name);
    }),
    link: changing('link', (disk, [from, to]) => {
      const [[source, name], [target, other]] = [disk.place(at(from)), disk.place(at(to))];
      target.now.set(other, source.now.get(name)!);
    }),
    rm: changing('rm', (disk, [path]) => {
      const [folder, name] = disk.place(at(path));
      folder.now.delete(name);
    }),
    rmdir: changing('rmdir', (disk, [path]) => {
      const [folder, name] = disk.place(at(path));
      folder.now.delete(name);
    }),
    mkdir: changing('mkdir', (disk, [path]) => {
      const [folder, name] = disk.place(at(path));
      folder.now.set(name, { now: new Map(), synced: new Map() });
    }),
    writeFile: changing('writeFile', (disk, [path, content]) => {
      const [folder, name] = disk.place(at(path));
      folder.now.set(name, { now: Buffer.from(content as string), synced: Buffer.alloc(0) });
    }),
  };
  Object.assign(promises, patched);
  try {
    await work();
  } finally {
    Object.assign(promises, original);
  }
  return {
    changes: changes.map(({ what }) => what),
    crash(after, crash, folder) {
      const disk = new Disk();
      for (const change of changes.slice(0, after)) change.apply(disk);
      nodes.delete(disk);
      const left = disk.after(crash);
      const hash = createHash('sha256');
      fs.mkdirSync(folder, { recursive: true });
      for (const [path, content] of left) {
        hash.update(JSON.stringify([path, content?.length])).update(content ?? '');
        if (content === undefined) fs.mkdirSync(join(folder, path), { recursive: true });
        else fs.writeFileSync(join(folder, path), content);
      }
      return hash.digest('hex');
    },
  };
}

/** Runs `work` without waiting for the disk: what syncing means is in the model. */
export async function withoutSyncing<T>(work: () => Promise<T>): Promise<T> {
  const handle = await promises.open(__filename, 'r');
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const sync = Object.getOwnPropertyDescriptor(prototype, 'sync')!;
  Object.defineProperty(prototype, 'sync', { ...sync, value: async () => {} });
  try {
    return await work();
  } finally {
    Object.defineProperty(prototype, 'sync', sync);
  }
}
