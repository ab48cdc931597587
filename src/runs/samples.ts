import type { RunningBackend } from '../backends';
import { type Dataset, selectRows } from '../data/samples';
import { splitValidation } from '../data/split';
import { countCodes } from '../data/tables/columnTypes';
import { HandgradError } from '../errors';
import { createRandom } from '../random';
import { formatCount, plural, quoted } from '../words';
import type { RunIdentity } from './checkpoint';
import { type Config, type ConfigKey, lastEpoch, type Resolved } from './config';
import { weighSamples } from './classWeights';
import { checkModel, type OpenedModel } from './modelConfig';
import type { RunSamples } from './runParts';
import { lossFor, taskOf } from './task';
import { augmentation } from './trainOptions';

/** A run of fewer steps than this has seldom learned what it could. */
const FEW_STEPS = 50;

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
 * @param notice called with a sentence about what was adjusted, or looks like a mistake
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
  const steps = Math.ceil(count / fitted.batchSize) * lastEpoch(fitted);
  if (steps < FEW_STEPS && !start) {
    notice(`The run has only ${plural(steps, 'step')}; more \`epochs\`, or a smaller \`batchSize\`, may learn more.`);
  }
  noticeAbsentClasses(dataset, samples, notice);
  return fitted;
}

/** Says which classes a part lacks: no split can give every part a sample of a class that has fewer samples. */
function noticeAbsentClasses({ classNames, test }: Dataset, samples: RunSamples, notice: (message: string) => void) {
  const parts = { training: samples.train, validation: samples.validation, test };
  const counts = Object.values(parts).map((part) => part && countCodes(part.labels, classNames.length));
  const isLone = (label: number) =>
    counts[0]![label] === 1 && counts.every((part, i) => i === 0 || !part || part[label] === 0);
  for (const [part, found] of Object.entries(parts)) {
    const present = new Set(found?.labels);
    const absent = [...classNames.keys()].filter((label) => !present.has(label));
    if (!found || absent.length === 0) continue;
    const first = absent.slice(0, 5).map((label) => quoted(classNames[label]));
    const names = first.join(', ') + (absent.length > 5 ? ', …' : '');
    const [only, its] = absent.length === 1 ? ['class', 'its'] : [`${absent.length} classes:`, 'their'];
    const why = absent.every(isLone) ? `: ${its} only sample is for training` : '';
    notice(`There is no ${part} sample of ${only} ${names}${why}.`);
  }
}

function tooLarge(key: ConfigKey, value: number, count: number): HandgradError {
  return new HandgradError(
    'usage',
    `\`${key}\` must be a whole number from 1 to ${count}, the number of training samples, not ${value}.`,
  );
}
