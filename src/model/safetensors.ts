import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

import { HandgradError } from '../errors';
import {
  decodeHeader,
  decodeHeaderLength,
  DTYPE_BITS,
  PREFIX_BYTES,
  type Dtype,
  type Header,
  type TensorPlace,
} from './safetensorsHeader';

/** The elements of a tensor. Types without a JavaScript array (BOOL, F16, BF16, F8…) are raw bytes. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** A tensor of a safetensors file: named, row-major, little-endian. */
export interface NamedTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export interface Safetensors {
  /** By name, in the order of their bytes in the file. */
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  readonly metadata: Record<string, string>;
}

/** How the bytes of a type become an array. They are copied first, so they are aligned for every type. */
const VIEW_OF: Partial<Record<Dtype, (bytes: ArrayBuffer) => TensorData>> = {
  F32: (bytes) => new Float32Array(bytes),
  F64: (bytes) => new Float64Array(bytes),
  I8: (bytes) => new Int8Array(bytes),
  I16: (bytes) => new Int16Array(bytes),
  I32: (bytes) => new Int32Array(bytes),
  I64: (bytes) => new BigInt64Array(bytes),
  U16: (bytes) => new Uint16Array(bytes),
  U32: (bytes) => new Uint32Array(bytes),
  U64: (bytes) => new BigUint64Array(bytes),
};

/** The most that is read into memory: half a billion parameters, far more than the backends can hold. */
export const MAX_FILE_BYTES = 2 ** 31 - 1;

/**
 * Writes tensors in the safetensors format. The same tensors and metadata give the same bytes:
 * wider types come first, so that each is aligned, otherwise the given order holds; metadata keys are sorted.
 * @throws HandgradError `model` for what could not be read back: duplicate names, a shape that does not fit its data
 */
export function encodeSafetensors(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const ordered = tensors.toSorted((a, b) => DTYPE_BITS[b.dtype] - DTYPE_BITS[a.dtype]);
  // Built from pairs, not from an object: an object would drop duplicate names and reorder names such as "0".
  const entries: string[] = [];
  const keys = Object.keys(metadata).sort();
  if (keys.length > 0)
    entries.push(member('__metadata__', `{${keys.map((key) => member(key, JSON.stringify(metadata[key]))).join()}}`));
  let end = 0;
  for (const { name, dtype, shape, data } of ordered) {
    const begin = end;
    end += data.byteLength;
    entries.push(member(name, JSON.stringify({ dtype, shape, data_offsets: [begin, end] })));
  }
  const text = Buffer.from(`{${entries.join()}}`);
  const header = Buffer.alloc(Math.ceil(text.length / 8) * 8, ' ');
  header.set(text);

  const bytes = new Uint8Array(PREFIX_BYTES + header.length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, PREFIX_BYTES);
  // Never write what our own strict reader refuses: it would be lost.
  decodeHeader(header, bytes.length, 'the file to be written');
  let at = PREFIX_BYTES + header.length;
  for (const { data } of ordered) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Decodes a safetensors file in memory, without trusting its contents.
 * @param file the name of the file in messages: its path, as the user gave it
 * @returns tensors whose data is copied out of `bytes`
 * @throws HandgradError `model`, naming the byte or the tensor that is wrong
 */
export function decodeSafetensors(bytes: Uint8Array, file = 'the safetensors file'): Safetensors {
  const dataBegin = PREFIX_BYTES + decodeHeaderLength(bytes.subarray(0, PREFIX_BYTES), bytes.length, file);
  const header = decodeHeader(bytes.subarray(PREFIX_BYTES, dataBegin), bytes.length, file);
  // Not bytes.slice(): that of a Buffer shares the memory instead of copying it.
  return collect(header, ({ begin, end }) => new Uint8Array(bytes.subarray(begin, end)));
}

/**
 * Reads a safetensors file from disk. The header is checked against the file's length before the rest is read,
 * so a header with a false size costs neither memory nor time.
 * @throws HandgradError `model`, naming the file
 */
export async function readSafetensors(path: string): Promise<Safetensors> {
  const handle = await openToRead(path);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new HandgradError('model', `${path} is not a file; give a .safetensors file.`);
    if (stat.size > MAX_FILE_BYTES) {
      throw new HandgradError(
        'model',
        `${path} has ${stat.size} bytes; handgrad reads models of up to ${MAX_FILE_BYTES}.`,
      );
    }
    const prefix = await readBytes(handle, 0, Math.min(PREFIX_BYTES, stat.size), path);
    const headerLength = decodeHeaderLength(prefix, stat.size, path);
    const header = decodeHeader(await readBytes(handle, PREFIX_BYTES, headerLength, path), stat.size, path);
    const read = new Map<string, Uint8Array>();
    for (const { name, begin, end } of header.tensors)
      read.set(name, await readBytes(handle, begin, end - begin, path));
    return collect(header, ({ name }) => read.get(name)!);
  } finally {
    await handle.close();
  }
}

function collect(header: Header, bytesOf: (place: TensorPlace) => Uint8Array): Safetensors {
  const tensors = new Map<string, NamedTensor>();
  for (const place of header.tensors) {
    const { name, dtype, shape } = place;
    const bytes = bytesOf(place);
    tensors.set(name, { name, dtype, shape, data: VIEW_OF[dtype]?.(bytes.buffer as ArrayBuffer) ?? bytes });
  }
  return { tensors, metadata: header.metadata };
}

async function openToRead(path: string): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK, opening a pipe waits for a writer.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    throw new HandgradError('model', `${path} cannot be read: ${why}; give the path of a .safetensors file.`, {
      cause: error,
    });
  }
}

/** Exactly `length` bytes, in a separate buffer, aligned for every type of array. */
async function readBytes(handle: FileHandle, position: number, length: number, path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) throw new HandgradError('model', `${path} became shorter while it was read; try again.`);
    done += bytesRead;
  }
  return bytes;
}

/** One `"key":value` of a JSON object; `json` is already JSON. */
function member(key: string, json: string): string {
  return `${JSON.stringify(key)}:${json}`;
}
