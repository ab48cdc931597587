import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { HandgradError } from '../errors';
import { parameterNames } from '../nn/mlp';
import { randomFromState, type Stream, STREAMS } from '../random';
import { allFinite } from '../training/finite';
import {
  replaceTensors,
  STATE_LISTS,
  type StateList,
  type StateTensors,
  type TrainState,
} from '../training/trainState';
import { CONFIG_KEY, FORMAT_KEY, FORMAT_VERSION } from './model';
import { encodeSafetensors, type NamedTensor, type Safetensors } from './safetensors';

/** The layout of what a checkpoint holds beyond a model file. Another version is refused: it could be misread. */
export const CHECKPOINT_VERSION = '1';
const CHECKPOINT_KEY = 'handgrad_checkpoint';
const STATE_KEY = 'state';
const RUN_KEY = 'run';

/** Which run a checkpoint belongs to: what has to be the same for the run to go on. */
export interface RunIdentity {
  /** The engine, and its device in words. */
  readonly engine: string;
  readonly device: string;
  readonly datasetDigest: string;
  readonly trainSamples: number;
}

/** A state as plain data, free of the engine. */
export interface Checkpoint {
  /** By list and position: `params/0`, `optimizer/3`, … */
  readonly tensors: Readonly<Record<StateList, readonly Omit<NamedTensor, 'name'>[]>>;
  readonly progress: Progress;
  readonly run: RunIdentity;
  /** As in a model file, so that a checkpoint can be used as one. */
  readonly config: unknown;
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
  bestAccuracy: z.number().min(0).max(1),
  random: z.partialRecord(z.enum(STREAMS), z.array(z.int()).min(1).max(16)),
  seconds,
  epochBegan: seconds,
});

const runSchema = z.strictObject({
  engine: z.string().max(100),
  device: z.string().max(1000),
  datasetDigest: z.string().max(128),
  trainSamples: count,
});

/** The plain numbers of a state. */
export type Progress = Readonly<z.output<typeof progressSchema>>;

/**
 * Copies a state from the engine, as it is between two steps.
 * @throws HandgradError 'diverged' naming the first tensor that is not finite: such a state is never kept
 */
export async function takeCheckpoint(state: TrainState, run: RunIdentity, config: unknown): Promise<Checkpoint> {
  const { epoch, step, batch, samples, skippedBatches, skippedSamples, bestEpoch, bestAccuracy, seconds, epochBegan } =
    state;
  const random = Object.fromEntries(Object.entries(state.random).map(([name, one]) => [name, [...one.state()]]));
  const tensors = {} as Record<StateList, Omit<NamedTensor, 'name'>[]>;
  for (const list of STATE_LISTS) tensors[list] = await Promise.all(state[list].map(copyOf));
  for (const list of STATE_LISTS) {
    const bad = tensors[list].findIndex(({ data }) => !allFinite(data as Float32Array));
    if (bad >= 0) {
      const where = `${tensorNames(list, tensors[list])[bad]!} is not finite after step ${step}, in epoch ${epoch + 1}`;
      throw new HandgradError('diverged', `Training diverged: ${where}; try a smaller --lr.`);
    }
  }
  const counts = { epoch, step, batch, samples, skippedBatches, skippedSamples, bestEpoch, bestAccuracy };
  return { tensors, progress: { ...counts, random, seconds, epochBegan }, run, config };
}

/** The bytes of a checkpoint: a model file with the lists of the state beside the parameters. */
export function encodeCheckpoint({ tensors, progress, run, config }: Checkpoint): Uint8Array {
  const named = STATE_LISTS.flatMap((list) => {
    const names = tensorNames(list, tensors[list]);
    return tensors[list].map((tensor, i) => ({ ...tensor, name: names[i]! }));
  });
  return encodeSafetensors(named, {
    [FORMAT_KEY]: FORMAT_VERSION,
    [CONFIG_KEY]: JSON.stringify(config),
    [CHECKPOINT_KEY]: CHECKPOINT_VERSION,
    [STATE_KEY]: JSON.stringify(progress),
    [RUN_KEY]: JSON.stringify(run),
  });
}

/**
 * Reads what `encodeCheckpoint` wrote.
 * @param file what to call the file in a message
 * @throws HandgradError 'model' for anything else
 */
export function decodeCheckpoint({ tensors, metadata }: Safetensors, file: string): Checkpoint {
  const version = metadata[CHECKPOINT_KEY];
  if (version !== CHECKPOINT_VERSION || metadata[FORMAT_KEY] !== FORMAT_VERSION) {
    const found = version === undefined ? 'no checkpoint' : `a checkpoint in format ${version.slice(0, 20)}`;
    const wanted = `${CHECKPOINT_VERSION} (model format ${FORMAT_VERSION})`;
    throw invalid(file, `holds ${found}, and this handgrad reads format ${wanted}`);
  }
  const lists = {} as Record<StateList, NamedTensor[]>;
  for (const list of STATE_LISTS) lists[list] = [...tensorsIn(list, tensors)];
  if (Object.values(lists).flat().length !== tensors.size) throw invalid(file, 'holds tensors of no known list');
  return {
    tensors: lists,
    progress: readJson(metadata, STATE_KEY, progressSchema, file),
    run: readJson(metadata, RUN_KEY, runSchema, file),
    config: readJson(metadata, CONFIG_KEY, z.unknown(), file),
  };
}

/**
 * Puts a checkpoint into the fresh state of the same run, which says what has to be in it.
 * @throws HandgradError 'model' when the two are not of one kind; the state is unchanged then
 */
export function restoreState(state: TrainState, { tensors, progress }: Checkpoint, file: string): void {
  for (const list of STATE_LISTS) checkList(list, state[list], tensors, file);
  const [expected, found] = [state.random, progress.random].map((random) => Object.keys(random).sort().join(' '));
  if (expected !== found) throw invalid(file, `keeps the generators "${found}", and this run draws from "${expected}"`);
  const { random, ...numbers } = progress;
  replaceTensors(
    state,
    Object.fromEntries(STATE_LISTS.map((list) => [list, tensors[list].map(toTensor)])) as StateTensors,
  );
  Object.assign(state, numbers);
  for (const [name, numbers] of Object.entries(random)) state.random[name as Stream] = randomFromState(numbers);
}

function checkList(
  list: StateList,
  expected: readonly tf.Tensor[],
  tensors: Checkpoint['tensors'],
  file: string,
): void {
  const found = tensors[list];
  const names = tensorNames(list, expected.length > found.length ? expected : found);
  const show = (tensor: Pick<tf.Tensor, 'dtype' | 'shape'>) => `${tensor.dtype} [${tensor.shape.join(', ')}]`;
  for (let i = 0; i < Math.max(expected.length, found.length); i++) {
    const wanted = expected[i] ? show(expected[i]!) : 'nothing';
    const is = found[i] ? show({ dtype: tfTypeOf(found[i]!), shape: [...found[i]!.shape] }) : 'nothing';
    if (wanted !== is) throw invalid(file, `is of another network or optimizer: ${names[i]!} is ${is}, not ${wanted}`);
  }
}

async function copyOf(tensor: tf.Tensor): Promise<Omit<NamedTensor, 'name'>> {
  const data = await tensor.data();
  if (data instanceof Float32Array) return { dtype: 'F32', shape: tensor.shape, data };
  if (data instanceof Int32Array) return { dtype: 'I32', shape: tensor.shape, data };
  throw new TypeError(`a state keeps float32 and int32 tensors, not ${tensor.dtype}`);
}

function toTensor({ shape, data, dtype }: Omit<NamedTensor, 'name'>): tf.Tensor {
  // The engine may keep the array it is given.
  return tf.tensor((data as Float32Array).slice(), [...shape], tfTypeOf({ dtype }));
}

function tfTypeOf({ dtype }: Pick<NamedTensor, 'dtype'>): 'float32' | 'int32' {
  return dtype === 'I32' ? 'int32' : 'float32';
}

/** The parameters have the names they have in a model file. */
function tensorNames(list: StateList, tensors: readonly Pick<NamedTensor, 'shape'>[]): string[] {
  if (list !== 'params') return tensors.map((_, i) => `${list}/${i}`);
  return parameterNames(tensors.map(({ shape }) => ({ shape: [...shape] })));
}

/** The tensors of a list, in the order of the list. */
function* tensorsIn(list: StateList, tensors: ReadonlyMap<string, NamedTensor>): Generator<NamedTensor> {
  const numbered = (i: number) => (list === 'params' ? [`W${i + 1}`, `b${i + 1}`, `g${i + 1}`] : [`${list}/${i}`]);
  for (let i = 0; tensors.has(numbered(i)[0]!); i++) {
    for (const name of numbered(i)) if (tensors.has(name)) yield tensors.get(name)!;
  }
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
    throw invalid(file, `has no JSON under ${key} in its metadata`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw invalid(file, `has metadata that cannot be used (${[key, ...path].join('.')}: ${message})`);
}

function invalid(file: string, why: string): HandgradError {
  return new HandgradError('model', `${file} ${why}; use an earlier checkpoint, or start the run again.`);
}
