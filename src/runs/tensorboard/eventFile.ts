import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type AppendOptions, type LogContent, openAppendLog } from '../../files/appendLog';
import { withStorageErrors } from '../../files/storageError';
import { eventFileName, isEventFile } from '../runFolder';
import { eventMessages, type TensorBoardEvent } from './messages';

/** An event file up to some record: what a checkpoint includes. */
export interface EventFileContent extends LogContent {
  /** The name of the file. */
  readonly file: string;
}

/** An append-only file of TensorBoard events. */
export interface EventFile {
  readonly path: string;
  /**
   * Appends events; a running TensorBoard sees them within about half a second while events come, and after `flush`.
   * @throws HandgradError `storage`; no part of them is left behind
   */
  append(events: readonly TensorBoardEvent[]): Promise<void>;
  /**
   * Returns when all events are on disk.
   * @throws HandgradError as `append` does
   */
  flush(): Promise<void>;
  /** The events that are on disk. */
  content(): EventFileContent;
  close(): Promise<void>;
}

/** Where an event file starts. */
export interface EventFileStart extends AppendOptions {
  /** What the checkpoint includes; everything after it is dropped, so each event is there once. */
  readonly kept?: EventFileContent;
  /** Whether the run starts over, so an event file that is there is replaced. */
  readonly over?: boolean;
}

/**
 * Opens the event file of a run folder, or creates one.
 * @throws HandgradError `storage`; `model` when the file is not as the checkpoint recorded it
 */
export async function openEventFile(
  dir: string,
  { kept, over = false, guard }: EventFileStart = {},
): Promise<EventFile> {
  const messages = eventMessages();
  const wrap = recordFraming();
  const seconds = Date.now() / 1000;
  // Without the file that the checkpoint includes, TensorBoard shows the rest of the run.
  const found = kept && (await exists(join(dir, kept.file))) ? kept : undefined;
  const path = join(dir, found?.file ?? (await nameOf(dir, seconds, over)));
  const log = await openAppendLog(path, found ?? 0, { guard });
  const append = (records: readonly Uint8Array[]) => log.appendSoon(Buffer.concat(records.map(wrap)));
  try {
    if (log.content().bytes === 0) await append([messages.encodeVersion(seconds)]);
  } catch (error) {
    await log.close();
    throw error;
  }
  return {
    path,
    append: (events) => append(events.map((event) => messages.encode(event))),
    flush: () => log.flush(),
    content: () => ({ file: basename(path), ...log.content() }),
    close: () => log.close(),
  };
}

/** The name of a new event file, or of the one that is replaced. It contains the time of its creation. */
async function nameOf(dir: string, seconds: number, over: boolean): Promise<string> {
  const names = (await withStorageErrors(dir, () => readdir(dir))).filter(isEventFile).sort();
  const last = names.at(-1);
  if (over && last !== undefined) return last;
  for (let time = Math.floor(seconds); ; time++) {
    const name = eventFileName(time);
    if (!names.includes(name)) return name;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

const HEAD_BYTES = 12;
const TAIL_BYTES = 4;

/**
 * Frames messages in the TFRecord format: length (u64), checksum of the length, message, checksum of the message (u32),
 * little-endian.
 */
function recordFraming(): (message: Uint8Array) => Buffer {
  const { crc32c } = require('@aws-crypto/crc32c') as typeof import('@aws-crypto/crc32c');
  // TFRecord masks checksums, because the CRC of data that contains CRCs is weak.
  const checksum = (bytes: Buffer) => {
    const crc = crc32c(bytes);
    return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  };
  return (message) => {
    const record = Buffer.alloc(HEAD_BYTES + message.length + TAIL_BYTES);
    record.writeBigUInt64LE(BigInt(message.length));
    record.writeUInt32LE(checksum(record.subarray(0, 8)), 8);
    record.set(message, HEAD_BYTES);
    record.writeUInt32LE(checksum(record.subarray(HEAD_BYTES, -TAIL_BYTES)), HEAD_BYTES + message.length);
    return record;
  };
}
