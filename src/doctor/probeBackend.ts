import * as tf from '@tensorflow/tfjs-core';
import { type BackendName, selectBackend } from '../backends';
import type { BackendOptions } from '../backends/backend';
import { lastWords, runScript } from '../backends/runScript';
import { HandgradError } from '../errors';
import { createRandom } from '../random';

/**
 * The kernels of TensorFlow.js that training and evaluation call; a spec checks the list against the kernels called.
 */
export const KERNELS: readonly string[] = [
  'Add AddN ArgMax BatchMatMul Cast Equal Erf Exp GatherV2 Greater Identity Log Max Maximum Mean Multiply',
  'Neg OneHot Pack RealDiv Reshape Reverse Select Sigmoid Slice Sqrt Square Step Sub Sum Tanh ZerosLike',
].flatMap((line) => line.split(' '));

/** The properties of a backend on this machine, or why it does not run. */
export type BackendReport = { readonly name: BackendName } & (
  | {
      readonly runs: true;
      readonly device: string;
      /** Kernels that handgrad calls and the backend lacks. */
      readonly missingKernels: readonly string[];
      /** The speed of a 256x784 by 784x256 product, the largest of the post. */
      readonly gflops: number;
      /** The largest error of that product against float64, relative to its largest number. */
      readonly largestError: number;
    }
  | { readonly runs: false; readonly reason: string }
);

const [M, K, N] = [256, 784, 256];
const MEASURE_MS = 300;

/** Starts a backend in a separate process, so that one that crashes counts as one that does not run. */
export async function probeBackend(name: BackendName, options: BackendOptions): Promise<BackendReport> {
  const code = `require(${JSON.stringify(__filename)}).probeHere(${JSON.stringify(name)}, ${JSON.stringify(options)})
    .then((report) => process.send(report));`;
  const end = await runScript(code);
  return (end.answer as BackendReport | undefined) ?? { name, runs: false, reason: lastWords(end) };
}

/** `probeBackend` in this process: the backend stays TensorFlow.js's current one. */
export async function probeHere(name: BackendName, options: BackendOptions): Promise<BackendReport> {
  let device: string;
  try {
    ({ device } = await selectBackend(name, options));
  } catch (error) {
    if (!(error instanceof HandgradError)) throw error;
    return { name, runs: false, reason: error.message.replace(/^.*? cannot run here: /, '').replace(/\.$/, '') };
  }
  const registered = new Set(tf.getKernelsForBackend(tf.getBackend()).map(({ kernelName }) => kernelName));
  const missingKernels = KERNELS.filter((kernelName) => !registered.has(kernelName));
  return { name, runs: true, device, missingKernels, ...(await measureProduct()) };
}

async function measureProduct(): Promise<{ gflops: number; largestError: number }> {
  const random = createRandom(0, 'gradcheck');
  const [a, b] = [M * K, K * N].map((size) => Float32Array.from({ length: size }, () => random.normal(0, 1)));
  const left = tf.tensor2d(a!, [M, K]);
  const right = tf.tensor2d(b!, [K, N]);
  const product = async () => {
    const result = tf.matMul(left, right);
    const values = await result.data();
    result.dispose();
    return values;
  };
  const found = await product(); // the first one compiles and allocates
  let rounds = 0;
  const started = performance.now();
  // Only the last product is read: reading all would measure a GPU's bus.
  for (let batch = 1; performance.now() - started < MEASURE_MS; batch *= 2) {
    for (let i = 1; i < batch; i++, rounds++) tf.dispose(tf.matMul(left, right));
    await product();
    rounds++;
  }
  const seconds = (performance.now() - started) / 1000;
  tf.dispose([left, right]);
  return { gflops: (2 * M * K * N * rounds) / seconds / 1e9, largestError: errorOf(found, a!, b!) };
}

/** The largest error of a product against float64, relative to its largest number. */
function errorOf(found: ArrayLike<number>, a: Float32Array, b: Float32Array): number {
  let [largest, error] = [0, 0];
  const row = new Float64Array(N);
  for (let i = 0; i < M; i++) {
    row.fill(0);
    for (let k = 0; k < K; k++) {
      const value = a[i * K + k]!;
      for (let j = 0; j < N; j++) row[j]! += value * b[k * N + j]!;
    }
    for (let j = 0; j < N; j++) {
      largest = Math.max(largest, Math.abs(row[j]!));
      error = Math.max(error, Math.abs(row[j]! - found[i * N + j]!));
    }
  }
  return error / largest;
}
