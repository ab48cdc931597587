import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createRandom } from '../../src/random';
import { type DataFile, type DatasetEntry, type Role, ROLES, type Source } from '../../src/data/catalog';

/** An IDX file: its header as given, whatever the body. */
export function idxBytes(shape: readonly number[], body: Uint8Array, type = 0x08): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header[2] = type;
  header[3] = shape.length;
  shape.forEach((dim, i) => header.writeUInt32BE(dim, 4 + 4 * i));
  return Buffer.concat([header, body]);
}

const random = createRandom(7, 'init');
const noise = (count: number, below: number) => Uint8Array.from({ length: count }, () => random.integer(below));

/** 300 training and 40 test images of 5 x 4 bytes in three classes: a data set as the catalog's, only small. */
export const tinyFiles: Readonly<Record<Role, { name: string; bytes: Buffer; gz: Buffer }>> = {
  trainImages: file('train-images-idx3-ubyte', idxBytes([300, 5, 4], noise(6000, 256))),
  trainLabels: file('train-labels-idx1-ubyte', idxBytes([300], noise(300, 3))),
  testImages: file('t10k-images-idx3-ubyte', idxBytes([40, 5, 4], noise(800, 256))),
  testLabels: file('t10k-labels-idx1-ubyte', idxBytes([40], noise(40, 3))),
};

function file(name: string, bytes: Buffer) {
  return { name, bytes, gz: gzipSync(bytes) };
}

const digest = (algorithm: string, bytes: Buffer) => createHash(algorithm).update(bytes).digest('hex');

/**
 * The entry of the tiny data set with these sources.
 * @param only what has a published digest: the decompressed files, or, as with KMNIST, the compressed ones alone
 */
export function tinyEntry(sources: readonly Source[], only: 'plain' | 'gz' = 'plain'): DatasetEntry {
  const describe = ({ name, bytes, gz }: (typeof tinyFiles)[Role]): DataFile => ({
    name,
    bytes: bytes.length,
    ...(only === 'plain' ? { sha256: digest('sha256', bytes) } : {}),
    gz: { bytes: gz.length, md5: digest('md5', gz) },
  });
  const files = Object.fromEntries(ROLES.map((role) => [role, describe(tinyFiles[role])])) as Record<Role, DataFile>;
  return {
    name: 'tiny',
    title: 'Tiny',
    imageShape: [5, 4],
    classNames: ['red', 'green', 'blue'],
    license: 'none',
    citation: 'none',
    files,
    sources: [...sources],
  };
}

/** Writes files into a folder, making it. */
export function fill(folder: string, contents: Readonly<Record<string, Uint8Array | string>>): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(contents)) writeFileSync(join(folder, name), bytes);
  return folder;
}

/** The tiny data set as a folder would hold it, with other contents where `changed` gives some. */
export function tinyContents(form: 'bytes' | 'gz' = 'bytes', changed: Partial<Record<Role, Buffer>> = {}) {
  const named = ROLES.map((role) => {
    const { name, [form]: bytes } = tinyFiles[role];
    return [form === 'gz' ? `${name}.gz` : name, changed[role] ?? bytes] as const;
  });
  return Object.fromEntries(named);
}

/** A folder for each test of a suite, gone afterwards. */
export function temporaryFolder(): () => string {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'handgrad-spec-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  return () => folder;
}
