import { firstEqualBytes, firstEqualRows, HASH_START, hashed } from '../data/repeatedRows';
import type { Dataset, Samples, Task } from '../data/samples';
import { countCodes } from '../data/tables/columnTypes';
import { type ColumnFacts, describeColumn } from '../data/tables/describeColumn';
import { type InspectedTable, inspectTable } from '../data/tables/openTable';
import type { Column } from '../data/tables/table';
import { HandgradError } from '../errors';
import { isCrossValidation, type Settings } from './config';
import type { OpenOptions } from './events';
import { openDataset, readingOptions } from './open';
import { planReading, prepareReading, type Reading, type RunPlan } from './plan';
import { runOutline, type RunOutline } from './runFacts';
import { taskOf } from './task';

/** What is in a column, and what it is for. */
export interface DescribedColumn extends ColumnFacts {
  /** Undefined when nothing can be learned from the table as it is asked for. */
  readonly role?: 'input' | 'label' | 'weight' | 'group' | 'time' | 'left out';
}

/** What is in a table. */
export interface DescribedTable {
  readonly rows: number;
  /** Whether its first line names the columns. */
  readonly hasHeader: boolean;
  /** Rows that are equal to an earlier one, apart from columns of type identifier. */
  readonly repeatedRows: number;
  readonly columns: readonly DescribedColumn[];
}

/** What is in a set of images, or in a table of pixels. */
export interface DescribedImages {
  /** [height, width]; undefined where samples are rows of bytes. */
  readonly shape?: readonly [number, number];
  /** The mean and the standard deviation of the pixels of the training samples, between 0 and 1. */
  readonly pixels: { readonly mean: number; readonly std: number };
  /** Images that are equal to an earlier one: training images, and test images among the training images. */
  readonly repeated: { readonly training: number; readonly test: number };
}

/** The samples of a class in each part. */
export interface ClassBalance {
  readonly name: string;
  readonly training: number;
  /** Undefined without a validation split. */
  readonly validation?: number;
  readonly test: number;
}

/** What training would do. */
export interface DescribedTraining extends RunOutline {
  readonly task: Task;
  /** Steps in an epoch. */
  readonly steps: number;
  /** Of classification. */
  readonly classes?: readonly ClassBalance[];
  /** With cross-validation: the samples are those of its first fold. */
  readonly folds?: number;
}

/** What is in a data set, and what training would do with it. */
export interface DatasetDescription {
  readonly dataset: string;
  readonly table?: DescribedTable;
  readonly images?: DescribedImages;
  readonly training?: DescribedTraining;
  /** Why training would refuse, in one sentence. */
  readonly refusal?: string;
  /** What training would note. */
  readonly notices: readonly string[];
}

/**
 * Describes a data set, and what `startRun` with the same settings would do with it: both are decided by the same
 * functions. Nothing is computed on a backend, and nothing is written, except that a data set of the catalog is
 * downloaded if it is missing.
 * @param settings as for `startRun`
 * @throws HandgradError 'usage' when there is no such data set, or for settings that are invalid whatever it holds;
 *   'data' when it cannot be read. What can be read, but not be learned from, is described
 */
export async function describeDataset(settings: Settings = {}, options: OpenOptions = {}): Promise<DatasetDescription> {
  const notices: string[] = [];
  const onEvent: OpenOptions['onEvent'] = (event) =>
    event.type === 'notice' ? notices.push(event.message) : options.onEvent?.(event);
  const reading = await prepareReading(settings, { ...options, onEvent });
  const { asked, kind } = reading;
  const { dataset: path } = asked.config;
  if (kind === 'table') {
    const inspected = await inspectTable(path, asked.config, readingOptions(path, reading.options));
    notices.push(...(inspected.typed?.notes ?? []));
    return { ...(await describeTable(inspected, reading)), notices };
  }
  const dataset = await openDataset(asked.config, kind, reading.options);
  const { plan, refusal } = await attempt(() => planReading({ ...reading, dataset }));
  return {
    dataset: dataset.name,
    images: describeImages(dataset, plan?.data.samples.train ?? dataset.train),
    ...(plan ? { training: describeTraining(plan) } : { refusal }),
    notices,
  };
}

async function describeTable(
  { table, types, typed, fault }: InspectedTable,
  reading: Reading,
): Promise<Omit<DatasetDescription, 'notices'>> {
  const { plan, refusal } = await attempt(() => {
    if (!typed) throw fault!;
    return planReading({ ...reading, table: typed });
  });
  const { dataset, samples } = plan?.data ?? {};
  const inputs = new Set(dataset?.preparation!.inputs.map(({ name }) => name));
  const role = (name: string, index: number): DescribedColumn['role'] => {
    if (!typed) return undefined;
    const { label, roles } = typed;
    if (label.columns.includes(index)) return 'label';
    const special = (['weight', 'group', 'time'] as const).find((one) => roles[one] === index);
    return special ?? (plan ? (inputs.has(name) ? 'input' : 'left out') : undefined);
  };
  const columns = types.map((one, index) => {
    const as = role(one.column.name, index);
    const isClass = as === 'label' && typed!.label.task === 'classification';
    return { ...describeColumn(one, isClass), ...(as && { role: as }) };
  });
  const content = types.filter(({ type }) => type !== 'identifier').map(({ column }) => column);
  return {
    dataset: table.name,
    table: {
      rows: table.count,
      hasHeader: table.hasHeader,
      repeatedRows: content.length === 0 ? 0 : repeatedRows(content, table.count),
      columns,
    },
    ...(dataset?.imageShape && { images: describeImages(dataset, samples!.train) }),
    ...(plan ? { training: describeTraining(plan) } : { refusal }),
  };
}

/** A plan, or why it was refused. */
async function attempt(
  planned: () => Promise<RunPlan>,
): Promise<{ readonly plan?: RunPlan; readonly refusal?: string }> {
  try {
    return { plan: await planned() };
  } catch (error) {
    if (!(error instanceof HandgradError)) throw error;
    return { refusal: error.message };
  }
}

function describeTraining({ config, data }: RunPlan): DescribedTraining {
  const { dataset, samples } = data;
  const { classNames, test } = dataset;
  const task = taskOf(dataset);
  const of = ({ labels }: Samples) => countCodes(labels, classNames.length);
  const [training, validation, testing] = [of(samples.train), samples.validation && of(samples.validation), of(test)];
  return {
    task,
    ...runOutline(data),
    config,
    steps: Math.ceil(samples.train.count / config.batchSize),
    ...(task === 'classification' && {
      classes: classNames.map((name, i) => ({
        name,
        training: training[i]!,
        ...(validation && { validation: validation[i]! }),
        test: testing[i]!,
      })),
    }),
    ...(isCrossValidation(config) && { folds: config.folds! }),
  };
}

function describeImages({ train, test, imageShape }: Dataset, chosen: Samples): DescribedImages {
  const first = firstEqualBytes(train.count + test.count, (row) =>
    row < train.count ? sampleBytes(train, row) : sampleBytes(test, row - train.count),
  );
  const repeated = { training: 0, test: 0 };
  first.forEach((earlier, row) => {
    if (row < train.count && earlier < row) repeated.training++;
    if (row >= train.count && earlier < train.count) repeated.test++;
  });
  return { ...(imageShape && { shape: imageShape }), pixels: pixelMoments(chosen), repeated };
}

/** By counting the 256 values, which takes a fiftieth of the time of adding up every pixel twice. */
function pixelMoments({ features, scale }: Samples): DescribedImages['pixels'] {
  const counts = new Float64Array(256);
  for (let i = 0; i < features.length; i++) counts[features[i]!]!++;
  const meanOf = (of: (value: number) => number) =>
    counts.reduce((sum, count, value) => sum + count * of(value), 0) / features.length;
  const mean = meanOf((value) => value);
  return { mean: mean * scale, std: Math.sqrt(meanOf((value) => (value - mean) ** 2)) * scale };
}

function sampleBytes({ features, numInputs }: Samples, row: number): Uint8Array {
  return (features as Uint8Array).subarray(row * numInputs, (row + 1) * numInputs);
}

/** How many rows of a table repeat an earlier one. */
function repeatedRows(columns: readonly Column[], count: number): number {
  const double = new Float64Array(1);
  const words = new Int32Array(double.buffer);
  const hashes = new Int32Array(count).fill(HASH_START);
  for (const column of columns) {
    for (let row = 0; row < count; row++) {
      if (column.kind === 'text') hashes[row] = hashed(hashes[row]!, column.codes[row]!);
      else {
        double[0] = column.values[row]!;
        hashes[row] = hashed(hashed(hashes[row]!, words[0]!), words[1]!);
      }
    }
  }
  const cell = (column: Column, row: number) => (column.kind === 'text' ? column.codes[row] : column.values[row]);
  const first = firstEqualRows(hashes, (a, b) =>
    columns.every((column) => Object.is(cell(column, a), cell(column, b))),
  );
  return first.reduce((sum, earlier, row) => sum + Number(earlier < row), 0);
}
