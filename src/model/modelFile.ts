import { HandgradError } from '../errors';
import { checkArchitecture, parameterNames, type Parameter } from './architecture';
import { writeFileAtomic } from '../files/atomicFile';
import {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensors,
  type NamedTensor,
  type Safetensors,
} from './safetensors';
import { quoted } from '../words';
import { fromTorchLayout, hasTorchNames, toTorchLayout } from './torchLayout';

/** A trained network as plain data, and how to use it. */
export interface Model {
  /** `W1 b1 W2 b2 …` */
  readonly parameters: readonly Parameter[];
  /** Any JSON: the settings of the run, and what else evaluation needs. Undefined in files of other programs. */
  readonly config: unknown;
}

/** The version of the metadata. Files of a higher version are refused: an older program could misread them. */
export const FORMAT_VERSION = '1';
/** The metadata key of the version. */
export const FORMAT_KEY = 'handgrad_format';
/** The metadata key of the config. */
export const CONFIG_KEY = 'config';

/** How the tensors of a model file are named and oriented. */
export const LAYOUTS = {
  /** `W1 b1 W2 b2 …`, W of shape [inputs, outputs]. */
  handgrad: (parameters) => parameters,
  /** `0.weight 0.bias 2.weight …`, weights of shape [outputs, inputs]. */
  torch: toTorchLayout,
} satisfies Record<string, (parameters: readonly Parameter[]) => readonly Parameter[]>;
/** The names and shapes of a model file's tensors. */
export type ModelLayout = keyof typeof LAYOUTS;

/**
 * The bytes of a model file: float32 tensors and, in `__metadata__`, `config` as a JSON string and `handgrad_format`.
 * @throws HandgradError `model` when the parameters are not those of a multilayer perceptron
 */
export function encodeModel({ parameters, config }: Model, layout: ModelLayout = 'handgrad'): Uint8Array {
  checkArchitecture(parameters, {}, 'the model to be saved');
  const tensors = LAYOUTS[layout](parameters).map((parameter): NamedTensor => ({ ...parameter, dtype: 'F32' }));
  const metadata: Record<string, string> = { [FORMAT_KEY]: FORMAT_VERSION };
  if (config !== undefined) metadata[CONFIG_KEY] = JSON.stringify(config);
  return encodeSafetensors(tensors, metadata);
}

/**
 * Saves a model: completely or not at all, and on disk when this returns.
 * @throws HandgradError `storage` when it cannot be written, `model` when it is not a multilayer perceptron
 */
export async function saveModel(path: string, model: Model): Promise<void> {
  await writeFileAtomic(path, encodeModel(model));
}

/**
 * Loads a model that handgrad saved, or any safetensors file that holds `W1 b1 W2 b2 …` in float32,
 * in any order, or the `state_dict()` of PyTorch's linear layers.
 * @throws HandgradError `model` for a file that is damaged or holds something else
 */
export async function loadModel(path: string): Promise<Model> {
  return modelOf(await readSafetensors(path), path);
}

/**
 * Decodes the bytes of a model file: see `loadModel`.
 * @param file its name in messages
 */
export function decodeModel(bytes: Uint8Array, file: string): Model {
  return modelOf(decodeSafetensors(bytes, file), file);
}

function modelOf({ tensors, metadata }: Safetensors, file: string): Model {
  const stored = [...tensors.values()].map((tensor) => toParameter(tensor, file));
  const found = hasTorchNames([...tensors.keys()]) ? fromTorchLayout(stored, file) : stored;
  const { numHiddens } = checkArchitecture(found, {}, file);
  const byName = new Map(found.map((parameter) => [parameter.name, parameter]));
  const parameters = parameterNames(numHiddens.length + 1).map((name) => byName.get(name)!);
  return { parameters, config: readConfig(metadata, file) };
}

function toParameter({ name, dtype, shape, data }: NamedTensor, file: string): Parameter {
  if (data instanceof Float32Array) {
    const bad = data.findIndex((value) => !Number.isFinite(value));
    if (bad === -1) return { name, shape, data };
    throw new HandgradError(
      'model',
      `${file} holds a non-finite value in tensor ${quoted(name)} (${data[bad]} at ${bad}); save it again.`,
    );
  }
  throw new HandgradError(
    'model',
    `${file} holds tensor ${quoted(name)} in ${dtype}; save it in float32 (F32) instead.`,
  );
}

function readConfig(metadata: Record<string, string>, file: string): unknown {
  const version = metadata[FORMAT_KEY];
  // Another program's file: its `config` means something else.
  if (version === undefined) return undefined;
  if (version !== FORMAT_VERSION) {
    throw new HandgradError(
      'model',
      `${file} is in model format ${quoted(version)} and this handgrad reads format ${FORMAT_VERSION}; ` +
        `use a newer handgrad.`,
    );
  }
  const config = metadata[CONFIG_KEY];
  if (config === undefined) return undefined;
  try {
    return JSON.parse(config) as unknown;
  } catch (error) {
    throw new HandgradError('model', `${file} holds a config that is not JSON; get or save it again.`, {
      cause: error,
    });
  }
}
