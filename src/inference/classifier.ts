import * as tf from '@tensorflow/tfjs-core';
import type { RunningBackend } from '../backends';
import { type Background, backgroundOf } from '../data/background';
import { type Inversion, INVERSIONS, type ReadImage, readImage } from '../data/formats/imageFile';
import { type FoundImage, type ImageInput, type ImageSource, imageSources } from '../data/formats/imageSource';
import { type Dataset, type PreparedColumn, type Samples, selectRows, type Target } from '../data/samples';
import { cellsOf, type Table } from '../data/tables/table';
import { HandgradError } from '../errors';
import { mlp, type Network } from '../nn/mlp';
import { sampleImage } from '../pictures/sampleImage';
import type { Config } from '../runs/config';
import { checkModel, type OpenedModel } from '../runs/modelConfig';
import { openBackend } from '../runs/open';
import { dataIterator } from '../training/batches';
import { evaluationBatchSize, predictProbabilities } from '../training/evaluate';
import { createTurn } from '../training/turn';
import { quoted } from '../words';
import { readPixels } from './pixelTable';
import { inUnits, predictPixels, type PredictedRows, predictRows, rowsOf, unseenNotices } from './predictRows';
import { type Cell, type TableRow, tableOfRows } from './rowsInMemory';
import { readRows, type TableModelConfig } from './tableToUse';
import { configFor, dataToUse, networkIn, opening, type UseOptions, type UseSettings } from './useModel';

/** Images in memory at a time. */
const CHUNK = 256;

/** A test sample and its prediction. */
export interface ClassifiedSample {
  /** Its index in the test set. */
  readonly index: number;
  /** Its true class; 0 for regression. */
  readonly label: number;
  /** [k]; none for regression. */
  readonly probabilities: readonly number[];
  /** For regression: the predicted and the true values, in the units of the labels. */
  readonly values?: readonly number[];
  readonly labels?: readonly number[];
  /** Of a table: the cells of its row, by column. */
  readonly cells?: Readonly<Record<string, number | string | null>>;
  /** [height x width] gray, from 0 to 255, if the samples are images. */
  readonly pixels?: Uint8Array;
}

/** An image file and its predicted probabilities, or why it cannot be used. */
export type ClassifiedImage =
  | { readonly file: string; readonly image: ReadImage; readonly probabilities: readonly number[] }
  | { readonly file: string; readonly error: HandgradError };

/** A trained network, ready to classify, or for regression to predict numbers. */
export interface Classifier {
  readonly backend: RunningBackend;
  /** The name of the data set it was trained on; undefined if the model file does not record it. */
  readonly datasetName: string | undefined;
  /** One for each class; undefined if the model file does not record them. */
  readonly classNames: readonly string[] | undefined;
  /** For regression: the numbers that it predicts. */
  readonly targets: readonly Target[] | undefined;
  /** The columns that it takes, if it was trained on a table. */
  readonly inputs: readonly PreparedColumn[] | undefined;
  /** [height, width] of the images it takes, if it takes images. */
  readonly imageShape: readonly [number, number] | undefined;
  /**
   * Classifies samples of the test set, which is loaded the first time.
   * @param indices from 0
   * @throws HandgradError 'usage' for an index out of range; 'data', 'model'
   */
  samples(indices: readonly number[]): Promise<ClassifiedSample[]>;
  /**
   * Classifies images, a few at a time, in their order: PNG and JPEG files, those of folders and patterns, or bytes.
   * What cannot be used does not stop the others.
   * @param invert turn dark on light into light on dark or back; `auto` matches the data set
   * @throws HandgradError 'usage' for a network that takes no images
   */
  images(
    inputs: Iterable<ImageInput> | AsyncIterable<ImageInput>,
    invert?: Inversion,
  ): AsyncGenerator<ClassifiedImage, void, void>;
  /**
   * Predicts the rows of a table, some at a time: with or without labels, its columns in any order. Categories that
   * are rare or unseen in training are reported as notices at the end. Of a network of images, the rows are
   * images, one pixel from 0 to 255 a column.
   * @param spec a file, a pattern such as `part-*.csv`, or `-` for `stdin`
   * @throws HandgradError 'usage' for a network that takes no tables; 'data' for a table that cannot be read, or a
   *   column that is missing or of another type; the signal's reason when it is aborted
   */
  table(spec: string): AsyncGenerator<PredictedRows, void, void>;
  /**
   * Classifies rows: of a model of a table, their cells as a file would have them, in the order of `inputs` or by
   * column; else features as the data set stores them (pixels from 0 to 255).
   * @returns for each row an array of probabilities [k], or for regression of values in the units of the labels
   * @throws HandgradError 'usage' for a row of another length or with non-finite values; 'data' for a cell of another
   *   type
   */
  rows(rows: readonly TableRow[]): Promise<number[][]>;
  /** Frees the network's memory. */
  close(): void;
}

/**
 * Puts a trained network on a backend. The data set is loaded only to classify its samples,
 * and for images if the model file does not describe them.
 * @param model a run folder, a `.safetensors` file, or what `openModel` gave
 * @throws HandgradError 'model' when it is not valid; 'usage', 'backend'
 */
export async function openClassifier(
  model: string | OpenedModel,
  settings: UseSettings = {},
  options: UseOptions = {},
): Promise<Classifier> {
  const opened = await opening(model, options);
  const config = configFor(opened, settings, options);
  const backend = options.backend ?? (await openBackend(config, options));
  const { network, close } = networkIn(opened);
  const { config: made } = opened;
  let loading: Promise<Dataset> | undefined;
  const dataset = () => (loading ??= loadFor(opened, config, settings, options));
  let known: { name: string; classNames: readonly string[]; imageShape?: readonly [number, number] } | undefined =
    options.data;
  const classify = (samples: Samples) =>
    predictProbabilities(dataIterator(samples, evaluationBatchSize(network)), network);
  const tableModel = made?.preparation && { ...made, preparation: made.preparation };
  const targets = made?.preparation?.targets;
  const predicted = ({ preparation }: TableModelConfig, table: Table) =>
    predictRows(preparation, network, table, createTurn(options.signal));
  return {
    backend,
    get datasetName() {
      return made?.datasetName ?? known?.name;
    },
    get classNames() {
      return made?.classNames ?? known?.classNames;
    },
    targets,
    inputs: tableModel?.preparation.inputs,
    get imageShape() {
      return made?.imageShape ?? known?.imageShape;
    },
    async samples(indices) {
      const { test, imageShape, testRows } = (known = await dataset());
      for (const index of indices) assertIndex(index, test.count);
      const chosen = selectRows(test, indices);
      const rows = targets ? await outputsOf(chosen, network) : await classify(chosen);
      return rows.map((found, i): ClassifiedSample => {
        const index = indices[i]!;
        const pixels = imageShape && sampleImage(test, index, imageShape).pixels;
        const labels = targets && chosen.targets!.subarray(i * targets.length, (i + 1) * targets.length);
        return {
          ...{ index, label: test.labels[index]!, probabilities: targets ? [] : found },
          ...(targets && { values: inUnits(found, targets), labels: inUnits([...labels!], targets) }),
          ...(testRows && { cells: cellsOf(testRows.table, testRows.rows[index]!) }),
          ...(pixels && { pixels }),
        };
      });
    },
    async *images(inputs, invert = 'auto') {
      assertInversion(invert);
      const images = made?.imageShape && made.background ? { ...made, imageShape: made.imageShape } : undefined;
      if (tableModel && !made?.imageShape) throw takesNoImages(opened.path);
      const looks = images ?? imagesOf((known = await dataset()), opened.path);
      const { imageShape } = looks;
      let chunk: FoundImage[] = [];
      for await (const one of imageSources(inputs, { imageShape, stdin: options.stdin })) {
        options.signal?.throwIfAborted();
        if (chunk.push(one) < CHUNK) continue;
        yield* classified(chunk, { ...looks, invert }, classify);
        chunk = [];
      }
      yield* classified(chunk, { ...looks, invert }, classify);
    },
    async *table(spec) {
      if (!tableModel) {
        if (!made?.imageShape) throw takesNoTable(opened.path);
        const images = await readPixels({ ...made, imageShape: made.imageShape }, spec, config, options);
        return yield* predictPixels(images.pixels, images.table.count, network, createTurn(options.signal));
      }
      const table = await readRows(tableModel, spec, options);
      const unseen = yield* predicted(tableModel, table);
      for (const message of unseenNotices(unseen, table.path)) options.onEvent?.({ type: 'notice', message });
    },
    async rows(rows) {
      if (!tableModel) return classify(samplesOf(rows, network, made?.scale ?? 1));
      const all: number[][] = [];
      for await (const batch of predicted(tableModel, tableOfRows(tableModel.preparation, rows))) {
        for (const row of rowsOf(batch)) all.push(row);
      }
      return all;
    },
    close,
  };
}

async function loadFor(
  model: OpenedModel,
  config: Config,
  settings: UseSettings,
  options: UseOptions,
): Promise<Dataset> {
  const dataset = options.data ?? (await dataToUse(model, config, settings, options));
  checkModel(model, dataset);
  return dataset;
}

/** The form of a data set's images. */
interface Looks {
  readonly imageShape: readonly [number, number];
  readonly scale: number;
  readonly background?: Background;
}

function imagesOf(dataset: Dataset, path: string): Looks {
  const { imageShape, train, name } = dataset;
  if (imageShape) return { imageShape, scale: train.scale, background: backgroundOf(dataset) };
  throw new HandgradError(
    'usage',
    `${path} was not trained on images: ${name} has none; pick samples of the test set by \`index\`.`,
  );
}

async function* classified(
  found: readonly FoundImage[],
  { scale, ...how }: Looks & { readonly invert: Inversion },
  classify: (samples: Samples) => Promise<number[][]>,
): AsyncGenerator<ClassifiedImage, void, void> {
  const read = await Promise.all(found.map(async (one) => ('error' in one ? one : readOne(one, how))));
  const images = read.flatMap((one) => ('image' in one ? [one.image] : []));
  const numInputs = how.imageShape[0] * how.imageShape[1];
  const features = new Uint8Array(images.length * numInputs);
  images.forEach(({ pixels }, i) => features.set(pixels, i * numInputs));
  const count = images.length;
  const rows = count === 0 ? [] : await classify({ features, scale, labels: new Int32Array(count), count, numInputs });
  let next = 0;
  for (const one of read) yield 'image' in one ? { ...one, probabilities: rows[next++]! } : one;
}

async function readOne(
  source: ImageSource,
  how: Parameters<typeof readImage>[1],
): Promise<{ file: string; image: ReadImage } | { file: string; error: HandgradError }> {
  const { file } = source;
  try {
    return { file, image: await readImage(source, how) };
  } catch (error) {
    if (error instanceof HandgradError) return { file, error };
    throw error;
  }
}

function takesNoImages(path: string): HandgradError {
  return new HandgradError('usage', `${path} was trained on a table, not on images; give it \`table\` or \`rows\`.`);
}

function takesNoTable(path: string): HandgradError {
  return new HandgradError('usage', `${path} was not trained on a table, so it cannot tell columns; give it \`rows\`.`);
}

/** The outputs of a network that predicts numbers, standardized. */
async function outputsOf({ features, count, numInputs }: Samples, network: Network): Promise<number[][]> {
  const O = tf.tidy(() => mlp(tf.tensor2d(features, [count, numInputs]), network));
  try {
    return await O.array();
  } finally {
    O.dispose();
  }
}

function samplesOf(rows: readonly TableRow[], { layers }: Network, scale: number): Samples {
  const numInputs = layers[0]!.W.shape[0];
  const features = new Float32Array(rows.length * numInputs);
  rows.forEach((row, i) => {
    const cells = Array.from(row as ArrayLike<Cell>);
    if (cells.length !== numInputs || !cells.every((cell): cell is number => Number.isFinite(cell))) {
      throw new HandgradError(
        'usage',
        `Row ${i} must be ${numInputs} finite numbers, one for each input of the network; it has ${cells.length}.`,
      );
    }
    features.set(cells, i * numInputs);
  });
  return { features, scale, labels: new Int32Array(rows.length), count: rows.length, numInputs };
}

function assertIndex(index: number, count: number): void {
  if (Number.isInteger(index) && index >= 0 && index < count) return;
  throw new HandgradError('usage', `\`index\` must be a whole number from 0 to ${count - 1}, not ${quoted(index)}.`);
}

function assertInversion(invert: Inversion): void {
  if (INVERSIONS.includes(invert)) return;
  throw new HandgradError('usage', `\`invert\` must be one of ${INVERSIONS.join(', ')}, not ${quoted(invert)}.`);
}
