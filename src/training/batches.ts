import * as tf from '@tensorflow/tfjs-core';
import type { Augment } from '../data/augment';
import type { Samples } from '../data/samples';
import { permutation, type Random } from '../random';

/** Some samples on the backend: X [n, numInputs] float32 as the network sees them, y [n] int32 classes. */
export interface Batch {
  readonly X: tf.Tensor2D;
  readonly y: tf.Tensor1D;
}

/**
 * The post's `train_iter` and `test_iter`: every loop over it is one pass over the samples. It owns its batches: one lives
 * until the next is asked for or the loop is left, so a loop over it manages no memory.
 */
export interface DataIterator extends Iterable<Batch> {
  readonly numSamples: number;
  readonly numBatches: number;
  /** The generator that every loop draws its order from. */
  readonly shuffle?: Random;
  /**
   * One pass, or what is left of one.
   * @param shuffle draws the order of the whole pass; without it, the order of the samples
   * @param first the number of the first batch, from 0: those before it are left out, and the order stays what it is
   * @param epoch the number of the pass, from 0: what an augmentation draws depends on it
   */
  pass(shuffle?: Random, first?: number, epoch?: number): Iterable<Batch>;
}

/**
 * Splits samples into batches of `batchSize`; the last one holds what is left and may be smaller.
 * @param shuffle the run's `order` stream: every pass draws a new order from it. Without it, the order of the samples.
 * @param augment changes the samples; for training only
 */
export function dataIterator(samples: Samples, batchSize: number, shuffle?: Random, augment?: Augment): DataIterator {
  // One for all passes: a new one for each, of the test set above all, was memory that the garbage collector let pile up.
  let room: Float32Array | undefined;
  function* pass(random?: Random, first = 0, epoch = 0): Generator<Batch> {
    const order = random && permutation(random, samples.count);
    room ??= new Float32Array(Math.min(batchSize, samples.count) * samples.numInputs);
    for (let start = first * batchSize; start < samples.count; start += batchSize) {
      const end = Math.min(start + batchSize, samples.count);
      const batch = uploadBatch(samples, order, start, end, room, augment, epoch);
      try {
        yield batch;
      } finally {
        tf.dispose([batch.X, batch.y]);
      }
    }
  }
  return {
    numSamples: samples.count,
    numBatches: Math.ceil(samples.count / batchSize),
    shuffle,
    pass,
    [Symbol.iterator]: () => pass(shuffle),
  };
}

/**
 * Copies the samples at positions start … end-1 of the order to the backend, as the network sees them.
 * @param room for a batch on its way; free again when this returns
 */
function uploadBatch(
  samples: Samples,
  order: Int32Array | undefined,
  start: number,
  end: number,
  room: Float32Array,
  augment: Augment | undefined,
  epoch: number,
): Batch {
  const { features, labels, numInputs, scale } = samples;
  const size = (end - start) * numInputs;
  // A backend may hold on to what a tensor is made of. What is scaled is a tensor of its own once it is scaled.
  const values = scale === 1 ? new Float32Array(size) : room.subarray(0, size);
  // Bytes become floats on the way. Row by row: `set` converts many numbers at a time, a loop over them one.
  const classes = new Int32Array(end - start);
  for (let i = 0; i < classes.length; i++) {
    const row = order ? order[start + i]! : start + i;
    classes[i] = labels[row]!;
    if (augment) augment(features, row, epoch, values, i * numInputs);
    else values.set(features.subarray(row * numInputs, (row + 1) * numInputs), i * numInputs);
  }
  const X = tf.tidy(() => scaled(tf.tensor2d(values, [classes.length, numInputs]), scale));
  return { X, y: tf.tensor1d(classes, 'int32') };
}

/**
 * Stored numbers as the network sees them, on the backend.
 * A byte is divided by 255 and not multiplied by 1/255: of the two only the quotient is, in float32, the nearest number to
 * byte/255, which is what the post's `ToTensor` gives.
 */
function scaled(X: tf.Tensor2D, scale: number): tf.Tensor2D {
  return scale === 1 ? X : tf.div(X, 1 / scale);
}
