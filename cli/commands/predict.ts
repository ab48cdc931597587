import * as tf from '@tensorflow/tfjs-core';
import { INVERSIONS, type Inversion, type ReadImage } from '../../src/data/formats/imageFile';
import { selectRows } from '../../src/data/samples';
import { HandgradError } from '../../src/errors';
import { sampleImage } from '../../src/pictures/sampleImage';
import { dataIterator } from '../../src/training/batches';
import { evaluationBatchSize, predictProbabilities as predict } from '../../src/training/evaluate';
import { type Args, settingOptions } from '../arguments/options';
import { filesOf, openImageClassifier } from '../open/images';
import { formatShare, plural, quoted } from '../../src/words';
import { barLines, pictureLines } from '../screens/picture';
import { createTerminal, type Io, type Terminal } from '../terminal/terminal';
import { MODEL_SETTINGS, useModel } from '../open/model';
import { type Command, OUTPUT_OPTIONS } from '../arguments/command';

/** Pictures are shown of so many images; of more, a line each is easier to read. */
const MOST_PICTURES = 10;

export const command: Command = {
  options: {
    ...settingOptions(MODEL_SETTINGS),
    index: {
      array: true,
      describe: 'the samples of the test set, from 0',
    },
    invert: {
      requiresArg: true,
      nargs: 1,
      describe: `turn dark on light into light on dark or back: ${INVERSIONS.join('|')}; auto turns to what the data set has`,
      defaultDescription: 'auto',
    },
    top: { requiresArg: true, nargs: 1, describe: 'how many classes to show', defaultDescription: '3' },
    ...OUTPUT_OPTIONS,
  },
  positionals: {
    MODEL: 'a run folder or a .safetensors file',
    IMAGE: 'PNG or JPEG files; - reads their paths from stdin, one in a line',
  },
  examples: [
    ['predict runs/<run> shoe.jpg shirt.png', 'images of your own'],
    ['predict runs/<run> --index 0 1 2 --top 3', 'three samples of the test set'],
    ["find . -name '*.png' | handgrad predict runs/<run> - --json", 'all images below a folder'],
  ],
  run: runPrediction,
};

/** What is shown of one image. */
interface Shown {
  /** The file, or the number of the sample. */
  readonly name: string;
  readonly probabilities: readonly number[];
  /** What stands behind the classes: the truth, or what was done to the file. */
  readonly note: string;
  readonly picture?: { readonly pixels: ArrayLike<number>; readonly imageShape: readonly [number, number] };
}

async function runPrediction(args: Args, io: Io): Promise<void> {
  const terminal = createTerminal(io, { quiet: args['quiet'] === true });
  const images = (args['IMAGE'] as string[] | undefined) ?? [];
  const invert = args['invert'] as string | undefined;
  if (invert !== undefined && !INVERSIONS.includes(invert as Inversion)) {
    throw new HandgradError('usage', `--invert must be one of ${INVERSIONS.join(', ')}, not ${quoted(invert)}.`);
  }
  if (images.length > 0 && args['index'] !== undefined) {
    throw new HandgradError('usage', 'predict takes images or --index, not both; leave one of them out.');
  }
  if (images.length > 0) return predictImages(images, args, terminal, io);
  if (args['index'] === undefined) {
    throw new HandgradError(
      'usage',
      'predict needs image files, or --index N, the samples of the test set to classify.',
    );
  }
  return predictSamples(args, terminal, io);
}

async function predictSamples(args: Args, terminal: Terminal, io: Io): Promise<void> {
  const { dataset, backend, network, classNames } = await useModel(args, terminal, io);
  try {
    const { test, imageShape } = dataset;
    const indices = (args['index'] as string[]).map((text) => wholeNumber('--index', text, 0, test.count - 1));
    if (indices.length === 0) throw new HandgradError('usage', 'The flag --index needs the number of a test sample.');
    const best = rankedBy(classNames, args);
    const rows = await predict(dataIterator(selectRows(test, indices), evaluationBatchSize(network)), network);
    if (args['json'] === true) {
      const predictions = rows.map((probabilities, i) => {
        const label = test.labels[indices[i]!]!;
        return { index: indices[i]!, label, name: classNames[label]!, top: best(probabilities) };
      });
      return terminal.json({ dataset: dataset.name, backend: backend.name, predictions });
    }
    rows.forEach((probabilities, i) => {
      const index = indices[i]!;
      const note = `truth: ${classNames[test.labels[index]!]!}`;
      const pixels = imageShape && sampleImage(test, index, imageShape).pixels;
      const picture = indices.length <= MOST_PICTURES && pixels && imageShape ? { pixels, imageShape } : undefined;
      show({ name: `${index}`, probabilities, note, picture }, best, terminal, args);
    });
  } finally {
    tf.dispose(network);
  }
}

async function predictImages(paths: readonly string[], args: Args, terminal: Terminal, io: Io): Promise<void> {
  const classifier = await openImageClassifier(args, terminal, io);
  const { classNames, imageShape, datasetName, backend } = classifier;
  const predictions: object[] = [];
  let failed = 0;
  let shown = 0;
  try {
    const best = rankedBy(classNames, args);
    for await (const one of classifier.classify(filesOf(paths, io))) {
      if ('error' in one) {
        failed++;
        terminal.error(one.error.message);
        predictions.push({ file: one.file, error: one.error.message });
        continue;
      }
      const { file, image, probabilities } = one;
      if (args['json'] === true) {
        predictions.push({ file, top: best(probabilities), input: { ...image, pixels: undefined } });
        continue;
      }
      const picture = ++shown <= MOST_PICTURES ? { pixels: image.pixels, imageShape } : undefined;
      show({ name: file, probabilities, note: treatment(image, imageShape), picture }, best, terminal, args);
    }
  } finally {
    classifier.close();
  }
  if (args['json'] === true) terminal.json({ dataset: datasetName, backend, predictions });
  if (failed > 0) {
    throw new HandgradError('data', `${plural(failed, 'image')} could not be used; the lines above say why.`);
  }
}

type Best = (probabilities: readonly number[]) => { label: number; name: string; probability: number }[];

/** Finds the classes with the highest probabilities, as many as --top says. */
function rankedBy(classNames: readonly string[], args: Args): Best {
  const standard = String(Math.min(3, classNames.length));
  const top = wholeNumber('--top', (args['top'] as string | undefined) ?? standard, 1, classNames.length);
  return (probabilities) =>
    probabilities
      .map((probability, label) => ({ label, name: classNames[label]!, probability }))
      .sort((a, b) => b.probability - a.probability)
      .slice(0, top);
}

function show({ name, probabilities, note, picture }: Shown, best: Best, terminal: Terminal, args: Args): void {
  const top = best(probabilities);
  const classes = top.map(({ name, probability }) => `${name} ${formatShare(probability)}`).join(', ');
  terminal.result(`${name}: ${classes} (${note})`);
  if (!picture || args['quiet'] === true) return;
  const colors = terminal.out;
  const lines = pictureLines(picture.pixels, picture.imageShape, colors);
  const bars = barLines(top, colors);
  const first = Math.max(0, Math.floor((lines.length - bars.length) / 2));
  lines.forEach((line, i) => terminal.result(`${line}  ${bars[i - first] ?? ''}`.trimEnd()));
  bars.slice(lines.length).forEach((bar) => terminal.result(bar));
}

/** What was done to a file so that the network could take it. */
function treatment(image: ReadImage, [rows, columns]: readonly [number, number]): string {
  const done = [
    ...(image.wasTransparent ? ['put on white'] : []),
    ...(image.wasColored ? ['made gray'] : []),
    ...(image.wasResized ? [`resized to ${columns}x${rows}`] : []),
    ...(image.wasInverted ? ['inverted'] : []),
  ];
  return `${image.width}x${image.height}${done.length > 0 ? `, ${done.join(', ')}` : ', as it is'}`;
}

function wholeNumber(flag: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new HandgradError('usage', `${flag} must be a whole number from ${min} to ${max}, not ${quoted(text)}.`);
}
