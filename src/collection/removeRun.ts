import { lstat, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { HandgradError } from '../errors';
import { isTemporaryName } from '../files/atomicFile';
import { isHeld, isLock, isLockName, lockFolder } from '../files/lock';
import { type FolderKind, MANIFEST, readManifest } from '../files/manifest';
import { readWhole } from '../files/readWhole';
import { withStorageErrors } from '../files/storageError';
import { GENERATOR } from '../reports/html';
import { REPORT } from '../reports/writeReport';
import { isCheckpointFile } from '../runs/checkpointFolder';
import { isEventFile, RUN_FILES } from '../runs/runFolder';
import { JOURNAL } from '../sweeps/state/journal';
import { SWEEP_FILES } from '../sweeps/state/summary';
import { TRIALS } from '../sweeps/sweepFolder';

/** What would be removed of a run or a sweep. */
export interface RemovableRun {
  readonly dir: string;
  readonly kind: 'run' | 'sweep';
  /** The paths of the files that handgrad has written. */
  readonly files: readonly string[];
  readonly bytes: number;
  /** The folders that it has made, the innermost first. */
  readonly folders: readonly string[];
  /** What is not handgrad's, and stays. */
  readonly kept: readonly string[];
}

/** A report is looked at only up to this size. */
const MAX_REPORT_BYTES = 512e6;

/**
 * Finds what can be removed of a run or sweep: the files that handgrad has written. Removes nothing.
 * @throws HandgradError 'usage' when the folder is none of handgrad's: it is a link, or has no valid manifest; 'locked'
 *   when a process uses it, or one of its trials
 */
export async function findRemovable(dir: string): Promise<RemovableRun> {
  return removable(dir, false);
}

async function removable(dir: string, isLocked: boolean): Promise<RemovableRun> {
  const found = await lstat(dir).catch(() => undefined);
  if (!found) throw refuse(dir, 'does not exist');
  if (found.isSymbolicLink()) throw refuse(dir, 'is a link, which is not followed');
  if (!found.isDirectory()) throw refuse(dir, 'is not a folder');
  const kind = await kindOf(dir);
  if (kind === undefined) throw refuse(dir, `has no ${MANIFEST}, so it is not known to be a run or sweep`);
  const parts: Parts = { whole: dir, files: [], folders: [], kept: [], bytes: 0 };
  if (!isLocked) await assertFree(dir, dir);
  await collect(dir, kind, parts);
  return { dir, kind, ...parts };
}

/**
 * Removes a run or sweep: the files that handgrad has written, and its folders, if nothing else is in them. It is
 * locked meanwhile, so that no training starts in it.
 * @returns what was removed, and what was kept
 * @throws HandgradError as `findRemovable`; 'storage' when a file cannot be removed: another call removes the rest
 */
export async function removeRun(dir: string): Promise<RemovableRun> {
  // Before locking: a folder of others stays untouched.
  await findRemovable(dir);
  const lock = await lockFolder(dir);
  let found: RemovableRun;
  try {
    found = await removable(dir, true);
    for (const file of found.files) {
      await lock.assertHeld();
      await withStorageErrors(file, () => rm(file, { force: true }));
    }
    for (const folder of found.folders) await removeEmpty(folder);
    // Last: as long as it is there, the folder is known to be handgrad's.
    if (found.kept.length === 0) await withStorageErrors(dir, () => rm(join(dir, MANIFEST), { force: true }));
  } finally {
    await lock.release();
  }
  await removeEmpty(dir);
  return found;
}

interface Parts {
  /** The folder that is to be removed, which is locked meanwhile. */
  readonly whole: string;
  readonly files: string[];
  readonly folders: string[];
  readonly kept: string[];
  bytes: number;
}

const RUN_NAMES: readonly string[] = [RUN_FILES.config, RUN_FILES.environment, RUN_FILES.metrics, RUN_FILES.model];
const SWEEP_NAMES: readonly string[] = [JOURNAL, 'optuna.db', ...Object.values(SWEEP_FILES)];
const FOLD = /^fold-\d{1,4}$/;
/** The folder of a trial, or one that was set aside; and the settings and the log beside it. */
const TRIAL = /^\d{4,7}(-s\d{1,4})?(\.aside-\d{1,6})?$/;
const BESIDE_TRIAL = /^\d{4,7}(-s\d{1,4})?\.(json|log)$/;

/** Collects the files and folders of a run or sweep; the folder itself is not among them, nor its manifest. */
async function collect(dir: string, kind: FolderKind, parts: Parts): Promise<void> {
  const isOwn = (name: string) =>
    kind === 'run' ? RUN_NAMES.includes(name) || isEventFile(name) : SWEEP_NAMES.includes(name);
  await each(dir, parts, {
    isFile: async (name) => isOwn(name) || (name === REPORT && (await isReport(join(dir, name)))),
    async enter(name) {
      const at = join(dir, name);
      if (kind === 'run' && name === RUN_FILES.checkpoints) {
        await each(at, parts, { isFile: isCheckpointFile, enter: () => false });
      } else if (kind === 'run' && FOLD.test(name)) return collectRun(at, parts);
      else if (kind === 'sweep' && name === TRIALS) {
        await each(at, parts, {
          isFile: (one) => BESIDE_TRIAL.test(one),
          enter: (one) => TRIAL.test(one) && collectRun(join(at, one), parts),
        });
      } else return false;
      return true;
    },
  });
}

/** Collects a run inside another folder, with its manifest. */
async function collectRun(dir: string, parts: Parts): Promise<boolean> {
  if ((await kindOf(dir)) !== 'run') return false;
  await assertFree(dir, parts.whole);
  await collect(dir, 'run', parts);
  parts.files.push(join(dir, MANIFEST));
  return true;
}

/** Who may remove what is in a folder. */
interface Owned {
  readonly isFile: (name: string) => boolean | Promise<boolean>;
  /** Collects what is in a folder. @returns false when the folder is not handgrad's */
  readonly enter: (name: string) => boolean | Promise<boolean>;
}

async function each(dir: string, parts: Parts, { isFile, enter }: Owned): Promise<void> {
  const entries = await withStorageErrors(dir, () => readdir(dir, { withFileTypes: true }));
  for (const entry of entries) {
    const { name } = entry;
    const path = join(dir, name);
    if (name === MANIFEST) continue;
    if (entry.isDirectory() && (await enter(name))) parts.folders.push(path);
    else if (entry.isFile() && isLockName(name) && (await isLock(path))) {
      // No process holds it; that of the whole folder is released at the end.
      if (dir !== parts.whole) parts.files.push(path);
    } else if (entry.isFile() && (isTemporaryName(name) || (await isFile(name)))) {
      parts.files.push(path);
      parts.bytes += (await lstat(path)).size;
    } else parts.kept.push(path);
  }
}

async function kindOf(dir: string): Promise<FolderKind | undefined> {
  try {
    return (await readManifest(dir))?.handgrad;
  } catch (error) {
    if (!(error instanceof HandgradError)) throw error;
    throw refuse(dir, `is not known to be a run or sweep (${error.message.replace(/\.$/, '')})`);
  }
}

async function assertFree(dir: string, whole: string): Promise<void> {
  if (!(await isHeld(dir))) return;
  const what = dir === whole ? dir : `${dir}, a part of ${whole},`;
  throw new HandgradError('locked', `${what} is in use by a process; wait for it to end, or stop it first.`);
}

async function isReport(path: string): Promise<boolean> {
  const page = await readWhole(path, MAX_REPORT_BYTES, (why) => refuse(path, why)).catch(() => undefined);
  return page?.includes(GENERATOR) === true;
}

/** Removes a folder, unless something is in it. */
async function removeEmpty(dir: string): Promise<void> {
  await withStorageErrors(dir, () =>
    rmdir(dir).catch((error: NodeJS.ErrnoException) => {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(error.code ?? '')) throw error;
    }),
  );
}

function refuse(dir: string, why: string): HandgradError {
  return new HandgradError('usage', `${dir} ${why}, and is not removed; give the folder of a run or a sweep.`);
}
