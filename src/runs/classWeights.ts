import type { Samples } from '../data/samples';
import { HandgradError } from '../errors';
import { didYouMean, quoted } from '../words';

/** The rule for its text, in messages. */
export const CLASS_WEIGHTS_RULE = 'balanced, or a weight of at least 0 for each class, as in cat=2,dog=0.5';

/** `name=weight`, up to the next comma: names may contain commas and equals signs themselves. */
const ENTRY = /(.+?)=\s*(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+)\s*(?:,\s*|$)/gy;

/** Whether a text is valid. */
export const isClassWeights = (text: string) => text === 'balanced' || entriesOf(text) !== undefined;

function entriesOf(text: string): readonly (readonly [name: string, weight: number])[] | undefined {
  const found = [...text.matchAll(ENTRY)];
  const read = found.reduce((length, [entry]) => length + entry.length, 0);
  const entries = found.map(([, name, weight]) => [name!.trim(), Number(weight)] as const);
  const unique = new Set(entries.map(([name]) => name)).size === entries.length;
  return read === text.length && unique && entries.every(([, weight]) => Number.isFinite(weight)) ? entries : undefined;
}

/**
 * The weights of the training samples in the loss: those that they have, times those of their classes, with mean 1
 * over all of them, so that the losses of weighted and unweighted runs are of one size.
 *
 * Balanced weights are n / (k · n_c), as in scikit-learn, with n_c of the n samples in class c, and k classes that
 * occur: every class then counts the same.
 * @param classWeights the setting, if given
 * @returns the samples unchanged when nothing is weighted
 * @throws HandgradError 'usage' for a class that does not exist; 'data' when all weights are 0
 */
export function weighSamples(
  samples: Samples,
  classNames: readonly string[],
  classWeights: string | undefined,
): Samples {
  const { labels, count, weights: given } = samples;
  if (!given && classWeights === undefined) return samples;
  const ofClass = classWeights === undefined ? undefined : weightsOfClasses(classWeights, labels, classNames);
  const weights = Float64Array.from(labels, (label, i) => (given?.[i] ?? 1) * (ofClass?.[label] ?? 1));
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / count;
  if (!(mean > 0 && Number.isFinite(mean))) {
    throw new HandgradError('data', 'The weights of the training samples are all 0; nothing would be learned.');
  }
  return { ...samples, weights: Float32Array.from(weights, (weight) => weight / mean) };
}

function weightsOfClasses(text: string, labels: Int32Array, classNames: readonly string[]): readonly number[] {
  if (text === 'balanced') {
    const counts = classNames.map(() => 0);
    for (const label of labels) counts[label]!++;
    const k = counts.filter(Boolean).length;
    return counts.map((ofClass) => (ofClass === 0 ? 0 : labels.length / (k * ofClass)));
  }
  const weights = classNames.map(() => 1);
  for (const [name, weight] of entriesOf(text)!) {
    const label = classNames.indexOf(name);
    if (label === -1) {
      throw new HandgradError(
        'usage',
        `There is no class ${quoted(name)} for \`classWeights\`${didYouMean(name, classNames)}`,
      );
    }
    weights[label] = weight;
  }
  return weights;
}
