import { link, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { HandgradError } from '../errors';
import { temporaryName } from './atomicFile';
import { storageError } from './storageError';
import { type Life, lifeOf, ownIdentity } from './processIdentity';

/** A folder that this process alone works in. */
export interface Lock {
  /** @throws HandgradError `locked` when another process was made the owner with --force-unlock */
  assertHeld(): Promise<void>;
  /** Gives the folder back. */
  release(): Promise<void>;
}

const ownerSchema = z.object({
  pid: z.int().positive(),
  host: z.string(),
  system: z.string(),
  processStart: z.string(),
  since: z.string().max(40),
});
type Owner = z.output<typeof ownerSchema>;

/**
 * Makes this process the only one that works in a folder, until it ends or releases it.
 *
 * The lock is the file `lock-N.json` with the highest N. It is made by `link`, which puts the whole file there or
 * fails because the name is taken. A lock whose process has ended is taken over by making the next number, and
 * who has made one looks again: it gives way when there is a higher one, or when a lower one has an owner. Of two
 * that make different numbers at once, the higher one sees the lower one's file or the lower one sees the higher
 * one's, so one at most goes on.
 * @param force take it over from a process on another machine, of which this one cannot know whether it runs
 * @throws HandgradError `locked` naming pid, host and start of the owner; `storage` when the folder cannot be written
 */
export async function lockFolder(dir: string, { force = false } = {}): Promise<Lock> {
  for (;;) {
    const before = await locks(dir);
    for (const number of before) await assertUnlocked(dir, number, force);
    const own = (before.at(-1) ?? 0) + 1;
    if (!(await make(dir, own))) continue;
    const others = (await locks(dir)).filter((number) => number !== own);
    if (await giveWay(dir, own, others, force)) {
      await remove(dir, own);
      // Two that gave way to each other should not meet again.
      await setTimeout(Math.random() * 20);
      continue;
    }
    for (const ended of others) await remove(dir, ended);
    return {
      async assertHeld() {
        if ((await locks(dir)).includes(own)) return;
        throw new HandgradError('locked', `${dir} was taken over by another process; this one writes no more there.`);
      },
      release: () => remove(dir, own),
    };
  }
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
  const owner = await readOwner(join(dir, nameOf(number)));
  if (owner === undefined) return;
  const life = lifeOf(owner);
  if (!isOwned(life, force)) return;
  const who = `process ${owner.pid} on ${owner.host} since ${owner.since}`;
  const remedy =
    life === 'alive'
      ? 'wait for it to end, or choose another folder'
      : 'when that one has surely ended, set `forceUnlock`';
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

/** @returns false when there is one of that number */
async function make(dir: string, number: number): Promise<boolean> {
  const owner: Owner = { ...ownIdentity(), since: new Date().toISOString() };
  const path = join(dir, nameOf(number));
  const temp = join(dir, temporaryName(nameOf(number)));
  try {
    await writeFile(temp, `${JSON.stringify(owner)}\n`, { flag: 'wx' });
    await link(temp, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw await storageError(error, path);
  } finally {
    await rm(temp, { force: true });
  }
}

/**
 * @returns undefined when the lock was released meanwhile, or is no text of ours: a machine that lost power can leave
 * that
 */
async function readOwner(path: string): Promise<Owner | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw await storageError(error, path);
  }
  const parsed = ownerSchema.safeParse(jsonOf(text));
  return parsed.success ? parsed.data : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function remove(dir: string, number: number): Promise<void> {
  await rm(join(dir, nameOf(number)), { force: true });
}

const nameOf = (number: number) => `lock-${number}.json`;
