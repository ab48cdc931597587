import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { HandgradError } from '../../errors';

/** Files of zeros shrink this much, tables do not. */
const MAX_RATIO = 500;
/** Below this size no ratio is suspicious. */
const FREE_BYTES = 2 ** 28;
/** As the zstd program has it: a frame must not ask for more memory. */
const MAX_WINDOW_BYTES = 2 ** 27;

type Chunks = AsyncIterable<Buffer>;

/**
 * The contents of a file that may be compressed with gzip or zstd, recognized by its first bytes.
 * @throws HandgradError 'data' when it is damaged, truncated, or grows like no table does
 */
export async function* decompressed(chunks: Chunks, path: string): AsyncGenerator<Buffer> {
  let read = 0;
  let written = 0;
  const counted = async function* () {
    for await (const chunk of chunks) {
      read += chunk.length;
      yield chunk;
    }
  };
  const { start, all } = await peek(counted(), 4);
  const method = methodOf(start);
  if (method === undefined) return void (yield* all);
  try {
    for await (const chunk of method.inflate(all)) {
      written += chunk.length;
      if (written > FREE_BYTES && written > MAX_RATIO * read) {
        throw new HandgradError('data', `${path} inflates to more than ${MAX_RATIO} times its size; check the file.`);
      }
      yield chunk;
    }
  } catch (error) {
    if (error instanceof HandgradError) throw error;
    const found = `its ${method.name} data gives "${(error as Error).message}"`;
    throw new HandgradError('data', `${path} is damaged: ${found}; fetch it again.`, { cause: error });
  }
}

function methodOf(start: Buffer) {
  if (start[0] === 0x1f && start[1] === 0x8b) return { name: 'gzip', inflate: inflateGzip };
  if (start.length === 4 && start.readUInt32LE() === 0xfd2fb528) return { name: 'zstd', inflate: inflateZstd };
  return undefined;
}

function inflateGzip(chunks: Chunks): Chunks {
  // Errors of the input and an early end of the loop reach the other side through the pipeline.
  return pipeline(chunks, createGunzip({ chunkSize: 1 << 18 }), () => undefined) as NodeJS.ReadableStream as Chunks;
}

async function* inflateZstd(chunks: Chunks): AsyncGenerator<Buffer> {
  const { Decompress } = await import('fzstd');
  let out: Uint8Array[] = [];
  const stream = new Decompress((chunk) => out.push(chunk));
  let first = true;
  for await (const chunk of chunks) {
    if (first && windowOf(chunk) > MAX_WINDOW_BYTES) throw new Error('its window is too large');
    first = false;
    // A small part at a time: all that a part inflates to is in memory.
    for (let at = 0; at < chunk.length; at += 1 << 12) {
      stream.push(chunk.subarray(at, at + (1 << 12)));
      for (const part of out) yield Buffer.from(part.buffer, part.byteOffset, part.length);
      out = [];
    }
  }
  stream.push(new Uint8Array(0), true);
  for (const part of out) yield Buffer.from(part.buffer, part.byteOffset, part.length);
}

/** The memory that a zstd frame asks for (RFC 8878, 3.1.1.1). */
function windowOf(frame: Buffer): number {
  const flags = frame[4] ?? 0;
  if (!(flags & 32)) {
    const base = 2 ** (10 + ((frame[5] ?? 0) >> 3));
    return base + (base / 8) * ((frame[5] ?? 0) & 7);
  }
  const dictionary = [0, 1, 2, 4][flags & 3]!;
  const size = frame.subarray(5 + dictionary, 5 + dictionary + [1, 2, 4, 8][flags >> 6]!);
  return [...size].reduceRight((sum, byte) => sum * 256 + byte, 0);
}

/** The first `count` bytes, or all there are, and an iterable over everything. */
export async function peek(chunks: Chunks, count: number): Promise<{ start: Buffer; all: Chunks }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const held: Buffer[] = [];
  let length = 0;
  while (length < count) {
    const found = await iterator.next();
    if (found.done) break;
    held.push(found.value);
    length += found.value.length;
  }
  const first = Buffer.concat(held);
  const all = async function* () {
    try {
      if (first.length > 0) yield first;
      yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      await iterator.return?.();
    }
  };
  return { start: first.subarray(0, count), all: all() };
}
