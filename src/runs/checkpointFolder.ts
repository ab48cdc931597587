import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HandgradError } from '../errors';
import { type Guard, isTemporaryName, removeUnfinished, syncFolder, writeFileAtomic } from '../files/atomicFile';
import { makeFolder } from '../files/makeFolder';
import { assertNoLink, readOwn } from '../files/readWhole';
import { storageError } from '../files/storageError';
import { type Checkpoint, CHECKPOINT_VERSION, decodeCheckpoint, encodeCheckpoint } from './checkpoint';
import { decodeSafetensors, MAX_FILE_BYTES } from '../model/safetensors';

/** How many generations to keep, beside the best one. If the newest is damaged, the one before it is used. */
const KEPT = 2;
const BEST = 'best.json';
/** The size limit of a manifest, which has a few short fields. */
const MAX_MANIFEST_BYTES = 4096;

/** A checkpoint that was read and verified. */
export interface FoundCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly path: string;
  /** What is wrong with newer ones, a sentence each. */
  readonly damaged: readonly string[];
}

/** The checkpoints of a run, in generations: each is a safetensors file and its manifest. */
export interface CheckpointFolder {
  /**
   * Writes a generation atomically, and returns when it is on disk. Removes all generations except the last two and the
   * best. Does not write a generation that exists.
   * @param best whether it is the best so far
   * @throws HandgradError `storage`; the earlier generations are then unchanged
   */
  write(checkpoint: Checkpoint, best: boolean): Promise<void>;
  /** The path of the newest generation that this run knows to be valid. */
  newest(): string | undefined;
}

/**
 * Opens the folder for writing. Creates it now, so that a folder that is not writable is detected at the start.
 * @param good the step of the generation that the run resumes from
 * @param guard called before every change
 * @throws HandgradError `storage`; `model` when the folder is a link
 */
export async function openCheckpointFolder(
  dir: string,
  good?: number,
  guard: Guard = async () => {},
): Promise<CheckpointFolder> {
  await assertNoLink(dir, (why) => unusable(dir, why));
  await guard();
  await makeFolder(dir);
  const kept = good === undefined ? [] : [good];
  let best = await readBest(dir);
  const write = async (name: string, content: Uint8Array | string) => {
    await guard();
    // Once more before the file gets its name: writing it takes a while.
    await writeFileAtomic(join(dir, name), content, guard);
  };
  return {
    newest: () => (kept.length === 0 ? undefined : join(dir, tensorsName(kept.at(-1)!))),
    async write(checkpoint, isBest) {
      const { step } = checkpoint.progress;
      if (kept.at(-1) !== step) {
        const bytes = encodeCheckpoint(checkpoint);
        // Tensors without a manifest are never read: writing the manifest is what makes the generation valid.
        await write(tensorsName(step), bytes);
        await write(manifestName(step), manifestOf(checkpoint, bytes));
        kept.push(step);
      }
      if (isBest) {
        await write(BEST, bestText(step));
        best = step;
      }
      await guard();
      kept.splice(0, kept.length - KEPT);
      await removeAllBut(dir, best === undefined ? kept : [...kept, best]);
    },
  };
}

/**
 * Reads the newest valid generation.
 * @returns undefined when there are none
 * @throws HandgradError `model` when there are some, but none is valid
 */
export async function newestCheckpoint(dir: string): Promise<FoundCheckpoint | undefined> {
  await assertNoLink(dir, (why) => unusable(dir, why));
  const damaged: string[] = [];
  for (const step of await generations(dir)) {
    try {
      return { ...(await readGeneration(dir, step)), damaged };
    } catch (error) {
      if (!(error instanceof HandgradError)) throw error;
      damaged.push(error.message);
    }
  }
  if (damaged.length === 0) return undefined;
  throw new HandgradError('model', `No checkpoint in ${dir} can be used: ${damaged[0]}`);
}

/** Whether a file's name is that of a part of a checkpoint. */
export function isCheckpointFile(name: string): boolean {
  return name === BEST || /^step-\d{8,15}\.(json|safetensors)$/.test(name);
}

/**
 * Removes what a killed process left behind: temporary files, and tensors without a manifest.
 * @throws HandgradError `storage`
 */
export async function removeLeftovers(dir: string, guard?: Guard): Promise<void> {
  const isOrphan = (name: string, names: readonly string[]) =>
    tensorsOf(name) !== undefined && !names.includes(manifestName(tensorsOf(name)!));
  await removeUnfinished(dir, guard, (name, names) => isTemporaryName(name) || isOrphan(name, names));
}

async function readGeneration(dir: string, step: number): Promise<Omit<FoundCheckpoint, 'damaged'>> {
  const path = join(dir, tensorsName(step));
  const manifest = await readPart(join(dir, manifestName(step)), MAX_MANIFEST_BYTES);
  const bytes = await readPart(path, MAX_FILE_BYTES);
  const digest = sha256(bytes);
  if (!manifest.includes(digest)) {
    throw unusable(path, `is damaged, or its manifest belongs to another checkpoint: its sha256 is ${digest}`);
  }
  const checkpoint = decodeCheckpoint(decodeSafetensors(bytes, path), path);
  // Compared as text, so that a change of any bit is detected.
  if (manifest.toString('latin1') !== manifestOf(checkpoint, bytes) || checkpoint.progress.step !== step) {
    throw unusable(join(dir, manifestName(step)), 'is damaged, or belongs to another checkpoint');
  }
  return { checkpoint, path };
}

async function readPart(path: string, maxBytes: number): Promise<Buffer> {
  const bytes = await readOwn(path, maxBytes, (why) => unusable(path, why));
  if (bytes) return bytes;
  throw unusable(path, 'is missing');
}

/** The steps that have a manifest, newest first. */
async function generations(dir: string): Promise<number[]> {
  const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw unusable(dir, `cannot be read (${error.message})`);
  });
  const steps = names.map((name) => /^step-(\d{8,15})\.json$/.exec(name)?.[1]).filter((digits) => digits !== undefined);
  return steps.map(Number).sort((a, b) => b - a);
}

/** Removes manifests before tensors, so that no manifest refers to missing tensors. */
async function removeAllBut(dir: string, steps: readonly number[]): Promise<void> {
  const kept = steps.flatMap((step) => [tensorsName(step), manifestName(step)]);
  try {
    const old = (await readdir(dir)).filter((name) => /^step-\d+\./.test(name) && !kept.includes(name));
    for (const name of old.sort() /* .json before .safetensors */) await rm(join(dir, name), { force: true });
    if (old.length > 0) await syncFolder(dir);
  } catch (error) {
    throw await storageError(error, dir);
  }
}

async function readBest(dir: string): Promise<number | undefined> {
  const path = join(dir, BEST);
  const bytes = await readOwn(path, MAX_MANIFEST_BYTES, (why) => unusable(path, why)).catch(() => undefined);
  const text = bytes?.toString('latin1') ?? '';
  const step = Number(/"step":(\d{1,15})\b/.exec(text)?.[1] ?? NaN);
  return text === bestText(step) ? step : undefined;
}

function manifestOf({ progress, run }: Checkpoint, bytes: Uint8Array): string {
  const { step, epoch } = progress;
  const facts = { format: CHECKPOINT_VERSION, step, epoch, backend: run.backend, file: tensorsName(step) };
  return `${JSON.stringify({ ...facts, bytes: bytes.length, sha256: sha256(bytes) })}\n`;
}

const bestText = (step: number) => `${JSON.stringify({ step, file: tensorsName(step) })}\n`;
const stem = (step: number) => `step-${String(step).padStart(8, '0')}`;
const tensorsName = (step: number) => `${stem(step)}.safetensors`;
const manifestName = (step: number) => `${stem(step)}.json`;
/** The step encoded in a tensor file's name. */
const tensorsOf = (name: string) => {
  const digits = /^step-(\d{8,15})\.safetensors$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
};

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function unusable(path: string, why: string): HandgradError {
  return new HandgradError('model', `${path} ${why}; remove it to resume from an earlier checkpoint.`);
}
