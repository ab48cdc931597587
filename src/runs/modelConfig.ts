import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { backgroundOf } from '../data/background';
import type { Dataset } from '../data/samples';
import { HandgradError } from '../errors';
import { checkArchitecture } from '../model/architecture';
import { loadModel, type Model } from '../model/modelFile';
import { RUN_FILES } from './runFolder';
import { type Config, configSchema, withTodaysNames } from './config';

/**
 * What a model file carries beside its weights: the settings that made it (none of this machine's folders, and none that
 * does not change it), and what using it on data needs.
 */
const modelConfigSchema = z.object({
  ...configSchema.omit({
    dataDir: true,
    source: true,
    checkpointEvery: true,
    onNan: true,
    stopAfter: true,
    threads: true,
    allowSoftware: true,
    expectAccuracy: true,
    tensorboard: true,
  }).shape,
  datasetName: z.string().max(4096),
  datasetDigest: z.string().max(128),
  classNames: z.array(z.string()).min(1),
  imageShape: z.tuple([z.int().positive(), z.int().positive()]).optional(),
  /** Of the images; predict turns files to it. */
  background: z.enum(['dark', 'light']).optional(),
  /** What a stored feature is multiplied with to become what the network sees. */
  scale: z.number().positive(),
});

export type ModelConfig = Readonly<z.output<typeof modelConfigSchema>>;

/** A model file, opened. */
export interface OpenedModel {
  readonly path: string;
  readonly parameters: Model['parameters'];
  /** Undefined when another program wrote the file. */
  readonly config: ModelConfig | undefined;
}

/** What goes into the model file of a run. */
export function modelConfig(config: Config, dataset: Dataset): ModelConfig {
  const { name, digest, classNames, imageShape, train } = dataset;
  // zod drops what the schema does not name: the folders of this machine, and what the run was expected to reach.
  return modelConfigSchema.parse({
    ...config,
    datasetName: name,
    datasetDigest: digest,
    classNames,
    imageShape,
    background: backgroundOf(dataset),
    scale: train.scale,
  });
}

/**
 * Opens a run folder's model or a .safetensors file.
 * @throws HandgradError 'model' when there is none, or it is not valid
 */
export async function openModel(path: string): Promise<OpenedModel> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new HandgradError('model', `There is no run folder or model file ${path}; check the path.`);
  const file = found.isDirectory() ? join(path, RUN_FILES.model) : path;
  if (found.isDirectory() && !(await stat(file).catch(() => undefined))) {
    throw new HandgradError(
      'model',
      `${path} holds no ${RUN_FILES.model}: its run has not finished, or is no run's folder.`,
    );
  }
  const { parameters, config } = await loadModel(file);
  return { path: file, parameters, config: config === undefined ? undefined : parseModelConfig(config, file) };
}

/**
 * What a model file or a checkpoint carries beside its tensors.
 * @throws HandgradError 'model' when it is not that
 */
export function parseModelConfig(config: unknown, file: string): ModelConfig {
  const parsed = modelConfigSchema.safeParse(withTodaysNames(config));
  if (parsed.success) return parsed.data;
  const { path: at, message } = parsed.error.issues[0]!;
  throw new HandgradError(
    'model',
    `${file} carries a config that cannot be used (${at.join('.')}: ${message}); save it again.`,
  );
}

/**
 * Checks that a model's network fits a data set.
 * @param numHiddens the widths that were asked for, if any were
 * @returns the widths of its hidden layers
 * @throws HandgradError 'model' with what is expected and what was found
 */
export function checkModel(
  { parameters, path }: OpenedModel,
  { numInputs, numOutputs }: Pick<Dataset, 'numInputs' | 'numOutputs'>,
  numHiddens?: readonly number[],
): readonly number[] {
  return checkArchitecture(parameters, { numInputs, numOutputs, numHiddens }, path).numHiddens;
}
