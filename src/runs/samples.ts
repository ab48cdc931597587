import type { RunningBackend } from '../backends';
import type { DatasetKind } from '../data/loadDataset';
import { type Dataset, selectRows } from '../data/samples';
import { splitValidation } from '../data/split';
import { HandgradError } from '../errors';
import { createRandom } from '../random';
import { formatCount } from '../words';
import type { RunIdentity } from './checkpoint';
import type { Config, ConfigKey, Resolved } from './config';
import { checkModel, type OpenedModel } from './modelConfig';
import type { RunSamples } from './runParts';
import { augmentation } from './trainOptions';

/** What has to be the same for a run to be resumed with the same numbers. */
export function identityOf(dataset: Dataset, samples: RunSamples, backend: RunningBackend): RunIdentity {
  return {
    backend: backend.name,
    device: backend.device,
    datasetDigest: dataset.digest,
    trainSamples: samples.train.count,
  };
}

/** The rows of a CSV file that become the test set when nothing else is asked for. */
const CSV_TEST_FRACTION = 0.2;

/** The first `limit` training samples, and of those the part held back for validation. */
export function chooseSamples({ train }: Dataset, { limit, valFraction, seed }: Config): RunSamples {
  if (limit !== undefined && limit > train.count) throw tooLarge('limit', limit, train.count);
  const first =
    limit === undefined
      ? train
      : selectRows(
          train,
          Int32Array.from({ length: limit }, (_, i) => i),
        );
  if (valFraction === 0) return { train: first, validation: undefined };
  return splitValidation(first, valFraction, createRandom(seed, 'split'));
}

/**
 * What the data and the starting weights decide about a config: what nobody asked for is made to fit,
 * and what was asked for and does not fit is refused. The result starts the same run again.
 * @param start the weights to start from, if any
 * @param notice takes one sentence about what was made to fit
 * @throws HandgradError 'usage', or 'model' when the weights are those of another network
 */
export function fitConfig(
  { config, given }: Resolved,
  kind: DatasetKind,
  dataset: Dataset,
  samples: RunSamples,
  start: OpenedModel | undefined,
  notice: (message: string) => void,
): Config {
  const fitted: { -readonly [Key in keyof Config]: Config[Key] } = { ...config };
  if (kind === 'file') fitted.testFraction ??= CSV_TEST_FRACTION;
  if (start) {
    fitted.hidden = checkModel(start, dataset, given.has('hidden') ? config.hidden : undefined);
    if (start.config && !given.has('activation')) fitted.activation = start.config.activation;
  }
  const { count } = samples.train;
  if (config.batchSize > count) {
    if (given.has('batchSize')) throw tooLarge('batchSize', config.batchSize, count);
    fitted.batchSize = count;
    notice(`The batch size is ${formatCount(count)}, all the training samples there are.`);
  }
  // Before the run folder is made: it refuses what does not fit the images.
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
    `\`${key}\` must be a whole number from 1 to ${count}, the training samples there are, not ${value}.`,
  );
}
