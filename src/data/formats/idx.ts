import { HandgradError } from '../../errors';

/**
 * The IDX format, as described by Y. LeCun for MNIST: two zero bytes, the type of the elements (0x08 is an
 * unsigned byte), the number of dimensions, each dimension as a big-endian 32-bit integer, and then the
 * elements in row-major order.
 */
export interface IdxArray {
  readonly shape: readonly number[];
  /** A view of the file's bytes, not a copy. */
  readonly data: Uint8Array;
}

const TYPES: Readonly<Record<number, string>> = {
  0x08: 'unsigned bytes',
  0x09: 'signed bytes',
  0x0b: '16-bit integers',
  0x0c: '32-bit integers',
  0x0d: '32-bit floats',
  0x0e: '64-bit floats',
};

/** More than images need. It limits the header to 20 bytes. */
const MAX_RANK = 4;

/** The longest header that this reader accepts, in bytes. */
export const MAX_HEADER_BYTES = 4 + 4 * MAX_RANK;

export interface IdxHeader {
  readonly shape: readonly number[];
  readonly headerBytes: number;
  /**
   * Header and elements together. It can exceed any real file (2^32-1 in each dimension): compare before allocating.
   */
  readonly totalBytes: number;
}

/**
 * Reads the header of an IDX file of unsigned bytes.
 * @param bytes the start of the file, at least its header
 * @param where the file's name, for messages
 * @throws HandgradError 'data' when the magic number, type, rank or a dimension is not valid
 */
export function readIdxHeader(bytes: Uint8Array, where: string): IdxHeader {
  if (bytes.length < 4) throw bad(where, `holds ${bytes.length} bytes, which is too short for an IDX file`);
  const [zero0, zero1, type, rank] = bytes as unknown as [number, number, number, number];
  if (zero0 !== 0 || zero1 !== 0) {
    throw bad(where, `is not an IDX file: it begins with the bytes ${hex(bytes.subarray(0, 4))} instead of 00 00 08`);
  }
  if (type !== 0x08) {
    const found = TYPES[type] ?? `the unknown type 0x${hex([type])}`;
    throw bad(where, `holds ${found}, where unsigned bytes (type 0x08) are expected`);
  }
  if (rank < 1 || rank > MAX_RANK) throw bad(where, `has ${rank} dimensions, where 1 to ${MAX_RANK} are expected`);
  const headerBytes = 4 + 4 * rank;
  if (bytes.length < headerBytes) throw bad(where, `is truncated inside its header of ${headerBytes} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  if (shape.includes(0)) throw bad(where, `has a dimension of zero in its shape ${shapeText(shape)}`);
  return { shape, headerBytes, totalBytes: headerBytes + shape.reduce((product, dim) => product * dim, 1) };
}

/**
 * Reads a whole IDX file of unsigned bytes. Nothing is allocated: the elements are a view of `bytes`.
 * @param where the file's name, for messages
 * @throws HandgradError 'data' as `readIdxHeader`, and when the body is longer or shorter than the header says
 */
export function parseIdx(bytes: Uint8Array, where: string): IdxArray {
  const { shape, headerBytes, totalBytes } = readIdxHeader(bytes, where);
  if (bytes.length !== totalBytes) {
    throw bad(where, `has the shape ${shapeText(shape)}, which takes ${totalBytes} bytes, but holds ${bytes.length}`);
  }
  return { shape, data: new Uint8Array(bytes.buffer, bytes.byteOffset + headerBytes, totalBytes - headerBytes) };
}

/** A shape as messages show it: `[60000, 28, 28]`. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

function hex(bytes: ArrayLike<number>): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

function bad(where: string, found: string): HandgradError {
  return new HandgradError('data', `${where} ${found}; replace it by the original file.`);
}
