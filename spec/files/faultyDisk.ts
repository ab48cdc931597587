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
  /** What other processes had written by then. */
  readonly others?: Content;
}

/** Files by their paths; the content of a folder is undefined. */
type Content = ReadonlyMap<string, Buffer | undefined>;

/** What is in a folder, as far as it is wanted. */
function contentOf(root: string, isWanted: (path: string) => boolean): Content {
  const found = new Map<string, Buffer | undefined>();
  const walk = (path: string) => {
    for (const entry of fs.readdirSync(join(root, path), { withFileTypes: true })) {
      const at = join(path, entry.name);
      // Another process may remove it meanwhile.
      const content = entry.isFile() && isWanted(at) ? readIfThere(join(root, at)) : undefined;
      if (isWanted(at) && (content || entry.isDirectory())) found.set(at, content);
      if (entry.isDirectory()) walk(at);
    }
  };
  walk('');
  return found;
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return fs.readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
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

  /** @param content what is on the disk at the beginning */
  constructor(content: Content) {
    for (const [path, bytes] of content) {
      const [folder, name] = this.place(path);
      const node: Node = bytes ? { now: bytes, synced: bytes } : { now: new Map(), synced: new Map() };
      for (const entries of [folder.now, folder.synced]) entries.set(name, node);
    }
  }

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

/** How changes are recorded. */
export interface RecordingOptions {
  /** One of them fails. */
  readonly fault?: Fault;
  /** Called before every change. */
  readonly before?: (what: string, at: number) => void;
  /** Whether a path is of another process: it stays as it was at the moment of a crash. */
  readonly isOthers?: (path: string) => boolean;
}

/** Runs `work`, and records every change below a folder. */
export async function recorded(
  root: string,
  work: () => Promise<void>,
  { fault, before, isOthers }: RecordingOptions = {},
): Promise<Recording> {
  const changes: Change[] = [];
  const start = contentOf(root, (path) => !isOthers?.(path));
  const original = { ...promises };
  const inside = (path: unknown) =>
    resolve(String(path)).startsWith(resolve(root) + sep) || resolve(String(path)) === resolve(root);
  const at = (path: unknown) => relative(root, resolve(String(path)));
  /** Makes a change, unless it is the one that fails. */
  const make = async <T>(change: Change, change_: () => Promise<T>, half?: () => Promise<unknown>): Promise<T> => {
    before?.(change.what, changes.length);
    if (fault && changes.length === fault.at) {
      changes.push({ what: `${change.what} fails`, apply: () => {} });
      if (fault.short) await half?.();
      throw Object.assign(new Error(`${fault.code}: injected into ${change.what}`), { code: fault.code });
    }
    const result = await change_();
    changes.push(isOthers ? { ...change, others: contentOf(root, isOthers) } : change);
    return result;
  };

  const opened = async (path: unknown, flags: unknown, ...rest: unknown[]): Promise<FileHandle> => {
    const open = () => original.open(path as string, flags as string, ...(rest as [number]));
    if (!inside(path)) return open();
    const name = at(path);
    // As it is called in messages: a log is opened under a temporary name.
    const file = { name };
    const isNew = typeof flags === 'string' ? flags.includes('x') : isCreated(path, flags);
    const create: Change = {
      what: `create ${name}`,
      apply: (disk) => {
        const [folder, last] = disk.place(name);
        folder.now.set(last, { now: Buffer.alloc(0), synced: Buffer.alloc(0) });
        remember(disk);
      },
    };
    const handle = isNew ? await make(create, open) : await open();
    if (isNew) created.push(file);
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
    for (const method of ['writeFile', 'appendFile'] as const) {
      const write = handle[method].bind(handle);
      handle[method] = async (data: string | Uint8Array) => {
        const bytes = Buffer.from(data as Uint8Array);
        await make(
          {
            what: `write ${file.name}`,
            apply: (disk) => {
              const node = remember(disk);
              node.now = Buffer.concat([node.now, bytes]);
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
          what: `truncate ${file.name}`,
          apply: (disk) => void (remember(disk).now = remember(disk).now.subarray(0, length)),
        },
        () => truncate(length),
      );
    const sync = handle.sync.bind(handle);
    handle.sync = async () =>
      make(
        {
          what: `sync ${file.name || '.'}`,
          apply: (disk) => {
            if (!isFolder) {
              const node = remember(disk);
              node.synced = node.now;
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
  const created: { name: string }[] = [];
  const isCreated = (path: unknown, flags: unknown) =>
    (Number(flags) & fs.constants.O_CREAT) !== 0 && !fs.existsSync(String(path));

  const changing =
    (name: 'rename' | 'link' | 'rm' | 'rmdir' | 'mkdir' | 'writeFile', apply: (disk: Disk, args: unknown[]) => void) =>
    async (...args: unknown[]) => {
      const call = () => (original[name] as (...args: unknown[]) => Promise<unknown>)(...args);
      if (!inside(args[0])) return call();
      if (name === 'rm' && !fs.existsSync(String(args[0]))) return call();
      const result = await make({ what: `${name} ${at(args[0])}`, apply: (disk) => apply(disk, args) }, call);
      if (name === 'rename')
        created.filter((one) => one.name === at(args[0])).forEach((one) => (one.name = at(args[1])));
      return result;
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
      const disk = new Disk(start);
      for (const change of changes.slice(0, after)) change.apply(disk);
      nodes.delete(disk);
      const left = disk.after(crash);
      for (const [path, content] of changes[after - 1]?.others ?? []) {
        if (dirname(path) === '.' || left.has(dirname(path))) left.set(path, content);
      }
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

/** A crash also ends the processes: every lock below a folder becomes stale. */
export function endLocks(folder: string): void {
  const names = fs.existsSync(folder) ? fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  for (const name of names.filter((one) => /(^|[\\/])lock-\d+\.json$/.test(one))) {
    const text = fs.readFileSync(join(folder, name), 'utf8');
    fs.writeFileSync(join(folder, name), text.replace(/"processStart":"[^"]*"/, '"processStart":"0"'));
  }
}

/** Gives the lock of a folder to another process, as one on another machine takes it with `forceUnlock`. */
export function takeOver(folder: string): void {
  const name = fs.readdirSync(folder).find((one) => /^lock-\d+\.json$/.test(one))!;
  const owner = JSON.parse(fs.readFileSync(join(folder, name), 'utf8')) as object;
  fs.writeFileSync(join(folder, 'lock-99.json'), JSON.stringify({ ...owner, host: 'elsewhere', token: 'another' }));
  fs.rmSync(join(folder, name));
}

/** The files below a folder that this process has open. */
export function openFiles(folder: string): string[] {
  if (process.platform !== 'linux') return [];
  const names = fs.readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [fs.readlinkSync(join('/proc/self/fd', fd))];
    } catch {
      return [];
    }
  });
  return names.filter((name) => name.startsWith(folder));
}

/** Every file and folder below a folder, and what is in it, but for locks. */
export function filesIn(folder: string, isWanted: (path: string) => boolean = () => true): string {
  const content = contentOf(folder, (path) => isWanted(path) && !/(^|[\\/])lock-\d+\.json$/.test(path));
  return [...content]
    .map(([path, bytes]) => `${path}\n${bytes?.toString('latin1') ?? ''}\n`)
    .sort()
    .join('');
}
