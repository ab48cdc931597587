import { createInterface } from 'node:readline';
import * as tf from '@tensorflow/tfjs-core';
import { backgroundOf } from '../../src/data/background';
import { type Inversion, type ReadImage, readImage } from '../../src/data/formats/imageFile';
import type { Samples } from '../../src/data/samples';
import { HandgradError } from '../../src/errors';
import { networkOf } from '../../src/model/parameters';
import { dataIterator } from '../../src/training/batches';
import { evaluationBatchSize, predictProbabilities as predict } from '../../src/training/evaluate';
import { openDataset } from './dataset';
import { startBackend } from './backend';
import { type ModelConfig, type OpenedModel, openModel } from '../../src/runs/modelConfig';
import { type Args, resolveArgs } from '../arguments/options';
import type { Io, Terminal } from '../terminal/terminal';

/** Images that are in memory at once. */
const CHUNK = 256;

/** A file and what became of it. */
export type PredictedFile =
  | { readonly file: string; readonly image: ReadImage; readonly probabilities: readonly number[] }
  | { readonly file: string; readonly error: HandgradError };

/** A network that takes image files. */
export interface ImageClassifier {
  readonly classNames: readonly string[];
  readonly imageShape: readonly [number, number];
  readonly datasetName: string;
  readonly backend: string;
  /** Predictions of a few files at a time, in their order; a file that cannot be used stops no other. */
  readonly classify: (files: AsyncIterable<string>) => AsyncGenerator<PredictedFile>;
  readonly close: () => void;
}

/**
 * Opens a model for image files. Its file says all that is needed; the data set is opened only for a model that does not.
 * @throws HandgradError 'usage' for a network that takes no images
 */
export async function openImageClassifier(args: Args, terminal: Terminal, io: Io): Promise<ImageClassifier> {
  const model = await openModel(args['MODEL'] as string);
  const { config: asked } = await resolveArgs(args, io.env);
  const known = await imagesOf(model, asked, terminal, io);
  const invert = (args['invert'] as Inversion | undefined) ?? 'auto';
  const backend = await startBackend(asked, terminal);
  const network = networkOf(model.parameters, model.config?.activation ?? 'relu');
  const [height, width] = known.imageShape;

  async function* flush(files: readonly string[]): AsyncGenerator<PredictedFile> {
    const read = await Promise.all(files.map((file) => readOne(file, { ...known, invert })));
    const images = read.flatMap((one) => ('image' in one ? [one.image] : []));
    const rows = images.length === 0 ? [] : await predict(iterate(images), network);
    let next = 0;
    for (const one of read) yield 'image' in one ? { ...one, probabilities: rows[next++]! } : one;
  }
  const iterate = (images: readonly ReadImage[]) => {
    const features = new Uint8Array(images.length * height * width);
    images.forEach(({ pixels }, i) => features.set(pixels, i * height * width));
    const samples: Samples = {
      ...{ features, scale: known.scale, labels: new Int32Array(images.length), count: images.length },
      numInputs: height * width,
    };
    return dataIterator(samples, evaluationBatchSize(network));
  };
  return {
    ...known,
    backend: backend.name,
    async *classify(files) {
      let chunk: string[] = [];
      for await (const file of files) {
        io.signal.throwIfAborted();
        if (chunk.push(file) < CHUNK) continue;
        yield* flush(chunk);
        chunk = [];
      }
      yield* flush(chunk);
    },
    close: () => tf.dispose(network),
  };
}

/** The paths of the command line; `-` stands for those on stdin, one in a line. */
export async function* filesOf(paths: readonly string[], { stdin }: Io): AsyncGenerator<string> {
  for (const path of paths) {
    if (path !== '-') yield path;
    else for await (const line of createInterface({ input: stdin! })) if (line.trim() !== '') yield line;
  }
}

async function readOne(
  file: string,
  how: Parameters<typeof readImage>[1],
): Promise<{ file: string; image: ReadImage } | { file: string; error: HandgradError }> {
  try {
    return { file, image: await readImage(file, how) };
  } catch (error) {
    if (error instanceof HandgradError) return { file, error };
    throw error;
  }
}

interface Images extends Pick<ModelConfig, 'datasetName' | 'scale' | 'background'> {
  readonly classNames: readonly string[];
  readonly imageShape: readonly [number, number];
}

async function imagesOf(
  { config, path, parameters }: OpenedModel,
  asked: Parameters<typeof openDataset>[0],
  terminal: Terminal,
  io: Io,
): Promise<Images> {
  if (config?.imageShape && config.background) return { ...config, imageShape: config.imageShape };
  const dataset = await openDataset(config ? { ...asked, dataset: config.dataset } : asked, terminal, io.signal);
  const { imageShape, numInputs, train, name, classNames } = dataset;
  if (!imageShape || numInputs !== parameters[0]!.shape[0]) {
    throw new HandgradError(
      'usage',
      `${path} is a network that takes no images of ${name}; give it others with --index.`,
    );
  }
  return { imageShape, classNames, datasetName: name, scale: train.scale, background: backgroundOf(dataset) };
}
