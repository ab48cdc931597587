import * as tf from '@tensorflow/tfjs-core';
import type { Augment } from '../data/augment';
import type { Samples } from '../data/samples';
import { oneHot } from '../nn/targets';
import { countingRandom, keyOf, permutation } from '../random';

/** Some samples on the backend: X [n, numInputs] float32 as the network takes them, y [n] int32 labels. */
export interface Batch {
  readonly X: tf.Tensor2D;
  readonly y: tf.Tensor1D;
  /** For regression: the targets, [n, numOutputs]. */
  readonly T?: tf.Tensor2D;
  /** The weights of the samples, [n, 1]; 1 for each when left out. */
  readonly w?: tf.Tensor2D;
}

/** What the outputs of a batch should be, [n, numOutputs]: its targets, or its labels as targets. */
export function targetsOf({ y, T }: Batch, numOutputs: number): tf.Tensor2D {
  return T ?? oneHot(y, numOutputs);
}

/**
 * The post's `train_iter` and `test_iter`: every loop over it is one pass over the samples, the next epoch. It owns its
 * batches: one lives until the next is asked for or the loop is left, so a loop over it manages no memory.
 */
export interface DataIterator extends Iterable<Batch> {
  readonly samples: Samples;
  readonly numSamples: number;
  readonly numBatches: number;
  /**
   * One pass, or what is left of one.
   * @param epoch its number, from 0: the order, and what an augmentation draws, are functions of the seed and the epoch
   * @param first the number of the first batch, from 0: earlier ones are left out, and the order remains the same
   */
  pass(epoch: number, first?: number): Iterable<Batch>;
}

/** How samples are split into batches. */
export interface IteratorOptions {
  /** Shuffles the samples, in another order for every epoch. Without it, they come in their own order. */
  readonly shuffleSeed?: number;
  /** Changes the samples; for training only. */
  readonly augment?: Augment;
}

/** Makes X and y of the samples at `rows`. Nothing else depends on where the samples are. */
type UploadSamples = (rows: Int32Array, epoch: number) => Pick<Batch, 'X' | 'y'>;

/** Splits samples into batches of `batchSize`; the last one holds what is left and may be smaller. */
export function dataIterator(
  samples: Samples,
  batchSize: number,
  { shuffleSeed, augment }: IteratorOptions = {},
): DataIterator {
  const { count } = samples;
  const uploadSamples = augment ? fromMemory(samples, batchSize, augment) : fromDevice(samples, batchSize);
  const uploadTargets = targetsFromMemory(samples);
  const inOrder = shuffleSeed === undefined ? Int32Array.from({ length: count }, (_, row) => row) : undefined;
  function* pass(epoch: number, first = 0): Generator<Batch> {
    const order = inOrder ?? permutation(countingRandom(keyOf(shuffleSeed!, 'order', epoch)), count);
    for (let start = first * batchSize; start < count; start += batchSize) {
      const rows = order.subarray(start, start + batchSize);
      const batch = { ...uploadSamples(rows, epoch), ...uploadTargets?.(rows) };
      try {
        yield batch;
      } finally {
        tf.dispose(batch);
      }
    }
  }
  let epochs = 0;
  return {
    samples,
    numSamples: count,
    numBatches: Math.ceil(count / batchSize),
    pass,
    [Symbol.iterator]: () => pass(epochs++),
  };
}

/**
 * Batches that the backend gathers, if it has a kernel for that (`SampleRows`: native and cuda):
 * the samples stay there as stored, and become float32 in the batch. Otherwise `fromMemory` makes them.
 */
function fromDevice(samples: Samples, batchSize: number): UploadSamples {
  const { features, labels, scale } = samples;
  let fallback: UploadSamples | undefined;
  return (rows, epoch) => {
    if (!tf.getKernel('SampleRows', tf.getBackend())) {
      fallback ??= fromMemory(samples, batchSize);
      return fallback(rows, epoch);
    }
    const attrs = { features, labels, rows, divisor: 1 / scale } as unknown as tf.NamedAttrMap;
    const [X, y] = tf.engine().runKernel<tf.Tensor[]>('SampleRows', {}, attrs);
    return { X: X as tf.Tensor2D, y: y as tf.Tensor1D };
  };
}

/** Batches assembled by this process: samples become float32 here, and are copied to the backend. */
function fromMemory(
  { features, labels, numInputs, scale }: Samples,
  batchSize: number,
  augment?: Augment,
): UploadSamples {
  // Reused across passes; allocating it per pass, of the test set above all, let garbage pile up.
  let buffer: Float32Array | undefined;
  return (rows, epoch) => {
    const size = rows.length * numInputs;
    buffer ??= new Float32Array(Math.min(batchSize, labels.length) * numInputs);
    // A backend may keep the array that a tensor is made of. Scaling copies it, so that the array can be reused.
    const values = scale === 1 ? new Float32Array(size) : buffer.subarray(0, size);
    const classes = new Int32Array(rows.length);
    // Bytes become floats here. Row by row, because `set` converts many numbers at a time and a loop only one.
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      classes[i] = labels[row]!;
      if (augment) augment(features, row, epoch, values, i * numInputs);
      else values.set(features.subarray(row * numInputs, (row + 1) * numInputs), i * numInputs);
    }
    const X = tf.tidy(() => scaled(tf.tensor2d(values, [rows.length, numInputs]), scale));
    return { X, y: tf.tensor1d(classes, 'int32') };
  };
}

/** Targets and weights of the samples at `rows`: a few numbers of each sample, so that they are copied every time. */
function targetsFromMemory({
  targets,
  weights,
  count,
}: Samples): ((rows: Int32Array) => Pick<Batch, 'T' | 'w'>) | undefined {
  if (!targets && !weights) return undefined;
  const upload = (values: Float32Array, rows: Int32Array) => {
    const width = values.length / count;
    const chosen = new Float32Array(rows.length * width);
    for (let i = 0; i < chosen.length; i++) chosen[i] = values[rows[Math.floor(i / width)]! * width + (i % width)]!;
    return tf.tensor2d(chosen, [rows.length, width]);
  };
  return (rows) => ({ ...(targets && { T: upload(targets, rows) }), ...(weights && { w: upload(weights, rows) }) });
}

/**
 * Stored numbers as the network takes them, on the backend.
 * A byte is divided by 255 and not multiplied by 1/255: of the two only the quotient is, in float32, the nearest
 * number to byte/255, which is what the post's `ToTensor` gives.
 */
function scaled(X: tf.Tensor2D, scale: number): tf.Tensor2D {
  return scale === 1 ? X : tf.div(X, 1 / scale);
}
