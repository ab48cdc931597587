import { HandgradError } from '../errors';
import { quoted } from '../words';
import { parseStrictJson, type StrictJson } from './strictJson';

/** The element types of safetensors 0.8.0, the reference implementation, and the bits of one element. */
export const DTYPE_BITS = {
  ...{ BOOL: 8, U8: 8, I8: 8, I16: 16, U16: 16, I32: 32, U32: 32, I64: 64, U64: 64 },
  ...{ F16: 16, BF16: 16, F32: 32, F64: 64, C64: 64 },
  ...{ F4: 4, F6_E2M3: 6, F6_E3M2: 6, F8_E4M3: 8, F8_E5M2: 8, F8_E8M0: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8 },
} as const;
export type Dtype = keyof typeof DTYPE_BITS;

/** The position of a tensor: `begin` and `end` are bytes from the start of the file. */
export interface TensorPlace {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  /** In the order of their bytes in the file. */
  readonly tensors: readonly TensorPlace[];
  /** `__metadata__`, without a prototype, so any key is safe. */
  readonly metadata: Record<string, string>;
}

/** The length of the header comes first, as a little-endian u64. */
export const PREFIX_BYTES = 8;
const MAX_HEADER_BYTES = 100_000_000;
const U64_MAX = 2n ** 64n - 1n;

/**
 * The length in bytes of the JSON header, from the first 8 bytes of a file, checked before anything is read or
 * allocated.
 * @param prefix the first 8 bytes (or as many as there are)
 * @param fileBytes the length of the whole file
 * @param file the name of the file in messages
 * @throws HandgradError `model`
 */
export function decodeHeaderLength(prefix: Uint8Array, fileBytes: number, file: string): number {
  if (prefix.length < PREFIX_BYTES || fileBytes < PREFIX_BYTES) {
    throw invalid(file, `it has ${fileBytes} bytes and the shortest one has 8`);
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw invalid(
      file,
      `its first 8 bytes give a header of ${length} bytes and at most ${MAX_HEADER_BYTES} are allowed`,
    );
  }
  if (Number(length) > fileBytes - PREFIX_BYTES) {
    throw invalid(
      file,
      `its header should have ${length} bytes and the file ends ${fileBytes - PREFIX_BYTES} after byte 8`,
    );
  }
  return Number(length);
}

/**
 * Reads and checks the JSON header: the tensors then cover the rest of the file exactly, in order, each with the length
 * that its shape and type give. The rules are those of the safetensors README and its reference implementation;
 * duplicate keys at any level and integers above 2^53 - 1 are refused as well.
 * @param json the header's bytes, without the length in front
 * @param fileBytes the length of the whole file
 * @param file the name of the file in messages
 * @throws HandgradError `model`
 */
export function decodeHeader(json: Uint8Array, fileBytes: number, file: string): Header {
  if (json[0] !== 0x7b) throw invalid(file, 'its header does not begin with an opening brace at byte 8');
  const object = parseStrictJson(json, (what, at) => {
    throw invalid(file, `its header ${what} (byte ${PREFIX_BYTES + at})`);
  }) as ReadonlyMap<string, StrictJson>;

  const dataBegin = PREFIX_BYTES + json.length;
  const tensors: TensorPlace[] = [];
  for (const [name, entry] of object) {
    if (name !== '__metadata__') tensors.push(readPlace(name, entry, dataBegin, file));
  }
  // The reference implementation sorts as well: files of its older versions list tensors by name.
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(tensors, dataBegin, fileBytes, file);
  return { tensors, metadata: readMetadata(object.get('__metadata__'), file) };
}

function readPlace(name: string, entry: StrictJson, dataBegin: number, file: string): TensorPlace {
  const refuse = (what: string): never => {
    throw invalid(file, `tensor ${quoted(name)} ${what}`);
  };
  if (!(entry instanceof Map)) return refuse('is not described by an object');
  const fields = entry as ReadonlyMap<string, StrictJson>;
  const dtype = fields.get('dtype');
  const shape = fields.get('shape');
  const offsets = fields.get('data_offsets');
  if (!isDtype(dtype))
    return refuse(typeof dtype === 'string' ? `has the unknown type ${quoted(dtype)}` : 'has no dtype');
  if (!isIntegers(shape)) return refuse('has no shape made of integers');
  if (!isIntegers(offsets) || offsets.length !== 2) return refuse('has no data_offsets made of two integers');

  const [from, to] = offsets as [number, number];
  const bits = countBits(shape, DTYPE_BITS[dtype]);
  if (bits === undefined)
    return refuse(`has more elements than 64 bits can count: shape [${shape.slice(0, 8).join(', ')}]`);
  if (BigInt(to) - BigInt(from) !== bits / 8n || bits % 8n !== 0n) {
    return refuse(`spans bytes ${from} to ${to} and its shape takes ${bits} bits of ${dtype}`);
  }
  return { name, dtype, shape, begin: dataBegin + from, end: dataBegin + to };
}

/** The product, checked against 64 bits at every step: no shape can wrap around to a small size. */
function countBits(shape: readonly number[], elementBits: number): bigint | undefined {
  let bits = BigInt(elementBits);
  let elements = 1n;
  for (const width of shape) {
    elements *= BigInt(width);
    bits *= BigInt(width);
    if (elements > U64_MAX || bits > U64_MAX) return undefined;
  }
  return bits;
}

function checkCoverage(tensors: readonly TensorPlace[], dataBegin: number, fileBytes: number, file: string): void {
  let end = dataBegin;
  for (const tensor of tensors) {
    if (tensor.begin !== end) {
      const what = tensor.begin > end ? 'leaves a gap' : 'overlaps the one before it';
      throw invalid(file, `tensor ${quoted(tensor.name)} ${what}: it begins at byte ${tensor.begin}, not at ${end}`);
    }
    end = tensor.end;
  }
  if (end !== fileBytes) {
    const what = end > fileBytes ? 'it is truncated' : 'there is data after its last tensor';
    throw invalid(file, `${what}: the tensors end at byte ${end} and the file at byte ${fileBytes}`);
  }
}

function readMetadata(entry: StrictJson | undefined, file: string): Record<string, string> {
  const metadata = Object.create(null) as Record<string, string>;
  if (entry === undefined) return metadata;
  if (!(entry instanceof Map)) throw invalid(file, '__metadata__ is not an object');
  for (const [key, value] of entry as ReadonlyMap<string, StrictJson>) {
    if (typeof value !== 'string') throw invalid(file, `the value of ${quoted(key)} in __metadata__ is not a string`);
    metadata[key] = value;
  }
  return metadata;
}

function isDtype(value: StrictJson | undefined): value is Dtype {
  return typeof value === 'string' && Object.hasOwn(DTYPE_BITS, value);
}

function isIntegers(value: StrictJson | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

function invalid(file: string, why: string): HandgradError {
  return new HandgradError('model', `${file} is not a valid safetensors file: ${why}; get or save it again.`);
}
