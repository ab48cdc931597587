import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openAppendLog } from '../../files/appendLog';
import { withStorageErrors } from '../../files/storageError';
import { eventMessages, type Messages, type TensorBoardEvent } from './messages';

/** The prefix of event files that TensorBoard looks for. */
export const EVENT_FILE_PREFIX = 'events.out.tfevents.';

/** An append-only file of TensorBoard events. */
export interface EventFile {
  readonly path: string;
  /**
   * Appends events; a running TensorBoard sees them at once.
   * @throws HandgradError `storage`; no part of them is left behind
   */
  append(events: readonly TensorBoardEvent[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the event file of a run folder, or creates one. A resumed run continues its file: events after its step, and a
 * partial record, are truncated first, so no step appears twice.
 * @param step the finished steps of the run; 0 at its start
 * @throws HandgradError `storage`
 */
export async function openEventFile(dir: string, step: number): Promise<EventFile> {
  const messages = eventMessages();
  const framing = recordFraming();
  const existing = await lastEventFile(dir);
  const seconds = Date.now() / 1000;
  const path = join(dir, existing ?? `${EVENT_FILE_PREFIX}${Math.floor(seconds)}.handgrad`);
  // If the run starts over, or not even the first record is complete, the file starts over.
  const end = existing === undefined || step === 0 ? 0 : await endOfStep(path, step, messages, framing);
  const log = await openAppendLog(path, end);
  const append = (records: readonly Uint8Array[]) =>
    log.append(Buffer.concat(records.map((record) => framing.wrap(record))));
  try {
    if (end === 0) await append([messages.encodeVersion(seconds)]);
  } catch (error) {
    await log.close();
    throw error;
  }
  return { path, append: (events) => append(events.map((event) => messages.encode(event))), close: () => log.close() };
}

/** The newest event file of a folder. Their names contain the time of creation. */
async function lastEventFile(dir: string): Promise<string | undefined> {
  const names = await withStorageErrors(dir, () => readdir(dir));
  return names
    .filter((name) => name.startsWith(EVENT_FILE_PREFIX))
    .sort()
    .at(-1);
}

/** The TFRecord format: length (u64), checksum of the length, message, checksum of the message (u32), little-endian. */
interface Framing {
  wrap(message: Uint8Array): Buffer;
  /** The message at offset `start`; undefined when it is truncated or corrupt. */
  read(bytes: Buffer, start: number): Buffer | undefined;
}

const HEAD_BYTES = 12;
const TAIL_BYTES = 4;

function recordFraming(): Framing {
  const { crc32c } = require('@aws-crypto/crc32c') as typeof import('@aws-crypto/crc32c');
  // TFRecord masks checksums, because the CRC of data that contains CRCs is weak.
  const checksum = (bytes: Buffer) => {
    const crc = crc32c(bytes);
    return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  };
  return {
    wrap(message) {
      const record = Buffer.alloc(HEAD_BYTES + message.length + TAIL_BYTES);
      record.writeBigUInt64LE(BigInt(message.length));
      record.writeUInt32LE(checksum(record.subarray(0, 8)), 8);
      record.set(message, HEAD_BYTES);
      record.writeUInt32LE(checksum(record.subarray(HEAD_BYTES, -TAIL_BYTES)), HEAD_BYTES + message.length);
      return record;
    },
    read(bytes, start) {
      if (bytes.length - start < HEAD_BYTES + TAIL_BYTES) return undefined;
      const length = Number(bytes.readBigUInt64LE(start));
      const end = start + HEAD_BYTES + length;
      if (bytes.readUInt32LE(start + 8) !== checksum(bytes.subarray(start, start + 8))) return undefined;
      if (end + TAIL_BYTES > bytes.length) return undefined;
      const message = bytes.subarray(start + HEAD_BYTES, end);
      return bytes.readUInt32LE(end) === checksum(message) ? message : undefined;
    },
  };
}

/** The offset of the first event after `step`, or of the first incomplete record. */
async function endOfStep(path: string, step: number, messages: Messages, framing: Framing): Promise<number> {
  const bytes = await withStorageErrors(path, () => readFile(path));
  let end = 0;
  for (let message = framing.read(bytes, 0); message !== undefined; message = framing.read(bytes, end)) {
    if (messages.stepOf(message) > step) break;
    end += HEAD_BYTES + message.length + TAIL_BYTES;
  }
  return end;
}
