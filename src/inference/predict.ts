import type { Inversion, ReadImage } from '../data/formats/imageFile';
import type { ImageInput } from '../data/formats/imageSource';
import { HandgradError } from '../errors';
import type { OpenedModel } from '../runs/modelConfig';
import { quoted } from '../words';
import { type ClassifiedSample, openClassifier } from './classifier';
import { rowsOf } from './predictRows';
import type { TableRow } from './rowsInMemory';
import { assertThreshold, type ThresholdOptions } from './threshold';
import type { UseOptions, UseSettings } from './useModel';

/**
 * The inputs to classify: images (files, folders, patterns or bytes), samples of the test set by index, a table,
 * or rows in memory.
 */
export type PredictInputs =
  | { readonly images: Iterable<ImageInput> | AsyncIterable<ImageInput>; readonly invert?: Inversion }
  | { readonly index: readonly number[] }
  | { readonly table: string }
  | { readonly rows: readonly TableRow[] };

/** A class and its predicted probability. */
export interface RankedClass {
  readonly label: number;
  readonly name: string;
  readonly probability: number;
}

/** The prediction for one input, most probable class first. */
export interface Prediction {
  /** None for regression. */
  readonly top: readonly RankedClass[];
  /** For regression: the predicted numbers, by label column. */
  readonly values?: Readonly<Record<string, number>>;
  /** Of an image: its file, and how it was converted for the network. */
  readonly file?: string;
  readonly input?: Omit<ReadImage, 'pixels'>;
  /** Why a file could not be used; `top` is empty then. */
  readonly error?: HandgradError;
  /** Of a test sample: its index and its true class. */
  readonly index?: number;
  readonly label?: number;
  readonly name?: string;
  /** Of a test sample of a regression: the true numbers, by label column. */
  readonly labels?: Readonly<Record<string, number>>;
  /** Of a test sample of a table: the cells of its row, by column. */
  readonly cells?: ClassifiedSample['cells'];
}

/** The predictions for several inputs, in their order. */
export interface Predictions {
  readonly dataset: string | undefined;
  readonly backend: string;
  readonly predictions: readonly Prediction[];
}

/**
 * Classifies inputs. To classify repeatedly or as a stream, use `openClassifier`.
 * @param model a run folder, a `.safetensors` file, or what `openModel` gave
 * @param options.top how many classes are given; 3, or all when there are fewer
 * @param options.threshold see `ThresholdOptions`
 * @throws HandgradError 'model' when it is not valid; 'usage' for inputs that it cannot take; 'data', 'backend'
 */
export async function predict(
  model: string | OpenedModel,
  inputs: PredictInputs,
  settings: UseSettings = {},
  options: UseOptions & ThresholdOptions & { readonly top?: number } = {},
): Promise<Predictions> {
  const classifier = await openClassifier(model, settings, options);
  try {
    const predictions: Prediction[] = [];
    const best = (probabilities: readonly number[]) =>
      ranked(probabilities, classifier.classNames, options.top, options.threshold);
    const { targets } = classifier;
    const named = (values: readonly number[]) => Object.fromEntries(targets!.map(({ name }, i) => [name, values[i]!]));
    const of = (outputs: readonly number[]) => (targets ? { top: [], values: named(outputs) } : { top: best(outputs) });
    if ('images' in inputs) {
      for await (const one of classifier.images(inputs.images, inputs.invert)) {
        if ('error' in one) predictions.push({ file: one.file, error: one.error, top: [] });
        else {
          const { width, height, wasColored, wasTransparent, wasResized, wasInverted } = one.image;
          const input = { width, height, wasColored, wasTransparent, wasResized, wasInverted };
          predictions.push({ file: one.file, top: best(one.probabilities), input });
        }
      }
    } else if ('index' in inputs) {
      for (const { index, label, probabilities, values, labels, cells } of await classifier.samples(inputs.index)) {
        const name = classifier.classNames?.[label] ?? String(label);
        const found = values ? { index, labels: named(labels!) } : { index, label, name };
        predictions.push({ ...found, ...of(values ?? probabilities), ...(cells && { cells }) });
      }
    } else if ('table' in inputs) {
      for await (const batch of classifier.table(inputs.table)) {
        for (const row of rowsOf(batch)) predictions.push(of(row));
      }
    } else if ('rows' in inputs) {
      for (const outputs of await classifier.rows(inputs.rows)) predictions.push(of(outputs));
    } else {
      throw new HandgradError('usage', 'There is nothing to predict; give `images`, `index`, `table` or `rows`.');
    }
    return { dataset: classifier.datasetName, backend: classifier.backend.name, predictions };
  } finally {
    classifier.close();
  }
}

/**
 * The most probable classes. With a threshold, the class that it gives comes first.
 * @param probabilities [k]
 * @param classNames one for each class; their numbers when left out
 * @param top how many; 3, or all when there are fewer
 * @param threshold see `ThresholdOptions`
 * @throws HandgradError 'usage' when `top` or `threshold` is out of range
 */
export function ranked(
  probabilities: readonly number[],
  classNames?: readonly string[],
  top = Math.min(3, probabilities.length),
  threshold?: number,
): RankedClass[] {
  assertThreshold(threshold, probabilities.length);
  if (!(Number.isInteger(top) && top >= 1 && top <= probabilities.length)) {
    throw new HandgradError(
      'usage',
      `\`top\` must be a whole number from 1 to ${probabilities.length}, not ${quoted(top)}.`,
    );
  }
  const classes = probabilities
    .map((probability, label) => ({ label, name: classNames?.[label] ?? String(label), probability }))
    .sort((a, b) => b.probability - a.probability);
  if (threshold !== undefined) {
    const chosen = probabilities[1]! >= threshold ? 1 : 0;
    classes.sort((a, b) => Number(b.label === chosen) - Number(a.label === chosen));
  }
  return classes.slice(0, top);
}
