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
  /** [count]: the weight of each sample in the loss; 1 for each when left out. */
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

/** A data set, verified and in memory. */
export interface Dataset {
  /** `fashion-mnist`, or the base name of its folder or file. */
  readonly name: string;
  /** Classification when left out. */
  readonly task?: Task;
  readonly train: Samples;
  readonly test: Samples;
  readonly numInputs: number;
  readonly numOutputs: number;
  /** One name per class: the catalog's, the CSV's label texts, or "0", "1", …. */
  readonly classNames: readonly string[];
  /** For regression: one per output, in the place of the classes. */
  readonly targets?: readonly Target[];
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
