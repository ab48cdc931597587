import * as tf from '@tensorflow/tfjs-core';
import type { RunningBackend } from '../backends';
import type { Dataset } from '../data/samples';
import { networkOf } from '../model/parameters';
import type { Network } from '../nn/mlp';
import {
  type Config,
  environmentSettings,
  type KeyAffecting,
  keysAffecting,
  pick,
  resolveConfig,
  type Settings,
} from '../runs/config';
import type { OpenOptions } from '../runs/events';
import { checkModel, openModel, type OpenedModel } from '../runs/modelConfig';
import { checkDataset, openBackend, openDataset } from '../runs/open';

/** The settings of what uses a trained network: which data, and which backend. */
export type UseSettings = Pick<Settings, KeyAffecting<'fetching' | 'samples' | 'backend'>>;

/** How a trained network is used. */
export interface UseOptions extends OpenOptions {
  /** Accepts a run folder whose model is not the one that its manifest records. */
  readonly noVerify?: boolean;
  /** The data set, if it is in memory already. */
  readonly data?: Dataset;
  /** The backend, if it runs already. */
  readonly backend?: RunningBackend;
}

/** A trained network on a backend, with the data to use it on. */
export interface UsedModel {
  readonly model: OpenedModel;
  readonly dataset: Dataset;
  readonly backend: RunningBackend;
  readonly network: Network;
  readonly classNames: readonly string[];
  /** Frees the network's memory. */
  readonly close: () => void;
}

/**
 * Puts a trained network on a backend, and loads the data set that it was trained on, or the one asked for.
 * @param model a run folder, a `.safetensors` file, or what `openModel` gave
 * @throws HandgradError 'model' when it is not valid, or is a network for other data; 'usage', 'data', 'backend'
 */
export async function useModel(
  model: string | OpenedModel,
  settings: UseSettings = {},
  options: UseOptions = {},
): Promise<UsedModel> {
  const opened = await opening(model, options);
  const config = configFor(opened, settings, options);
  if (!options.data) await checkDataset(config);
  const dataset = options.data ?? (await openDataset(config, options));
  checkModel(opened, dataset);
  const backend = options.backend ?? (await openBackend(config, options));
  return {
    ...{ model: opened, dataset, backend, ...networkIn(opened) },
    classNames: opened.config?.classNames ?? dataset.classNames,
  };
}

/** Opens a model, unless it is open already. */
export async function opening(
  model: string | OpenedModel,
  { noVerify }: Pick<UseOptions, 'noVerify'>,
): Promise<OpenedModel> {
  return typeof model === 'object' ? model : openModel(model, { noVerify });
}

/** A model's network on the current backend. */
export function networkIn({ parameters, config }: OpenedModel): Pick<UsedModel, 'network' | 'close'> {
  const network = networkOf(parameters, config?.activation ?? 'relu');
  return { network, close: () => tf.dispose(network) };
}

/** The settings asked for; by default the data of the model and its split. */
export function configFor(
  { config: made }: OpenedModel,
  settings: UseSettings,
  { env = process.env }: OpenOptions,
): Config {
  const { config, given } = resolveConfig([environmentSettings(env), { values: settings, from: 'options' }]);
  // The seed drew the test rows of a CSV file, whichever that is.
  const samples = given.has('dataset') ? (['seed'] as const) : keysAffecting('samples');
  return { ...config, ...(made && pick(made, samples)), ...pick(config, [...given]) };
}
