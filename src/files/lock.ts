import { randomBytes } from 'node:crypto';
import { link, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { HandgradError } from '../errors';
import { type Guard, temporaryName } from './atomicFile';
import { readOwn } from './readWhole';
import { storageError, withStorageErrors } from './storageError';
import { type Life, lifeOf, ownIdentity } from './processIdentity';

/** The size limit of a lock. */
const MAX_LOCK_BYTES = 4096;

/** A lock on a folder, held by this process. */
export interface Lock {
  /** @throws HandgradError `locked` when another process has taken the lock over with `forceUnlock` */
  readonly assertHeld: Guard;
  /** Releases the lock. */
  readonly release: () => Promise<void>;
}

const ownerSchema = z.object({
  pid: z.int().positive(),
  host: z.string(),
  system: z.string(),
  processStart: z.string(),
  since: z.string().max(40),
  /** Identifies this acquisition: numbers are used again once a lock is released. Earlier versions wrote none. */
  token: z.string().max(40).optional(),
});
type Owner = z.output<typeof ownerSchema>;

/**
 * Locks a folder for this process, until it exits or releases the lock.
 *
 * The lock is the file `lock-N.json` with the highest N. It is created by `link`, which creates the complete file or
 * fails because the name exists. A lock whose process has ended is taken over by creating the next number. After
 * creating one, a process checks again: it gives way if there is a higher number, or a lower one with a live owner. Of
 * two processes that create different numbers at once, the higher one sees the lower one's file or vice versa, so at
 * most one continues.
 * @param force take it over from a process on another machine, whose state is unknown
 * @throws HandgradError `locked` naming pid, host and start of the owner; `usage` when another program wrote a file of
 *   that name; `storage` when the folder cannot be written
 */
export async function lockFolder(dir: string, { force = false } = {}): Promise<Lock> {
  for (;;) {
    const before = await locks(dir);
    for (const number of before) await assertUnlocked(dir, number, force);
    const own = (before.at(-1) ?? 0) + 1;
    const token = randomBytes(8).toString('hex');
    if (!(await make(dir, own, token))) continue;
    const isOurs = async () => (await readOwner(join(dir, nameOf(own))))?.token === token;
    const others = (await locks(dir)).filter((number) => number !== own);
    if (await giveWay(dir, own, others, force)) {
      await remove(dir, own);
      // A random delay, so that two that gave way to each other do not collide again.
      await setTimeout(Math.random() * 20);
      continue;
    }
    for (const ended of others) await remove(dir, ended);
    return {
      async assertHeld() {
        if (await isOurs()) return;
        throw new HandgradError('locked', `${dir} was taken over by another process; this one stops writing to it.`);
      },
      async release() {
        if (await isOurs()) await remove(dir, own);
      },
    };
  }
}

/** Whether a process of another machine holds the lock of a folder: it cannot be known whether it still runs. */
export async function isHeldElsewhere(dir: string): Promise<boolean> {
  return (await holdersOf(dir)).includes('elsewhere');
}

/**
 * Whether a process may hold the lock of a folder: one that runs here, or one of another machine.
 * @throws HandgradError `storage` when a lock is not a file
 */
export async function isHeld(dir: string): Promise<boolean> {
  return (await holdersOf(dir)).length > 0;
}

async function holdersOf(dir: string): Promise<Life[]> {
  const lives: Life[] = [];
  for (const number of await locks(dir).catch(() => [])) {
    const owner = await readOwner(join(dir, nameOf(number)));
    if (owner) lives.push(lifeOf(owner));
  }
  return lives.filter((life) => life !== 'dead');
}

async function giveWay(dir: string, own: number, others: readonly number[], force: boolean): Promise<boolean> {
  for (const number of others) {
    if (number > own) return true;
    const owner = await readOwner(join(dir, nameOf(number)));
    if (owner && isOwned(lifeOf(owner), force)) return true;
  }
  return false;
}

const isOwned = (life: Life, force: boolean) => life === 'alive' || (life === 'elsewhere' && !force);

async function assertUnlocked(dir: string, number: number, force: boolean): Promise<void> {
  const path = join(dir, nameOf(number));
  const owner = await readLock(path);
  if (owner === 'foreign') {
    throw new HandgradError('usage', `${path} is not a lock of handgrad, and is not removed; choose another folder.`);
  }
  if (typeof owner !== 'object') return;
  const life = lifeOf(owner);
  if (!isOwned(life, force)) return;
  const who = `process ${owner.pid} on ${owner.host} since ${owner.since}`;
  const remedy =
    life === 'alive'
      ? 'wait for it to end, or choose another folder'
      : 'if that process has certainly ended, set `forceUnlock`';
  throw new HandgradError('locked', `${dir} is in use by ${who}; ${remedy}.`);
}

/** The numbers of the locks, lowest first. */
async function locks(dir: string): Promise<number[]> {
  try {
    const numbers = (await readdir(dir)).map((name) => Number(/^lock-(\d{1,9})\.json$/.exec(name)?.[1]));
    return numbers.filter((number) => !Number.isNaN(number)).sort((a, b) => a - b);
  } catch (error) {
    throw await storageError(error, dir);
  }
}

/** @returns false when the number is taken */
async function make(dir: string, number: number, token: string): Promise<boolean> {
  const owner: Owner = { ...ownIdentity(), since: new Date().toISOString(), token };
  const path = join(dir, nameOf(number));
  const temp = join(dir, temporaryName(nameOf(number)));
  try {
    await writeFile(temp, `${JSON.stringify(owner)}\n`, { flag: 'wx' });
    await link(temp, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ENOENT: the owner of the folder has removed the temporary file, or the folder is gone, which `locks` reports.
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    throw await storageError(error, path);
  } finally {
    // What is left of it is never read.
    await rm(temp, { force: true }).catch(() => undefined);
  }
}

/** @returns undefined when the lock has been released, or is torn */
async function readOwner(path: string): Promise<Owner | undefined> {
  const content = await readLock(path);
  return typeof content === 'object' ? content : undefined;
}

/** How the content of a lock begins. */
const HEAD = '{"pid":';

/**
 * Reads a lock: its owner, or `torn` when a power failure has left the beginning of it, or zeros, or `foreign` when
 * another program has written a file of this name.
 * @returns undefined when there is none
 */
async function readLock(path: string): Promise<Owner | 'torn' | 'foreign' | undefined> {
  const refuse = (why: string, cause?: unknown) =>
    new HandgradError('storage', `The lock ${path} ${why}; remove it.`, { cause });
  const bytes = await readOwn(path, MAX_LOCK_BYTES, refuse);
  if (!bytes) return undefined;
  const text = bytes.toString('utf8').replace(/\0+$/, '');
  const parsed = ownerSchema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  return text.startsWith(HEAD) || HEAD.startsWith(text) ? 'torn' : 'foreign';
}

/**
 * Whether a file with the name of a lock is one, of any process, also if it is torn.
 * @throws HandgradError `storage` when it is not a file
 */
export async function isLock(path: string): Promise<boolean> {
  return (await readLock(path)) !== 'foreign';
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function remove(dir: string, number: number): Promise<void> {
  await withStorageErrors(dir, () => rm(join(dir, nameOf(number)), { force: true }));
}

const nameOf = (number: number) => `lock-${number}.json`;

/** Whether a file's name is that of a lock. */
export const isLockName = (name: string) => /^lock-\d{1,9}\.json$/.test(name);
