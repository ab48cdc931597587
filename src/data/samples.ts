import type { DateFormat } from './tables/dates';
import type { Table } from './tables/table';

/**
 * Labeled samples held in memory, one row each, in the type they were stored in (images stay bytes:
 * 47 MB instead of 188 MB for Fashion-MNIST). The network's input is `features[i] * scale`.
 */
export interface Samples {
  /** Row-major [count, numInputs]. */
  readonly features: Uint8Array | Float32Array;
  /** 1/255 for bytes (the post's `ToTensor`), 1 for other numbers. */
  readonly scale: number;
  /** [count], each in [0, numOutputs). */
  readonly labels: Int32Array;
  /** For regression: row-major [count, numOutputs], standardized (see `Target`). The labels are then all 0. */
  readonly targets?: Float32Array;
  /** The weight of each sample in the loss, `[count]`; 1 for each when left out. */
  readonly weights?: Float32Array;
  readonly count: number;
  readonly numInputs: number;
}

/** What a network learns: which class a sample belongs to, or numbers. */
export type Task = 'classification' | 'regression';

/** A number that a network predicts, by the name of its column. The network's output is (value - mean) / std. */
export interface Target {
  readonly name: string;
  readonly mean: number;
  readonly std: number;
}

/** An input column of numbers or dates: standardized, a missing cell as the median. */
export interface PreparedNumber {
  readonly name: string;
  readonly type: 'number' | 'date';
  /** Of a date. */
  readonly format?: DateFormat;
  /** What a missing cell counts as. */
  readonly median: number;
  /** The input is (value - mean) / std; 0 and 1 where columns are not normalized. */
  readonly mean: number;
  readonly std: number;
  /** Whether a second input says that the cell is missing, as 1 or 0. */
  readonly indicator: boolean;
}

/** An input column of categories: one input for each, 1 for the one that the cell holds and 0 for the others. */
export interface PreparedCategory {
  readonly name: string;
  readonly type: 'category';
  readonly categories: readonly string[];
  /** Whether an input stands for rare categories together; it also takes those that training did not meet. */
  readonly rare: boolean;
  /** Whether an input stands for missing cells. */
  readonly missing: boolean;
}

/** A column and how it becomes inputs of the network. */
export type PreparedColumn = PreparedNumber | PreparedCategory;

/**
 * How the rows of a table become inputs of the network, fitted on the training part: plain data, kept in the model
 * file. It is all that predicting new rows needs.
 */
export interface Preparation {
  readonly task: Task;
  /** In the order of the network's inputs. */
  readonly inputs: readonly PreparedColumn[];
  /** The label columns. */
  readonly labels: readonly string[];
  /** For regression: one for each label column. */
  readonly targets?: readonly Target[];
  /** Of a file without a header, its number of columns; columns are then known by position. */
  readonly columnsWithoutHeader?: number;
}

/** A column of a table that is no input, and why. */
export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

/** A data set, verified and in memory. */
export interface Dataset {
  /** `fashion-mnist`, or the base name of its folder or file. */
  readonly name: string;
  /** Classification when left out. */
  readonly task?: Task;
  readonly train: Samples;
  /** Of a table: the rows held back for validation, if any. */
  readonly validation?: Samples;
  readonly test: Samples;
  readonly numInputs: number;
  readonly numOutputs: number;
  /** One name per class: the catalog's, the CSV's label texts, or "0", "1", …. */
  readonly classNames: readonly string[];
  /** For regression: one per output, in the place of the classes. */
  readonly targets?: readonly Target[];
  /** Of a table: how its columns became inputs, and which did not. */
  readonly preparation?: Preparation;
  readonly leftOut?: readonly LeftOut[];
  /** Of a table that a model is used on: where its test samples are, to show their cells. */
  readonly testRows?: { readonly table: Table; readonly rows: Int32Array };
  /** [height, width] when the samples are images. */
  readonly imageShape?: readonly [number, number];
  /**
   * sha256 (hex) of the sha256 sums of the decompressed source files, in a fixed order: identifies the data of a run.
   */
  readonly digest: string;
}

/** The samples at `rows`, in that order, copied. */
export function selectRows(samples: Samples, rows: ArrayLike<number>): Samples {
  const { numInputs, scale } = samples;
  const count = rows.length;
  const features =
    samples.features instanceof Uint8Array ? new Uint8Array(count * numInputs) : new Float32Array(count * numInputs);
  const labels = new Int32Array(count);
  const width = (samples.targets?.length ?? 0) / samples.count;
  const targets = samples.targets && new Float32Array(count * width);
  const weights = samples.weights && new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const row = rows[i]!;
    features.set(samples.features.subarray(row * numInputs, (row + 1) * numInputs), i * numInputs);
    labels[i] = samples.labels[row]!;
    targets?.set(samples.targets!.subarray(row * width, (row + 1) * width), i * width);
    if (weights) weights[i] = samples.weights[row]!;
  }
  return { features, scale, labels, ...(targets && { targets }), ...(weights && { weights }), count, numInputs };
}
