import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../src/backends';
import type { Device, MatrixProduct } from '../src/backends/device/device';
import type { DeviceBackend } from '../src/backends/device/deviceBackend';
import { loadDataset } from '../src/data/loadDataset';
import { initParams } from '../src/nn/initialize';
import { createOptimizer } from '../src/optim/optimizers';
import { createRandom } from '../src/random';
import { type Batch, dataIterator } from '../src/training/batches';
import { replaceTensors, startState } from '../src/training/trainState';
import { trainStep } from '../src/training/trainStep';
import { DATA } from './measure/work';
import type { Profile, Question } from './stepProfile';

/** Steps that are timed together. */
const PART = 20;

// A separate program, started by `profileStep`: profiles a step on a backend with our own kernels.

async function profile({ backend: name, dataset, dataDir, hidden, batchSize, steps }: Question): Promise<Profile> {
  const { device: description } = await selectBackend(name);
  const { device } = tf.backend() as unknown as DeviceBackend;
  const { train: samples } = await loadDataset(dataset, { dataDir });
  // Without a smaller last batch.
  const count = samples.count - (samples.count % batchSize);
  if (count === 0) throw new Error(`${dataset} has no batch of ${batchSize} samples.`);
  const batches = endless(dataIterator({ ...samples, count }, batchSize, { shuffleSeed: 0 }));
  const optimizer = createOptimizer('sgd', 0.1);
  const state = startState(initParams(samples.numInputs, DATA.numOutputs, hidden, createRandom(0, 'init')), optimizer);

  /** The time of a step, in microseconds: the median over parts of so many steps, each ending with a wait. */
  function train(count: number): number {
    const times: number[] = [];
    for (let done = 0; done < count; done += PART) {
      device.wait();
      const started = performance.now();
      for (let i = 0; i < PART; i++) {
        const batch = batches.next().value;
        replaceTensors(
          state,
          tf.tidy(() => trainStep(batch, state, { optimizer })),
        );
      }
      device.wait();
      times.push((1000 * (performance.now() - started)) / PART);
    }
    return median(times);
  }

  // Warm-up for JavaScript's compilers.
  train(2 * steps);
  const step = train(steps);
  const times = new Map<string, number[]>();
  const restore = replaceQueue(device, (label, queue) => {
    device.wait();
    const started = performance.now();
    queue();
    device.wait();
    const found = times.get(label);
    const micros = 1000 * (performance.now() - started);
    if (found) found.push(micros);
    else times.set(label, [micros]);
  });
  train(steps);
  restore();
  // Last, because nothing is computed from here on.
  replaceQueue(device, () => {});
  const javaScript = train(steps);
  const counted = PART * Math.ceil(steps / PART);
  const kernels = [...times].map(([kernel, all]) => ({
    kernel,
    calls: all.length / counted,
    // The median: a garbage collection pause says nothing about the kernel it interrupts.
    micros: (median(all) * all.length) / counted,
  }));
  return { backend: name, device: description, step, javaScript, kernels };
}

/** Endless passes. */
function* endless(batches: Iterable<Batch>): Generator<Batch, never> {
  for (;;) yield* batches;
}

/** Intercepts everything that is queued on the device. @returns a function that undoes it */
function replaceQueue(device: Device, take: (label: string, queue: () => void) => void): () => void {
  const [launch, multiply] = [device.launch.bind(device), device.multiply.bind(device)];
  device.launch = (kernel, ...rest) => take(kernel.name, () => launch(kernel, ...rest));
  device.multiply = (product) => take(productLabel(product), () => multiply(product));
  return () => Object.assign(device, { launch, multiply });
}

/** `product 256x784x256, Aᵀ`: [m, k] by [k, n], and which of the two is transposed. */
function productLabel({ m, k, n, transposeA, transposeB }: MatrixProduct): string {
  return `product ${m}x${k}x${n}${transposeA ? ', Aᵀ' : ''}${transposeB ? ', Bᵀ' : ''}`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

void profile(JSON.parse(process.argv[2]!) as Question).then((found) => console.log(JSON.stringify(found)));
