import type { Inversion, ReadImage } from '../../src/data/formats/imageFile';
import { HandgradError } from '../../src/errors';
import type { Target } from '../../src/data/samples';
import type { ClassifiedImage, ClassifiedSample, Classifier } from '../../src/inference/classifier';
import type { RankedClass } from '../../src/inference/predict';
import { choice, wholeNumber } from '../../src/kinds';
import { formatShare, formatUnits, plural, visibleName } from '../../src/words';
import { defineCommand, MODEL, MODEL_SETTINGS, NO_VERIFY, OUTPUT } from '../arguments/command';
import { flag, PATH, restArguments, severalFlag, toggle } from '../arguments/flags';
import { THRESHOLD } from '../arguments/threshold';
import { SIGNALS } from '../exitCodes';
import { library } from '../library';
import { withOpenScreen } from '../screens/open';
import { barLines, besideEachOther, pictureLines } from '../screens/picture';
import { csvHeader, csvLine, ROW_FORMS, type RowOutputs } from '../screens/predictedRows';
import { endAtSecondSignal } from '../stopping/secondSignal';
import type { Io, Terminal } from '../terminal/terminal';
import { widthOf } from '../terminal/text';

/** The maximum number of images that are drawn; with more, only text lines are printed. */
const MOST_PICTURES = 10;

const INVERSION = choice<Inversion>({ auto: 'if it differs from the data set', yes: 'always', no: 'never' });

export const command = defineCommand({
  summary: 'classify images, or predict the rows of a table or samples of the test set',
  arguments: {
    model: MODEL,
    input: restArguments(
      PATH,
      'images, their folders, or quoted patterns; tables; - for stdin: a table, an image file, pixels, or paths',
      { atLeastOne: false },
    ),
  },
  settings: MODEL_SETTINGS,
  flags: {
    index: severalFlag(wholeNumber(0, 2 ** 31), { help: 'indices of samples of the test set, from 0' }),
    invert: flag(INVERSION, {
      default: 'auto',
      help: `invert images: ${INVERSION.names!.join('|')}; auto does if the background differs from the data set's`,
    }),
    top: flag(wholeNumber(1, 2 ** 31), {
      help: 'the number of classes to show for each image or sample',
      otherwise: '3',
    }),
    threshold: THRESHOLD,
    csv: toggle({
      group: 'Output',
      help: 'print CSV, with the probabilities of all classes; the default for tables, except on a terminal',
      conflicts: ['json', 'top'],
    }),
    noVerify: NO_VERIFY,
    ...OUTPUT,
  },
  examples: [
    ['predict runs/<run> shoe.jpg shirt.png', 'images of your own'],
    [
      'predict runs/<run> new.csv > predicted.csv',
      'the rows of a table, with or without labels; --json for JSON lines',
    ],
    ['predict runs/<run> --index 0 1 2 --top 3', 'three samples of the test set'],
    ['predict runs/<run> photos/ --csv > predicted.csv', 'all images below a folder'],
    ["predict runs/<run> 'shots/*.png' --json", 'the images that a pattern matches, an object a line'],
    ['predict runs/<run> - < shoe.png', 'an image on stdin; also pixels, one byte each, or the paths of images'],
  ],
  async run({ model, input: files, index, invert, top, threshold, noVerify, csv, json, quiet }, context) {
    if (files.length > 0 && index !== undefined) {
      throw new HandgradError('usage', 'predict takes files or --index, not both; leave one of them out.');
    }
    if (files.length === 0 && index === undefined) {
      throw new HandgradError('usage', 'predict needs images or a table, or --index N for samples of the test set.');
    }
    endAtSecondSignal(SIGNALS);
    const { openClassifier, ranked } = library.inference();
    const { settings, terminal, io } = context;
    await withOpenScreen(context, async (how) => {
      const classifier = await openClassifier(model, settings, { ...how, noVerify });
      const best: Best = (probabilities) => ranked(probabilities, classifier.classNames, top, threshold);
      const view: View = { best, terminal, json, csv, threshold, pictures: !quiet };
      try {
        if (index) await showSamples(await classifier.samples(index), classifier, view);
        else if (takesTables(classifier, files)) {
          const picture = files.find((file) => IMAGE_NAME.test(file));
          if (picture !== undefined) throw tableModelTakesNo(picture, model);
          if (invert !== 'auto') throw new HandgradError('usage', '--invert is for images; leave it out.');
          if (top !== undefined) throw new HandgradError('usage', '--top is for images and samples; leave it out.');
          await writeRows(classifier, files, { terminal, threshold, form: json ? 'json' : csv ? 'csv' : formFor(io) });
        } else await showImages(classifier.images(files, invert), classifier, view);
      } finally {
        classifier.close();
      }
    });
  },
});

/** Whether the inputs are tables. Of a model of images, those with the name of one: their rows are pixels. */
function takesTables({ inputs, imageShape }: Classifier, files: readonly string[]): boolean {
  if (!imageShape) return inputs !== undefined;
  const table = files.find((file) => TABLE_NAME.test(file));
  if (table === undefined || files.every((file) => TABLE_NAME.test(file))) return table !== undefined;
  throw new HandgradError('usage', `${table} is a table; predict takes tables or images, not both at once.`);
}

function tableModelTakesNo(picture: string, model: string): HandgradError {
  return new HandgradError(
    'usage',
    `${picture} is an image, and ${model} was trained on a table; give a table such as a CSV file, or a model ` +
      'that was trained on images.',
  );
}

const IMAGE_NAME = /\.(png|jpe?g|jpe|gif|bmp|webp|tiff?)$/i;
const TABLE_NAME = /\.(csv|tsv|txt|parquet)(\.(gz|zst))?$/i;

const formFor = ({ stdout }: Io) => (stdout.isTTY ? 'text' : 'csv');

/** Predicts tables, whose rows are numbered as if they were one. */
async function writeRows(
  classifier: Classifier,
  files: readonly string[],
  {
    terminal,
    threshold,
    form,
  }: { readonly terminal: Terminal; readonly threshold?: number; readonly form: keyof typeof ROW_FORMS },
): Promise<void> {
  const outputs = outputsOf(classifier, threshold);
  const { header, lines } = ROW_FORMS[form](outputs, terminal.lineWidth);
  let done = 0;
  for (const file of files) {
    for await (const rows of classifier.table(file)) {
      await terminal.write((done === 0 ? header : '') + lines(rows, done + 1));
      done += rows.count;
    }
  }
}

/** What the numbers that a model gives are. */
function outputsOf({ classNames, targets }: Classifier, threshold: number | undefined): RowOutputs {
  library.inference().assertThreshold(threshold, targets ? undefined : classNames!.length);
  return targets ? { targets: targets.map(({ name }) => name) } : { classNames: classNames!, threshold };
}

type Best = (probabilities: readonly number[]) => RankedClass[];

/** How predictions are shown. */
interface View {
  /** The most probable classes, --top of them. */
  readonly best: Best;
  readonly terminal: Terminal;
  readonly json: boolean;
  readonly csv: boolean;
  readonly threshold: number | undefined;
  readonly pictures: boolean;
}

/** What is shown of one image. */
interface Shown {
  /** The file, or the number of the sample. */
  readonly name: string;
  readonly probabilities: readonly number[];
  /** What stands behind the classes: the label, or what was done to the file. */
  readonly note: string;
  readonly picture?: { readonly pixels: ArrayLike<number>; readonly imageShape: readonly [number, number] };
}

type Samples = Awaited<ReturnType<Classifier['samples']>>;

/** Samples of the test set as CSV, with their labels. */
function writeSamples(samples: Samples, classifier: Classifier, { terminal, threshold }: View): Promise<void> {
  const { classNames = [], targets } = classifier;
  const outputs = outputsOf(classifier, threshold);
  const header = csvHeader(['index', ...(targets?.map(({ name }) => `label_${name}`) ?? ['label'])], outputs);
  const lines = samples.map(({ index, label, labels, values, probabilities }) => {
    const given = labels?.map(String) ?? [classNames[label] ?? String(label)];
    return csvLine([String(index), ...given], values ?? probabilities, outputs);
  });
  return terminal.write(header + lines.join(''));
}

async function showSamples(samples: Samples, classifier: Classifier, view: View): Promise<void> {
  if (view.csv) return writeSamples(samples, classifier, view);
  const { classNames = [], imageShape, targets } = classifier;
  for (const { index, label, probabilities, pixels, values, labels, cells } of samples) {
    if (values) {
      const named = (numbers: readonly number[]) =>
        Object.fromEntries(targets!.map((target, i) => [target.name, numbers[i]!]));
      if (view.json) view.terminal.json({ index, values: named(values), labels: named(labels!), cells });
      else view.terminal.result(`${index}: ${valueLine(targets!, values, labels!)}${cellLine(cells)}`);
      continue;
    }
    const name = classNames[label] ?? String(label);
    if (view.json) {
      view.terminal.json({ index, label, name, top: view.best(probabilities), cells });
      continue;
    }
    const picture = samples.length <= MOST_PICTURES && pixels && imageShape ? { pixels, imageShape } : undefined;
    show({ name: `${index}`, probabilities, note: `label: ${visibleName(name)}`, picture }, view);
    if (cells && !imageShape) view.terminal.result(cellLine(cells).slice(1));
  }
}

function valueLine(targets: readonly Target[], values: readonly number[], labels: readonly number[]): string {
  const each = targets.map(({ name }, i) => {
    return `${visibleName(name)} ${formatUnits(values[i]!)} (label: ${formatUnits(labels[i]!)})`;
  });
  return each.join(', ');
}

/** The cells of a row, on a line of their own. */
function cellLine(cells: ClassifiedSample['cells']): string {
  const each = Object.entries(cells ?? {}).map(
    ([name, cell]) => `${visibleName(name)}=${visibleName(String(cell ?? ''))}`,
  );
  return each.length === 0 ? '' : `\n    ${each.join(', ')}`;
}

async function showImages(images: ReturnType<Classifier['images']>, classifier: Classifier, view: View): Promise<void> {
  const { terminal, best, json, csv } = view;
  const form = csv ? csvOfImages(classifier, view) : undefined;
  let failed = 0;
  let shown = 0;
  for await (const one of images) {
    const { file } = one;
    await form?.(one);
    if ('error' in one) {
      failed++;
      terminal.error(one.error.message);
      if (json) terminal.json({ file, error: one.error.message });
      continue;
    }
    if (csv) continue;
    const { image, probabilities } = one;
    if (json) {
      terminal.json({ file, top: best(probabilities), input: { ...image, pixels: undefined } });
      continue;
    }
    const imageShape = classifier.imageShape!;
    const picture = ++shown <= MOST_PICTURES ? { pixels: image.pixels, imageShape } : undefined;
    show({ name: visibleName(file), probabilities, note: treatment(image, imageShape), picture }, view);
  }
  if (failed > 0) {
    throw new HandgradError('data', `${plural(failed, 'image')} could not be classified; see the errors above.`);
  }
}

/** Writes the line of an image in a CSV, and the header before the first; one that cannot be used has empty cells. */
function csvOfImages(classifier: Classifier, { terminal, threshold }: View) {
  let outputs: RowOutputs | undefined;
  return async (one: ClassifiedImage) => {
    // The names of the classes may be known only after the first image.
    if (!outputs) await terminal.write(csvHeader(['file'], (outputs = outputsOf(classifier, threshold))));
    await terminal.write(csvLine([one.file], 'error' in one ? undefined : one.probabilities, outputs));
  };
}

function show({ name, probabilities, note, picture }: Shown, { best, terminal, pictures }: View): void {
  const top = best(probabilities);
  const classes = top.map(({ name, probability }) => `${visibleName(name)} ${formatShare(probability)}`).join(', ');
  terminal.result(`${name}: ${classes} (${note})`);
  if (!picture || !pictures) return;
  const { out: colors, lineWidth } = terminal;
  const lines = pictureLines(picture.pixels, picture.imageShape, colors);
  const bars = barLines(top, colors, lineWidth);
  if (widthOf(lines[0] ?? '') + 2 + widthOf(bars.join('\n')) > lineWidth) {
    return [...lines, ...bars].forEach((line) => terminal.result(line));
  }
  for (const line of besideEachOther(lines, bars)) terminal.result(line);
}

/** What was done to a file so that the network could take it. */
function treatment(image: ReadImage, [rows, columns]: readonly [number, number]): string {
  const done = [
    ...(image.wasTransparent ? ['placed on white'] : []),
    ...(image.wasColored ? ['converted to gray'] : []),
    ...(image.wasResized ? [`resized to ${columns}x${rows}`] : []),
    ...(image.wasInverted ? ['inverted'] : []),
  ];
  return `${image.width}x${image.height}${done.length > 0 ? `, ${done.join(', ')}` : ', unchanged'}`;
}
