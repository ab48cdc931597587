import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Reader } from 'protobufjs/light';

/** A value of an event file, without what differs from one run to the next: times and speeds. */
export interface RecordedValue {
  readonly step: number;
  readonly tag: string;
  /** The message, as base64. */
  readonly value: string;
}

/** Every value in the event files of a run folder, in order. Damaged records are errors. */
export function eventsOf(dir: string): RecordedValue[] {
  const files = readdirSync(dir).filter((name) => name.startsWith('events.out.tfevents.'));
  return files.sort().flatMap((name) => valuesOf(readFileSync(join(dir, name))));
}

function valuesOf(bytes: Buffer): RecordedValue[] {
  const values: RecordedValue[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    if (at + 16 + length > bytes.length) throw new Error(`a partial record at ${at}`);
    values.push(...eventOf(bytes.subarray(at + 12, at + 12 + length)));
    at += 16 + length;
  }
  return values;
}

/** Event: step = 2, summary = 5; Summary: value = 1; Value: tag = 1. */
function eventOf(message: Uint8Array): RecordedValue[] {
  const fields = fieldsOf(message);
  const step = Number(fields.find(([id]) => id === 2)?.[1] ?? 0);
  const summaries = fields.filter(([id]) => id === 5).flatMap(([, content]) => fieldsOf(content as Uint8Array));
  return summaries.map(([, content]) => {
    const value = content as Uint8Array;
    const tag = Buffer.from(fieldsOf(value).find(([id]) => id === 1)![1] as Uint8Array).toString();
    const varies = /^_hparams_|^throughput/.test(tag);
    return { step, tag, value: varies ? '' : Buffer.from(value).toString('base64') };
  });
}

function fieldsOf(message: Uint8Array): [id: number, content: number | Uint8Array | undefined][] {
  const reader = Reader.create(message);
  const fields: [number, number | Uint8Array | undefined][] = [];
  while (reader.pos < reader.len) {
    const key = reader.uint32();
    const wire = key & 7;
    if (wire === 0) fields.push([key >>> 3, Number(reader.uint64())]);
    else if (wire === 2) fields.push([key >>> 3, reader.bytes()]);
    else {
      reader.skipType(wire);
      fields.push([key >>> 3, undefined]);
    }
  }
  return fields;
}
