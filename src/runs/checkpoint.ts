import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { HandgradError } from '../errors';
import type { LogContent } from '../files/appendLog';
import { allFinite } from '../training/finite';
import { mapTensors, namedTensors, replaceTensors, type TrainState } from '../training/trainState';
import { CONFIG_KEY, FORMAT_KEY, FORMAT_VERSION } from '../model/modelFile';
import { encodeSafetensors, type NamedTensor, type Safetensors } from '../model/safetensors';
import { isEventFile } from './runFolder';
import type { EventFileContent } from './tensorboard/eventFile';

/** The version of what a checkpoint holds beyond a model file. Other versions are refused. */
export const CHECKPOINT_VERSION = '2';
const CHECKPOINT_KEY = 'handgrad_checkpoint';
const STATE_KEY = 'state';
const RUN_KEY = 'run';
const RECORDS_KEY = 'records';

/** The run that a checkpoint belongs to: what must be the same for a resume. */
export interface RunIdentity {
  /** The backend, and the description of its device. */
  readonly backend: string;
  readonly device: string;
  readonly datasetDigest: string;
  readonly trainSamples: number;
}

/** A state as plain data, independent of the backend. */
export interface Checkpoint {
  /** `W1`, `b1`, …, `optimizer/velocity/W1`, …: see `mapTensors`. */
  readonly tensors: readonly NamedTensor[];
  readonly progress: Progress;
  readonly run: RunIdentity;
  /** What was recorded of the run so far; undefined in checkpoints of handgrad 0.2. */
  readonly records?: RunRecords;
  /** As in a model file, so that a checkpoint can be used as one. */
  readonly config: unknown;
}

/** What the records of a run hold when a checkpoint is taken. A resumed run continues exactly there. */
export interface RunRecords {
  /** `metrics.jsonl`: its rows, and their bytes and digest. */
  readonly metrics: LogContent & { readonly rows: number };
  /** The event file, if there is one. */
  readonly events?: EventFileContent;
}

const count = z.int().nonnegative();
const seconds = z.number().nonnegative();

const progressSchema = z.strictObject({
  epoch: count,
  step: count,
  batch: count,
  samples: count,
  skippedBatches: count,
  skippedSamples: count,
  bestEpoch: count,
  bestAccuracy: z.number().optional(),
  // Checkpoints of 0.2 have none.
  bestLoss: z.number().optional(),
  seconds,
  epochStart: seconds,
});

const runSchema = z.strictObject({
  backend: z.string().max(100),
  device: z.string().max(1000),
  datasetDigest: z.string().max(128),
  trainSamples: count,
});

const content = { bytes: count, sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits') };
const recordsSchema = z.strictObject({
  metrics: z.strictObject({ rows: count, ...content }),
  events: z
    .strictObject({ file: z.string().refine(isEventFile, 'must be the name of an event file'), ...content })
    .optional(),
});

/** The counters and the clock of a state. */
export type Progress = Readonly<z.output<typeof progressSchema>>;

/**
 * Copies a state from the backend, between two steps.
 * @throws HandgradError 'diverged' naming the first tensor with non-finite values: such a state is never saved
 */
export async function takeCheckpoint(
  state: TrainState,
  run: RunIdentity,
  config: unknown,
  records?: RunRecords,
): Promise<Checkpoint> {
  const { epoch, step, batch, samples, skippedBatches, skippedSamples, seconds, epochStart } = state;
  const { bestEpoch, bestAccuracy, bestLoss } = state;
  const tensors = await Promise.all([...namedTensors(state)].map(([name, tensor]) => copyOf(name, tensor)));
  const bad = tensors.find(({ data }) => !allFinite(data as Float32Array));
  if (bad) {
    const { lr, schedule } = config as { readonly lr?: number; readonly schedule?: string };
    const rate = schedule === 'constant' ? `, at learning rate ${lr}` : '';
    const where = `${bad.name} has non-finite values after step ${step}, in epoch ${epoch + 1}${rate}`;
    throw new HandgradError('diverged', `Training diverged: ${where}; try a smaller \`lr\`.`);
  }
  const counts = { epoch, step, batch, samples, skippedBatches, skippedSamples };
  const best = {
    bestEpoch,
    ...(bestAccuracy !== undefined && { bestAccuracy }),
    ...(bestLoss !== undefined && { bestLoss }),
  };
  return { tensors, progress: { ...counts, ...best, seconds, epochStart }, run, config, ...(records && { records }) };
}

/** Encodes a checkpoint: a model file with the rest of the state beside the parameters. */
export function encodeCheckpoint({ tensors, progress, run, config, records }: Checkpoint): Uint8Array {
  return encodeSafetensors(tensors, {
    [FORMAT_KEY]: FORMAT_VERSION,
    [CONFIG_KEY]: JSON.stringify(config),
    [CHECKPOINT_KEY]: CHECKPOINT_VERSION,
    [STATE_KEY]: JSON.stringify(progress),
    [RUN_KEY]: JSON.stringify(run),
    ...(records && { [RECORDS_KEY]: JSON.stringify(records) }),
  });
}

/**
 * Reads what `encodeCheckpoint` wrote.
 * @param file the file's name in messages
 * @throws HandgradError 'model' for anything else
 */
export function decodeCheckpoint({ tensors, metadata }: Safetensors, file: string): Checkpoint {
  const version = metadata[CHECKPOINT_KEY];
  if (version !== CHECKPOINT_VERSION || metadata[FORMAT_KEY] !== FORMAT_VERSION) {
    if (version === '1') throw firstEdition(file);
    const found = version === undefined ? 'no checkpoint' : `a checkpoint in format ${version.slice(0, 20)}`;
    const wanted = `${CHECKPOINT_VERSION} (model format ${FORMAT_VERSION})`;
    throw invalid(file, `holds ${found}, but this version of handgrad reads format ${wanted}`);
  }
  return {
    tensors: [...tensors.values()],
    progress: readJson(metadata, STATE_KEY, progressSchema, file),
    run: readJson(metadata, RUN_KEY, runSchema, file),
    config: readJson(metadata, CONFIG_KEY, z.unknown(), file),
    ...(RECORDS_KEY in metadata && { records: readJson(metadata, RECORDS_KEY, recordsSchema, file) }),
  };
}

/**
 * Restores a checkpoint into a fresh state of the same run.
 * @throws HandgradError 'model' when names, types or shapes differ; the state is then unchanged
 */
export function restoreState(state: TrainState, { tensors, progress }: Checkpoint, file: string): void {
  const found = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  // A run that began before 0.3 has not counted its right answers, and continues without.
  const { correct, ...others } = state;
  const wantedState = { ...others, correct: found.has('correct') ? correct : undefined };
  const expected = namedTensors(wantedState);
  for (const name of new Set([...expected.keys(), ...found.keys()])) {
    const [wanted, is] = [shown(expected.get(name)), shown(found.get(name))];
    if (wanted !== is) throw invalid(file, `belongs to another network or optimizer: ${name} is ${is}, not ${wanted}`);
  }
  replaceTensors(
    state,
    mapTensors(wantedState, (_, name) => toTensor(found.get(name)!)),
  );
  Object.assign(state, progress);
}

/** Type and shape of a tensor, for messages. */
function shown(tensor: { readonly dtype: string; readonly shape: readonly number[] } | undefined): string {
  return tensor ? `${TF_TYPES[tensor.dtype] ?? tensor.dtype} [${tensor.shape.join(', ')}]` : 'nothing';
}

async function copyOf(name: string, tensor: tf.Tensor): Promise<NamedTensor> {
  const { shape } = tensor;
  const data = await tensor.data();
  if (data instanceof Float32Array) return { name, dtype: 'F32', shape, data };
  if (data instanceof Int32Array) return { name, dtype: 'I32', shape, data };
  throw new TypeError(`a state keeps float32 and int32 tensors, not ${tensor.dtype}`);
}

/** TensorFlow.js's names of the types in a file. */
const TF_TYPES: Readonly<Record<string, 'float32' | 'int32'>> = { F32: 'float32', I32: 'int32' };

function toTensor({ shape, data, dtype }: NamedTensor): tf.Tensor {
  // A copy, because the backend may keep the array.
  return tf.tensor((data as Float32Array).slice(), [...shape], TF_TYPES[dtype]);
}

function readJson<Schema extends z.ZodType>(
  metadata: Record<string, string>,
  key: string,
  schema: Schema,
  file: string,
): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(metadata[key] ?? '');
  } catch {
    throw invalid(file, `has no valid JSON under ${key} in its metadata`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw invalid(file, `has invalid metadata (${[key, ...path].join('.')}: ${message})`);
}

function firstEdition(file: string): HandgradError {
  return new HandgradError(
    'model',
    `${file} is in checkpoint format 1, which only handgrad 0.1 can resume; ` +
      'finish the run with that edition, or start a new run from its model.safetensors (initFrom).',
  );
}

function invalid(file: string, why: string): HandgradError {
  return new HandgradError('model', `${file} ${why}; use an earlier checkpoint, or start the run again.`);
}
