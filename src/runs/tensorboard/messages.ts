import type { Type } from 'protobufjs/light';

// The parts of TensorBoard's messages that a run needs, with their field numbers as tensorboard/compat/proto and
// tensorboard/plugins/hparams/*.proto (2.21) give them. google.protobuf.Value is the well-known type.
const DESCRIPTOR = {
  nested: {
    Event: {
      fields: {
        wallTime: { type: 'double', id: 1 },
        step: { type: 'int64', id: 2 },
        fileVersion: { type: 'string', id: 3 },
        summary: { type: 'Summary', id: 5 },
      },
    },
    Summary: { fields: { value: { rule: 'repeated', type: 'SummaryValue', id: 1 } } },
    SummaryValue: {
      fields: {
        tag: { type: 'string', id: 1 },
        simpleValue: { type: 'float', id: 2 },
        image: { type: 'Image', id: 4 },
        histo: { type: 'Histogram', id: 5 },
        tensor: { type: 'Tensor', id: 8 },
        metadata: { type: 'Metadata', id: 9 },
      },
    },
    Image: {
      fields: {
        height: { type: 'int32', id: 1 },
        width: { type: 'int32', id: 2 },
        colorspace: { type: 'int32', id: 3 },
        encodedImageString: { type: 'bytes', id: 4 },
      },
    },
    Histogram: {
      fields: {
        min: { type: 'double', id: 1 },
        max: { type: 'double', id: 2 },
        num: { type: 'double', id: 3 },
        sum: { type: 'double', id: 4 },
        sumSquares: { type: 'double', id: 5 },
        bucketLimit: { rule: 'repeated', type: 'double', id: 6, options: { packed: true } },
        bucket: { rule: 'repeated', type: 'double', id: 7, options: { packed: true } },
      },
    },
    Tensor: {
      fields: {
        dtype: { type: 'int32', id: 1 },
        tensorShape: { type: 'Shape', id: 2 },
        floatVal: { rule: 'repeated', type: 'float', id: 5, options: { packed: true } },
      },
    },
    Shape: { fields: { dim: { rule: 'repeated', type: 'Dim', id: 2 } } },
    Dim: { fields: { size: { type: 'int64', id: 1 } } },
    Metadata: { fields: { pluginData: { type: 'PluginData', id: 1 } } },
    PluginData: { fields: { pluginName: { type: 'string', id: 1 }, content: { type: 'bytes', id: 2 } } },
    HParamsPluginData: {
      fields: {
        version: { type: 'int32', id: 1 },
        sessionStartInfo: { type: 'SessionStart', id: 3 },
        sessionEndInfo: { type: 'SessionEnd', id: 4 },
      },
    },
    SessionStart: {
      fields: {
        hparams: { keyType: 'string', type: 'Value', id: 1 },
        startTimeSecs: { type: 'double', id: 5 },
      },
    },
    SessionEnd: { fields: { status: { type: 'int32', id: 1 }, endTimeSecs: { type: 'double', id: 2 } } },
    Value: {
      oneofs: { kind: { oneof: ['numberValue', 'stringValue', 'boolValue'] } },
      fields: {
        numberValue: { type: 'double', id: 2 },
        stringValue: { type: 'string', id: 3 },
        boolValue: { type: 'bool', id: 4 },
      },
    },
  },
};

/** One summary value: a number, a histogram, an image, or hyperparameters. */
export type SummaryValue = { readonly tag: string } & (
  { readonly scalar: number } | { readonly histogram: Histogram } | { readonly image: Image } | HParams
);

/** A TensorBoard histogram: bucket[i] counts the values in (bucketLimit[i - 1], bucketLimit[i]]. */
export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly num: number;
  readonly sum: number;
  readonly sumSquares: number;
  readonly bucketLimit: readonly number[];
  readonly bucket: readonly number[];
}

/** A grayscale image as PNG bytes. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

/** The start or end of a run for the HParams tab. Times are seconds since 1970. */
export type HParams =
  | { readonly started: number; readonly settings: Readonly<Record<string, number | string | boolean>> }
  | { readonly ended: number };

/** An event at a step of a run. */
export interface TensorBoardEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  readonly values: readonly SummaryValue[];
}

/** Encodes events as messages. */
export interface Messages {
  encode(event: TensorBoardEvent): Uint8Array;
  /** The first message of every file: which version of the format follows. */
  encodeVersion(wallTime: number): Uint8Array;
}

const GRAY = 1;
const FLOAT = 1;
const SUCCESS = 1;

/** Creates the encoder. Loads protobufjs, so it is called when the first file is opened. */
export function eventMessages(): Messages {
  const { Root } = require('protobufjs/light') as typeof import('protobufjs/light');
  const root = Root.fromJSON(DESCRIPTOR);
  const event = root.lookupType('Event');
  const hparams = root.lookupType('HParamsPluginData');
  const bytes = (type: Type, value: object) => type.encode(type.fromObject(value)).finish();
  return {
    encode: ({ wallTime, step, values }) =>
      bytes(event, { wallTime, step, summary: { value: values.map((value) => toMessage(value, hparams)) } }),
    encodeVersion: (wallTime) => bytes(event, { wallTime, fileVersion: 'brain.Event:2' }),
  };
}

function toMessage(value: SummaryValue, hparams: Type): object {
  const { tag } = value;
  if ('scalar' in value) return { tag, simpleValue: value.scalar };
  if ('histogram' in value) return { tag, histo: value.histogram };
  if ('image' in value) {
    const { width, height, png } = value.image;
    return { tag, image: { width, height, colorspace: GRAY, encodedImageString: png } };
  }
  const info =
    'started' in value
      ? { sessionStartInfo: { startTimeSecs: value.started, hparams: toValues(value.settings) } }
      : { sessionEndInfo: { status: SUCCESS, endTimeSecs: value.ended } };
  const content = hparams.encode(hparams.fromObject({ version: 0, ...info })).finish();
  // The plugin reads its message from the metadata, but a value is required nevertheless.
  const tensor = { dtype: FLOAT, tensorShape: { dim: [{ size: 1 }] }, floatVal: [0] };
  return { tag, tensor, metadata: { pluginData: { pluginName: 'hparams', content } } };
}

function toValues(settings: Readonly<Record<string, number | string | boolean>>): object {
  const kinds = { number: 'numberValue', string: 'stringValue', boolean: 'boolValue' } as const;
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name, { [kinds[typeof value as keyof typeof kinds]]: value }]),
  );
}
