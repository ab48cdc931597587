import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HandgradError } from '../../errors';
import { writeFileAtomic } from '../../files/atomicFile';
import { makeFolder } from '../../files/makeFolder';

/** A file of an export, before it is written. */
export interface ExportedFile {
  /** With `/` as the separator. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Writes the files of an export into a folder, which is created if needed.
 * @param force replace existing files
 * @returns their paths
 * @throws HandgradError `usage` when a file already exists, and nothing is written; `storage`
 */
export async function writeExport(
  dir: string,
  files: readonly ExportedFile[],
  { force }: { readonly force: boolean },
): Promise<string[]> {
  const paths = files.map(({ name }) => join(dir, ...name.split('/')));
  for (const path of force ? [] : paths) {
    if (!(await stat(path).catch(() => undefined))) continue;
    throw new HandgradError('usage', `${path} already exists; set \`force\` to replace it, or choose another path.`);
  }
  for (const [i, path] of paths.entries()) {
    await makeFolder(dirname(path));
    await writeFileAtomic(path, files[i]!.bytes);
  }
  return paths;
}

/** Concatenated arrays of numbers, as little-endian bytes. */
export function floatBytes(arrays: readonly (Float32Array | Float64Array | BigInt64Array)[]): Buffer {
  return Buffer.concat(arrays.map((array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength)));
}
