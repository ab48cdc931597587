import * as tf from '@tensorflow/tfjs-core';
import { loadDataset, type LoadOptions } from '../../src/data/loadDataset';
import type { Dataset } from '../../src/data/samples';
import { saveModel } from '../../src/model/modelFile';
import { readParameters } from '../../src/model/parameters';
import { resolveConfig, type Settings } from '../../src/runs/config';
import { modelConfig } from '../../src/runs/modelConfig';
import { randomNetwork } from '../nn/randomNetwork';

/**
 * Saves a model of a table, or of images, with a random network: all that using one needs, without training.
 * @returns the data set that it would have been trained on
 */
export async function saveTableModel(
  path: string,
  table: string,
  options: LoadOptions = {},
  { seed = 1, std = 0.3, classNames }: { readonly seed?: number; readonly std?: number; classNames?: string[] } = {},
): Promise<Dataset> {
  const loaded = await loadDataset(table, options);
  const dataset = classNames ? { ...loaded, classNames } : loaded;
  const network = randomNetwork([dataset.numInputs, 5, dataset.numOutputs], seed, std);
  const parameters = await readParameters(network);
  tf.dispose(network);
  const { labelColumn, task, types } = options;
  const values: Settings = { dataset: table, hidden: [5], backend: 'cpu', labelColumn, task, types };
  const { config } = resolveConfig([{ values, from: 'options' }]);
  await saveModel(path, { parameters, config: modelConfig(config, dataset) });
  return dataset;
}
