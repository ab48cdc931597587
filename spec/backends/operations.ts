import * as tf from '@tensorflow/tfjs-core';
import { createRandom } from '../../src/random';

/** The sizes of the post: 256 samples of 784 pixels, 256 hidden units, 10 classes. */
function inputs() {
  const random = createRandom(7, 'gradcheck');
  const tensor = (shape: [number, number], draw: () => number) =>
    tf.tensor2d(Float32Array.from({ length: shape[0] * shape[1] }, draw), shape);
  const normal = () => random.normal(0, 1);
  return {
    X: tensor([256, 784], () => random.uniform()),
    W: tensor([784, 256], () => random.normal(0, 0.01)),
    b: tf.reshape(tensor([1, 256], normal), [256]),
    Z: tensor([256, 256], normal),
    dY: tensor([256, 256], normal),
    V: tensor([256, 10], normal),
    logits: tensor([256, 10], () => random.normal(0, 5)),
    labels: tf.tensor1d(
      Int32Array.from({ length: 256 }, () => random.integer(10)),
      'int32',
    ),
  };
}

type Inputs = ReturnType<typeof inputs>;

/** Everything that a training step of the post computes on the backend. */
export const OPERATIONS = {
  'X·W': ({ X, W }) => tf.matMul(X, W),
  'X·W + b': ({ X, W, b }) => tf.add(tf.matMul(X, W), b),
  'Xᵀ·dY': ({ X, dY }) => tf.matMul(X, dY, true, false),
  'logits·Vᵀ': ({ logits, V }) => tf.matMul(logits, V, false, true),
  'Xᵀ·Wᵀ': ({ X, W }) => tf.matMul(X, W, true, true),
  'max(Z, 0)': ({ Z }) => tf.maximum(Z, 0),
  'dY ⊙ step(Z)': ({ Z, dY }) => tf.mul(dY, tf.step(Z)),
  'sign(Z)': ({ Z }) => tf.sign(Z),
  'where(Z > 0, dY, Z)': ({ Z, dY }) => tf.where(tf.greater(Z, 0), dY, Z),
  'exp(Z)': ({ Z }) => tf.exp(Z),
  'log(exp(Z))': ({ Z }) => tf.log(tf.exp(Z)),
  'tanh(Z)': ({ Z }) => tf.tanh(Z),
  'sigmoid(Z)': ({ Z }) => tf.sigmoid(Z),
  'erf(Z)': ({ Z }) => tf.erf(Z),
  'sqrt(Z²)': ({ Z }) => tf.sqrt(tf.square(Z)),
  'column sums of dY': ({ dY }) => tf.sum(dY, 0),
  'row sums of logits': ({ logits }) => tf.sum(logits, 1, true),
  'row maxima of logits': ({ logits }) => tf.max(logits, 1, true),
  'softmax(logits)': ({ logits }) => {
    const e = tf.exp(tf.sub(logits, tf.max(logits, 1, true)));
    return tf.div(e, tf.sum(e, 1, true));
  },
  'mean(Z)': ({ Z }) => tf.mean(Z),
  'column means of Z, kept as a row': ({ Z }) => tf.mean(Z, 0, true),
  'column maxima of logits': ({ logits }) => tf.max(logits, 0),
  'the sum of all of dY': ({ dY }) => tf.sum(dY),
  'oneHot(labels)': ({ labels }) => tf.oneHot(labels, 10),
  'oneHot(labels) in floats': ({ labels }) => tf.oneHot(labels, 10, 1, 0, 'float32'),
  'oneHot(labels) in floats, 2.5 and -1, some out of range': ({ labels }) => tf.oneHot(labels, 7, 2.5, -1, 'float32'),
  'oneHot(labels) in a hundred classes, 2 and -1': ({ labels }) => tf.oneHot(labels, 100, 2, -1),
  'argMax(logits)': ({ logits }) => tf.argMax(logits, 1),
  'argMax(logits) = labels': ({ logits, labels }) => tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32'),
  'W - 0.1 Xᵀ·dY': ({ X, W, dY }) => tf.sub(W, tf.mul(tf.matMul(X, dY, true, false), 0.1)),
} satisfies Record<string, (inputs: Inputs) => tf.Tensor>;

export type OperationName = keyof typeof OPERATIONS;

/**
 * The shape and the numbers of every operation on the current backend, the numbers as base64 of their float32 bytes.
 */
export async function computeAll(): Promise<Record<string, { shape: number[]; numbers: string }>> {
  const given = inputs();
  const results: Record<string, { shape: number[]; numbers: string }> = {};
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    const result = tf.tidy(() => operation(given));
    const numbers = Float32Array.from(await result.data());
    results[name] = { shape: result.shape, numbers: Buffer.from(numbers.buffer).toString('base64') };
    result.dispose();
  }
  tf.dispose(Object.values(given));
  return results;
}
