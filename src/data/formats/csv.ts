import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename, extname } from 'node:path';
import { HandgradError } from '../../errors';
import { createRandom } from '../../random';
import { type CsvTable, csvTable } from './csvTable';
import { type Dataset, type Samples, selectRows } from '../samples';
import { splitRows } from '../split';
import { datasetDigest } from '../download/verify';

export interface CsvOptions {
  /** The name of the column that holds the labels; the first column by default. */
  readonly labelColumn?: string;
  /** The part of the rows that becomes the test set. */
  readonly testFraction?: number;
  /** Draws the test rows. */
  readonly seed?: number;
}

/** More classes than this means that the label column holds something else. */
const MAX_CLASSES = 10_000;

/**
 * Loads a CSV file: one sample per line, its label in the first column or in the one named, numbers in the others, with
 * or without a header. Labels are integers or texts; the classes are the labels that occur, in order. When all numbers
 * are integers in 0 … 255, and some exceed 1, they are taken as image bytes and scaled by 1/255.
 * @throws HandgradError 'data' with the line and column of an invalid value
 */
export async function loadCsv(path: string, options: CsvOptions = {}): Promise<Dataset> {
  const { labelColumn, testFraction = 0.2, seed = 0 } = options;
  const digest = createHash('sha256');
  const hashed = async function* () {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
      digest.update(chunk);
      yield chunk;
    }
  };
  const table = await csvTable(hashed(), path, labelColumn);
  const classNames = sortLabels(table.labelTexts);
  if (classNames.length > MAX_CLASSES) {
    const advice = 'name the label column by `labelColumn`';
    throw new HandgradError(
      'data',
      `${path} has ${classNames.length} different labels, of ${MAX_CLASSES} at most; ${advice}.`,
    );
  }
  const samples = toSamples(table, classNames);
  const { kept, drawn } = splitRows(samples.count, testFraction, createRandom(seed, 'split'));
  return {
    name: basename(path, extname(path)),
    train: selectRows(samples, kept),
    test: selectRows(samples, drawn),
    numInputs: samples.numInputs,
    numOutputs: classNames.length,
    classNames,
    digest: datasetDigest([digest.digest('hex')]),
  };
}

/** By value if all labels are integers, else by character codes, so that no locale changes the classes. */
function sortLabels(texts: readonly string[]): string[] {
  const integers = texts.every((text) => /^-?\d+$/.test(text));
  return [...texts].sort((a, b) => (integers ? Number(a) - Number(b) : a < b ? -1 : 1));
}

function toSamples({ features, labels, labelTexts, count, numInputs }: CsvTable, classNames: string[]): Samples {
  const position = new Map(classNames.map((name, i) => [name, i]));
  const classOf = labelTexts.map((text) => position.get(text)!);
  const pixels = areBytes(features);
  return {
    features: pixels ? Uint8Array.from(features) : features,
    scale: pixels ? 1 / 255 : 1,
    labels: labels.map((label) => classOf[label]!),
    count,
    numInputs,
  };
}

function areBytes(features: Float32Array): boolean {
  let most = 0;
  for (const value of features) {
    if (!(Number.isInteger(value) && value >= 0 && value <= 255)) return false;
    if (value > most) most = value;
  }
  return most > 1;
}
