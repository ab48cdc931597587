import * as tf from '@tensorflow/tfjs-core';
import type { Augment } from '../data/augment';
import type { Samples } from '../data/samples';
import { countingRandom, keyOf, permutation } from '../random';

/** Some samples on the backend: X [n, numInputs] float32 as the network takes them, y [n] int32 labels. */
export interface Batch {
  readonly X: tf.Tensor2D;
  readonly y: tf.Tensor1D;
}

/**
 * The post's `train_iter` and `test_iter`: every loop over it is one pass over the samples, the next epoch. It owns its
 * batches: one lives until the next is asked for or the loop is left, so a loop over it manages no memory.
 */
export interface DataIterator extends Iterable<Batch> {
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

/** Makes a batch of the samples at `rows`. Nothing else depends on where the samples are. */
type UploadBatch = (rows: Int32Array, epoch: number) => Batch;

/** Splits samples into batches of `batchSize`; the last one holds what is left and may be smaller. */
export function dataIterator(
  samples: Samples,
  batchSize: number,
  { shuffleSeed, augment }: IteratorOptions = {},
): DataIterator {
  const { count } = samples;
  const uploadBatch = augment ? fromMemory(samples, batchSize, augment) : fromDevice(samples, batchSize);
  const inOrder = shuffleSeed === undefined ? Int32Array.from({ length: count }, (_, row) => row) : undefined;
  function* pass(epoch: number, first = 0): Generator<Batch> {
    const order = inOrder ?? permutation(countingRandom(keyOf(shuffleSeed!, 'order', epoch)), count);
    for (let start = first * batchSize; start < count; start += batchSize) {
      const batch = uploadBatch(order.subarray(start, start + batchSize), epoch);
      try {
        yield batch;
      } finally {
        tf.dispose([batch.X, batch.y]);
      }
    }
  }
  let epochs = 0;
  return {
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
function fromDevice(samples: Samples, batchSize: number): UploadBatch {
  const { features, labels, scale } = samples;
  let fallback: UploadBatch | undefined;
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
): UploadBatch {
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

/**
 * Stored numbers as the network takes them, on the backend.
 * A byte is divided by 255 and not multiplied by 1/255: of the two only the quotient is, in float32, the nearest
 * number to byte/255, which is what the post's `ToTensor` gives.
 */
function scaled(X: tf.Tensor2D, scale: number): tf.Tensor2D {
  return scale === 1 ? X : tf.div(X, 1 / scale);
}
