import { constants, gunzip as inflate, gunzipSync } from 'node:zlib';
import { HandgradError } from '../../errors';

/** Whether the bytes start like a gzip file (RFC 1952, 2.3.1). An IDX file starts with two zeros. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Inflates a gzip file whose decompressed size is known, checking its CRC.
 * Memory is bounded by that size, whatever the file claims.
 * @param maxBytes the decompressed size in bytes; more is refused
 * @param where the file's name, for messages
 * @throws HandgradError 'data' when the file is truncated, damaged, larger than expected, or followed by other bytes
 */
export async function gunzip(bytes: Uint8Array, maxBytes: number, where: string): Promise<Buffer> {
  const { buffer, engine } = await new Promise<{ buffer: Buffer; engine: { bytesWritten: number } }>(
    (resolve, reject) => {
      // With `info` Node also returns its zlib object, which counts the bytes it consumed. The published types lack it.
      const options = { maxOutputLength: maxBytes, chunkSize: 1 << 20, info: true };
      inflate(bytes, options, (error, result) => {
        if (error) reject(refusal(error, maxBytes, where));
        else resolve(result as unknown as { buffer: Buffer; engine: { bytesWritten: number } });
      });
    },
  );
  const left = bytes.length - engine.bytesWritten;
  if (left > 0) throw bad(where, `has ${left} bytes after the end of its gzip data`);
  return buffer;
}

/**
 * The start of a gzip file's contents, as far as its first 4 KB reach.
 * @throws HandgradError 'data' when they cannot be inflated
 */
export function gunzipStart(bytes: Uint8Array, where: string): Buffer {
  try {
    return gunzipSync(bytes.subarray(0, 4096), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw refusal(error as NodeJS.ErrnoException, Infinity, where);
  }
}

function refusal(error: NodeJS.ErrnoException, maxBytes: number, where: string): HandgradError {
  const found: Record<string, string> = {
    ERR_BUFFER_TOO_LARGE: `inflates to more than the expected ${maxBytes} bytes`,
    Z_BUF_ERROR: 'is truncated: its gzip data has no end',
  };
  return bad(where, found[error.code ?? ''] ?? `is damaged: its gzip data gives "${error.message}"`, error);
}

function bad(where: string, found: string, cause?: Error): HandgradError {
  return new HandgradError('data', `${where} ${found}; fetch it again.`, { cause });
}
