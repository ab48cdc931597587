import type { RunningBackend } from '../backends';
import { type Dataset, selectRows } from '../data/samples';
import { splitValidation } from '../data/split';
import { HandgradError } from '../errors';
import { createRandom } from '../random';
import { formatCount } from '../words';
import type { RunIdentity } from './checkpoint';
import type { Config, ConfigKey, Resolved } from './config';
import { weighSamples } from './classWeights';
import { checkModel, type OpenedModel } from './modelConfig';
import type { RunSamples } from './runParts';
import { lossFor, taskOf } from './task';
import { augmentation } from './trainOptions';

/** What must be the same for a resumed run to give the same results. */
export function identityOf(dataset: Dataset, samples: RunSamples, backend: RunningBackend): RunIdentity {
  return {
    backend: backend.name,
    device: backend.device,
    datasetDigest: dataset.digest,
    trainSamples: samples.train.count,
  };
}

/**
 * Takes the first `limit` training samples, splits off the validation samples, and weighs the others. (The figures of
 * validation and test are of the samples as they are, whatever the weights: those of two runs can be compared.)
 */
export function chooseSamples({ train, classNames, validation, preparation }: Dataset, config: Config): RunSamples {
  const { limit, valFraction, seed, classWeights } = config;
  // A table comes with its parts.
  if (preparation) return { train: weighSamples(train, classNames, classWeights), validation };
  if (limit !== undefined && limit > train.count) throw tooLarge('limit', limit, train.count);
  const first =
    limit === undefined
      ? train
      : selectRows(
          train,
          Int32Array.from({ length: limit }, (_, i) => i),
        );
  const parts =
    valFraction === 0
      ? { train: first, validation: undefined }
      : splitValidation(first, valFraction, createRandom(seed, 'split'));
  return { ...parts, train: weighSamples(parts.train, classNames, classWeights) };
}

/**
 * Adapts a config to the data and the initial weights: default values are adjusted, and explicit ones that do not fit
 * are refused. The result repeats the same run.
 * @param start the initial weights of `initFrom`, if any
 * @param notice called with a sentence about what was adjusted
 * @throws HandgradError 'usage', or 'model' when the weights belong to another network
 */
export function fitConfig(
  { config, given }: Resolved,
  dataset: Dataset,
  samples: RunSamples,
  start: OpenedModel | undefined,
  notice: (message: string) => void,
): Config {
  const fitted: { -readonly [Key in keyof Config]: Config[Key] } = { ...config };
  if (taskOf(dataset) === 'regression') fitted.loss = lossFor(config, dataset);
  if (start) {
    fitted.hidden = checkModel(start, dataset, given.has('hidden') ? config.hidden : undefined);
    if (start.config && !given.has('activation')) fitted.activation = start.config.activation;
  }
  const { count } = samples.train;
  if (config.batchSize > count) {
    if (given.has('batchSize')) throw tooLarge('batchSize', config.batchSize, count);
    fitted.batchSize = count;
    notice(`The batch size is reduced to ${formatCount(count)}, the number of training samples.`);
  }
  // Called for its checks, before the run folder is created.
  augmentation(dataset, fitted);
  if (fitted.batchNorm && (count % fitted.batchSize === 1 || fitted.batchSize === 1)) {
    throw new HandgradError(
      'usage',
      `\`batchNorm\` needs at least 2 samples in a batch, and \`batchSize\` ${fitted.batchSize} leaves 1 of ` +
        `${formatCount(count)} for the last; choose another.`,
    );
  }
  return fitted;
}

function tooLarge(key: ConfigKey, value: number, count: number): HandgradError {
  return new HandgradError(
    'usage',
    `\`${key}\` must be a whole number from 1 to ${count}, the number of training samples, not ${value}.`,
  );
}
