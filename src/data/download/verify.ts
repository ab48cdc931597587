import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HandgradError } from '../../errors';
import type { DataFile } from '../catalog';
import { gunzip, isGzip } from './gunzip';

/** A file of a data set, decompressed and verified against the catalog. */
export interface VerifiedFile {
  readonly bytes: Buffer;
  /** sha256 (hex) of `bytes`. */
  readonly sha256: string;
}

/** The sha256 of some bytes, in hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** One digest for a list of files: the sha256 of their sha256 sums, in order. It does not read the data again. */
export function datasetDigest(sums: readonly string[]): string {
  return sha256(Buffer.from(sums.join('\n')));
}

/**
 * Checks a file, plain or gzipped, against the catalog: its sizes and its digest.
 * @param raw the bytes, maybe gzipped
 * @param where the file's path or address, for messages
 * @throws HandgradError 'data' with what was found
 */
export async function verify(raw: Buffer, file: DataFile, where: string): Promise<VerifiedFile> {
  const zipped = isGzip(raw);
  if (file.sha256 === undefined) {
    // Only the compressed file has a published digest.
    if (!zipped) throw bad(where, `is not the gzip file ${file.name}.gz, and only that one can be verified`);
    compare('md5', createHash('md5').update(raw).digest('hex'), file.gz.md5, where);
    if (file.gz.sha256 !== undefined) compare('sha256', sha256(raw), file.gz.sha256, where);
  }
  const bytes = zipped ? await gunzip(raw, file.bytes, where) : raw;
  if (bytes.length !== file.bytes) throw bad(where, `holds ${bytes.length} bytes, where ${file.bytes} are expected`);
  const sum = sha256(bytes);
  if (file.sha256 !== undefined) compare('sha256', sum, file.sha256, where);
  return { bytes, sha256: sum };
}

/**
 * The names that a file may have in a folder: `-idx3-ubyte` or `.idx3-ubyte`, plain or gzipped.
 * A download stores it under the first: plain, to load fast, or compressed if only that form has a published digest.
 */
export function namesInFolder(file: DataFile): readonly [string, ...string[]] {
  const dotted = file.name.replace(/-(idx\d-ubyte)$/, '.$1');
  const zipped = [`${file.name}.gz`, `${dotted}.gz`] as const;
  return file.sha256 === undefined ? zipped : [file.name, dotted, ...zipped];
}

/** The path of a file of the catalog in a folder; undefined if it is not there. */
export async function findInFolder(folder: string, file: DataFile): Promise<string | undefined> {
  for (const name of namesInFolder(file)) {
    const path = join(folder, name);
    if ((await stat(path).catch(() => undefined))?.isFile()) return path;
  }
  return undefined;
}

/**
 * Reads a local file of the catalog, not verified yet.
 * @throws HandgradError 'data' when it cannot be read, or is too large, which is checked before reading
 */
export async function readCandidate(path: string, file: DataFile): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    // Incompressible data grows by five bytes per 16 KB and a header.
    const most = file.bytes + 1024 + Math.ceil(file.bytes / 1000);
    if (size > most) throw bad(path, `holds ${size} bytes, where at most ${file.bytes} are expected`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof HandgradError) throw error;
    throw bad(path, `cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`, error);
  }
}

/** The finding in an error's message, without its remedy: the caller has a better one. */
export function findingOf(error: HandgradError): string {
  return error.message.replace(/(; [^;]*)?\.$/, '');
}

function compare(algorithm: string, found: string, expected: string, where: string): void {
  if (found === expected) return;
  throw bad(where, `is not the published file: its ${algorithm} is ${found}, where ${expected} is expected`);
}

function bad(where: string, found: string, cause?: unknown): HandgradError {
  return new HandgradError('data', `${where} ${found}.`, { cause });
}
