import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { HandgradError } from '../errors';
import { quoted } from '../words';
import { type Guard, isTemporaryName, writeFileAtomic } from './atomicFile';
import { isLockName } from './lock';
import { openOwn, readOwn } from './readWhole';
import { storageError } from './storageError';

/** The name of the manifest, which marks a folder as handgrad's. */
export const MANIFEST = 'manifest.json';
/** The size limit of a manifest: a name and a digest for each of a few files. */
const MAX_BYTES = 1_000_000;

/** What a folder of handgrad holds. */
export type FolderKind = 'run' | 'sweep';

const entrySchema = z.strictObject({
  bytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
});
const manifestSchema = z.object({
  handgrad: z.enum(['run', 'sweep']),
  version: z.literal(1),
  files: z.record(z.string().max(255), entrySchema).optional(),
});

/** The content of a manifest. */
export interface Manifest {
  readonly handgrad: FolderKind;
  /** Size and digest of each file, by name, once nothing is left to do; undefined while files still change. */
  readonly files?: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

/**
 * Writes a folder's manifest: its kind, and the digests of its files.
 * @param options.names the files, of which some may be missing; without them, the manifest says that files still change
 * @param options.guard called before the manifest is replaced
 * @throws HandgradError `storage`; `model` when one of the files cannot be read
 */
export async function writeManifest(
  dir: string,
  kind: FolderKind,
  { names = [], guard }: { readonly names?: readonly string[]; readonly guard?: Guard } = {},
): Promise<void> {
  let files: Record<string, unknown> | undefined;
  for (const name of names) {
    const found = await digest(dir, name);
    if (found) files = { ...files, [name]: found };
  }
  const manifest = { handgrad: kind, version: 1, ...(files && { files }) };
  await writeFileAtomic(join(dir, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, guard);
}

/**
 * Reads a folder's manifest.
 * @returns undefined when there is none
 * @throws HandgradError `model` when it is damaged
 */
export async function readManifest(dir: string): Promise<Manifest | undefined> {
  const path = join(dir, MANIFEST);
  const refuse = (why: string, cause?: unknown) =>
    new HandgradError('model', `${path} ${why}; restore the file.`, { cause });
  const bytes = await readOwn(path, MAX_BYTES, refuse);
  if (!bytes) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw refuse('is not JSON', error);
  }
  const parsed = manifestSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const { path: at, message } = parsed.error.issues[0]!;
  throw refuse(`is not valid (${at.map(String).join('.') || 'the content'}: ${message})`);
}

/**
 * Compares bytes that were read with a folder's manifest. Files that it does not list may change, and are not checked.
 * @throws HandgradError `model` when the file has changed
 */
export function assertUnchanged(dir: string, name: string, bytes: Uint8Array, manifest: Manifest | undefined): void {
  const recorded = manifest?.files && Object.hasOwn(manifest.files, name) ? manifest.files[name] : undefined;
  if (!recorded || recorded.sha256 === createHash('sha256').update(bytes).digest('hex')) return;
  throw new HandgradError(
    'model',
    `${join(dir, name)} has changed since it was written: its sha256 is not the one in ${MANIFEST}; restore the file.`,
  );
}

/**
 * Checks that a new run or sweep may use a folder: it is empty, or holds only what one that was killed before it
 * started left behind. Nothing of others is ever replaced.
 * @param leftovers the files that it writes before it starts, beside its manifest
 * @throws HandgradError `usage` naming a file that is in the way; `storage`
 */
export async function assertFree(dir: string, kind: FolderKind, leftovers: readonly string[]): Promise<void> {
  const names = await readdir(dir).catch(async (error: unknown) => {
    throw await storageError(error, dir);
  });
  const present = names.filter((name) => !isLockName(name) && !isTemporaryName(name)).sort();
  if (present.length === 0) return;
  const isOurs = (await readManifest(dir).catch(() => undefined))?.handgrad === kind;
  const foreign = present.find((name) => !isOurs || (name !== MANIFEST && !leftovers.includes(name)));
  if (foreign === undefined) return;
  throw new HandgradError(
    'usage',
    `${dir} is not empty: it holds ${quoted(foreign)}, and nothing is overwritten; choose another folder.`,
  );
}

/** @returns undefined when there is no such file */
async function digest(dir: string, name: string): Promise<{ bytes: number; sha256: string } | undefined> {
  const path = join(dir, name);
  const refuse = (why: string, cause?: unknown) => new HandgradError('model', `${path} ${why}.`, { cause });
  const handle = await openOwn(path, refuse);
  if (!handle) return undefined;
  const hash = createHash('sha256');
  let bytes = 0;
  // Closes the handle at its end.
  for await (const piece of handle.createReadStream()) {
    hash.update(piece as Buffer);
    bytes += (piece as Buffer).length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
