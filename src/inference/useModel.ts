import * as tf from '@tensorflow/tfjs-core';
import type { RunningBackend } from '../backends';
import type { Dataset } from '../data/samples';
import { HandgradError } from '../errors';
import { networkOf } from '../model/parameters';
import type { Network } from '../nn/mlp';
import {
  type Config,
  environmentSettings,
  type KeyAffecting,
  RECORDED_KEYS,
  pick,
  resolveConfig,
  type Settings,
} from '../runs/config';
import type { OpenOptions } from '../runs/events';
import { SETTINGS } from '../runs/settings';
import { checkModel, openModel, type OpenedModel } from '../runs/modelConfig';
import { checkDataset, openBackend, openDataset } from '../runs/open';
import { quoted } from '../words';
import { imagesOfTable } from './pixelTable';
import { tableToUse, type UnknownOptions } from './tableToUse';

/** The settings of what uses a trained network: which data, and which backend. */
export type UseSettings = Pick<Settings, KeyAffecting<'fetching' | 'samples' | 'backend'>>;

/** How a trained network is used. */
export interface UseOptions extends OpenOptions, UnknownOptions {
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
  const dataset = options.data ?? (await dataToUse(opened, config, settings, options));
  checkModel(opened, dataset);
  const backend = options.backend ?? (await openBackend(config, options));
  return {
    ...{ model: opened, dataset, backend, ...networkIn(opened) },
    classNames: opened.config?.classNames ?? dataset.classNames,
  };
}

/** The data set to use a model on. */
export async function dataToUse(
  opened: OpenedModel,
  config: Config,
  { dataset }: UseSettings,
  options: UseOptions,
): Promise<Dataset> {
  const kind = await checkDataset(config);
  const { config: made } = opened;
  if (!made?.preparation) {
    const images = kind === 'table' && made?.imageShape ? { ...made, imageShape: made.imageShape } : undefined;
    if (images) return imagesOfTable(images, config.dataset, config, options);
    return openDataset(config, kind, options);
  }
  if (kind !== 'table') {
    throw new HandgradError(
      'model',
      `${opened.path} was trained on a table, and ${quoted(config.dataset)} is not one; name a table with \`dataset\`.`,
    );
  }
  const model = { ...opened, config: { ...made, preparation: made.preparation } };
  return tableToUse(model, config, dataset !== undefined, options);
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

/** The settings of the data that a model file records. */
const DATA_KEYS = RECORDED_KEYS.filter((key) => ['samples', 'preparation'].includes(SETTINGS[key].affects));

/** The settings asked for; by default the data of the model and its split. */
export function configFor(
  { config: made }: OpenedModel,
  settings: UseSettings,
  { env = process.env }: OpenOptions,
): Config {
  const { config, given } = resolveConfig([environmentSettings(env), { values: settings, from: 'options' }]);
  const recorded = given.has('dataset') ? {} : made && pick(made, DATA_KEYS);
  return { ...config, ...recorded, ...pick(config, [...given]) };
}
