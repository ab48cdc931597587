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
  readonly count: number;
  readonly numInputs: number;
}

/** A data set, verified and in memory. */
export interface Dataset {
  /** `fashion-mnist`, or the base name of its folder or file. */
  readonly name: string;
  readonly train: Samples;
  readonly test: Samples;
  readonly numInputs: number;
  readonly numOutputs: number;
  /** One name per class: the catalog's, the CSV's label texts, or "0", "1", …. */
  readonly classNames: readonly string[];
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
  for (let i = 0; i < count; i++) {
    const row = rows[i]!;
    features.set(samples.features.subarray(row * numInputs, (row + 1) * numInputs), i * numInputs);
    labels[i] = samples.labels[row]!;
  }
  return { features, scale, labels, count, numInputs };
}
