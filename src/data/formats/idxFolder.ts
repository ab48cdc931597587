import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { HandgradError } from '../../errors';
import { type Role, ROLES } from '../catalog';
import { gunzip, gunzipStart, isGzip } from '../download/gunzip';
import { type IdxArray, type IdxHeader, MAX_HEADER_BYTES, parseIdx, readIdxHeader } from './idx';
import { assertPair, idxSamples } from './idxSamples';
import type { Dataset } from '../samples';
import { datasetDigest, sha256 } from '../download/verify';

/** The usual names of the four files; `emnist-letters-train-images-idx3-ubyte.gz` is one of them. */
const PATTERNS: Readonly<Record<Role, RegExp>> = {
  trainImages: /(^|-)train-images([-.]idx\d)?([-.]ubyte)?(\.gz)?$/,
  trainLabels: /(^|-)train-labels([-.]idx\d)?([-.]ubyte)?(\.gz)?$/,
  testImages: /(^|-)(t10k|test)-images([-.]idx\d)?([-.]ubyte)?(\.gz)?$/,
  testLabels: /(^|-)(t10k|test)-labels([-.]idx\d)?([-.]ubyte)?(\.gz)?$/,
};

/** The most that Node reads and allocates at once. */
const MAX_BYTES = 2 ** 31 - 1;

/** DEFLATE cannot expand beyond 1032:1 (zlib, "Technical Details"), so a header that claims more is invalid. */
const MAX_EXPANSION = 1032;

/**
 * Loads any folder that holds four IDX files of unsigned bytes, gzipped or not:
 * images [n, height, width] or rows [n, d], and labels [n]. The classes are the smallest to the largest training label,
 * the smallest at most 1.
 * @throws HandgradError 'data' with the file that is missing or invalid
 */
export async function loadIdxFolder(folder: string): Promise<Dataset> {
  const paths = await findFiles(folder);
  // Before anything is decompressed: a small file may claim to be a large one.
  const found = {} as Record<Role, FoundHeader>;
  for (const role of ROLES) found[role] = await readHeader(paths[role]);
  assertPair(found.trainImages.shape, found.trainLabels.shape, paths.trainImages, paths.trainLabels);
  assertPair(found.testImages.shape, found.testLabels.shape, paths.testImages, paths.testLabels);
  const sums: string[] = [];
  const arrays = {} as Record<Role, IdxArray>;
  for (const role of ROLES) {
    const bytes = await readIdxFile(paths[role], found[role]);
    sums.push(sha256(bytes));
    arrays[role] = parseIdx(bytes, paths[role]);
  }
  return { name: basename(resolve(folder)), ...idxSamples(arrays, paths), digest: datasetDigest(sums) };
}

/** The files of a folder, and those in folders that are named like one of the four: Kaggle unpacks a file so. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder);
  const names = await Promise.all(
    entries.map(async (entry) => {
      if (!(await stat(join(folder, entry)).catch(() => undefined))?.isDirectory()) return [entry];
      const isUsual = Object.values(PATTERNS).some((pattern) => pattern.test(entry));
      return isUsual ? (await readdir(join(folder, entry))).map((name) => join(entry, name)) : [];
    }),
  );
  return names.flat().sort((a, b) => a.length - b.length);
}

/** Finds each of the four files; a plain file is preferred to a gzipped one. */
async function findFiles(folder: string): Promise<Record<Role, string>> {
  const names = await filesIn(folder);
  const find = (role: Role) => {
    const found = names.filter((name) => PATTERNS[role].test(basename(name)));
    const others = found.filter((name) => name.replace(/\.gz$/, '') !== found[0]?.replace(/\.gz$/, ''));
    if (found[0] === undefined) {
      const what = role.replace(/([A-Z])/, (letter) => ` ${letter.toLowerCase()}`);
      const usual = `${what.replace('test', 't10k').replace(' ', '-')}-idx${role.endsWith('Images') ? 3 : 1}-ubyte`;
      throw bad(folder, `holds no file of ${what}; it should be called ${usual} or ${usual}.gz.`);
    }
    if (others.length > 0) {
      throw bad(folder, `holds both ${found[0]} and ${others[0]}; keep the four files of one data set there.`);
    }
    return join(folder, found[0]);
  };
  return Object.fromEntries(ROLES.map((role) => [role, find(role)])) as Record<Role, string>;
}

interface FoundHeader extends IdxHeader {
  readonly zipped: boolean;
}

/** Reads and decompresses a file. */
async function readIdxFile(path: string, { zipped, totalBytes }: FoundHeader): Promise<Uint8Array> {
  const raw = await readFile(path);
  return zipped ? gunzip(raw, totalBytes, path) : raw;
}

/** Reads the header of a file, which must agree with its size. */
async function readHeader(path: string): Promise<FoundHeader> {
  const { size } = await stat(path);
  const start = await readStart(path, Math.min(size, 4096));
  const zipped = isGzip(start);
  const header = readIdxHeader(zipped ? gunzipStart(start, path).subarray(0, MAX_HEADER_BYTES) : start, path);
  const { totalBytes } = header;
  const most = zipped ? size * MAX_EXPANSION : size;
  if (totalBytes > most || Math.max(size, totalBytes) > MAX_BYTES) {
    const limit = Math.min(most, MAX_BYTES);
    throw bad(path, `claims ${totalBytes} bytes in its header, where it can hold at most ${limit}; replace the file.`);
  }
  return { ...header, zipped };
}

async function readStart(path: string, length: number): Promise<Buffer> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function bad(where: string, found: string): HandgradError {
  return new HandgradError('data', `${where} ${found}`);
}
