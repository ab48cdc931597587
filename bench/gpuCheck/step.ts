import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { readSafetensors } from '../../src/model/safetensors';
import { networkOf } from '../../src/model/parameters';
import { initParams } from '../../src/nn/initialize';
import { createLoss, LOSSES, type LossName } from '../../src/nn/losses';
import { lossAndGradients, mlp, plainSteps } from '../../src/nn/mlp';
import { listGradients, parametersOf, withParameters } from '../../src/nn/network';
import { oneHot } from '../../src/nn/targets';
import { createOptimizer } from '../../src/optim/optimizers';
import { updater } from '../../src/optim/sgd';
import { createRandom } from '../../src/random';
import { gradcheck } from '../../src/training/gradcheck';
import { inferenceNetwork, replaceTensors, startState } from '../../src/training/trainState';
import { trainStep } from '../../src/training/trainStep';
import { type BackendName, selectBackend } from '../../src/backends';
import { checkKernel, KERNEL_CASES } from '../../spec/backends/device/kernelCases';
import { deviations, readTrajectories, RUNS } from '../../spec/training/trajectory';

// A step of gpu-check that runs the backend in its own process: `node step.js NAME BACKEND`. Prints one line.

/** Random calls of every kernel, compared with TensorFlow.js's cpu backend, which computes in float64. */
async function kernels(backend: BackendName): Promise<string> {
  const wrong: string[] = [];
  for (const kernel of KERNEL_CASES) {
    await checkKernel(kernel, backend, 40).catch((error: unknown) => {
      wrong.push(`${kernel.name} (${(error as Error).message.split('\n').at(-1)})`);
    });
  }
  if (wrong.length > 0) throw new Error(`${wrong.length} of ${KERNEL_CASES.length} differ: ${wrong.join('; ')}`);
  return `${KERNEL_CASES.length} kernels as in float64`;
}

const LR = 0.1;

/** 50 steps from the same weights and batches as PyTorch, compared with its results. */
async function parity(): Promise<string> {
  let worst = 0;
  for (const fixture of ['parity.safetensors', 'parity-deep.safetensors']) {
    const { tensors } = await readSafetensors(path.join(__dirname, 'fixtures', fixture));
    const numbers = (name: string) => tensors.get(name)!.data as Float32Array;
    const names = [...tensors.keys()]
      .filter((name) => /^[Wb]\d+$/.test(name))
      .sort((a, b) => a.slice(1).localeCompare(b.slice(1)) || (a < b ? -1 : 1));
    let network = networkOf(
      names.map((name) => ({ name, data: numbers(name), shape: tensors.get(name)!.shape })),
      'relu',
    );
    const [batches, n, inputs] = tensors.get('X')!.shape as [number, number, number];
    const pixels = tf.div(tf.tensor3d(Float32Array.from(numbers('X')), [batches, n, inputs]), 255);
    const labels = tf.tensor2d(Int32Array.from(numbers('y')), [batches, n], 'int32');
    const losses = numbers('float32.losses');
    for (let step = 0; step < losses.length; step++) {
      const at = step % batches;
      const { loss, updated, grads } = tf.tidy(() => {
        const X = tf.reshape<tf.Rank.R2>(tf.slice(pixels, [at, 0, 0], [1, n, inputs]), [n, inputs]);
        const T = oneHot(tf.reshape<tf.Rank.R1>(tf.slice(labels, [at, 0], [1, n]), [n]), numbers(names.at(-1)!).length);
        const { loss, grads: byLayer } = lossAndGradients(X, T, plainSteps(network));
        const grads = listGradients(byLayer);
        const params = parametersOf(network).map(({ tensor }) => tensor);
        return { loss, updated: updater(params, grads, LR), grads: step === 0 ? grads : [] };
      });
      for (const [i, name] of (step === 0 ? names : []).entries()) {
        worst = Math.max(worst, relativeError(await grads[i]!.data(), numbers(`float32.d${name}`)));
      }
      worst = Math.max(worst, Math.abs((await loss.data())[0]! / losses[step]! - 1));
      network = withParameters(network, updated);
    }
    for (const [i, { tensor }] of parametersOf(network).entries()) {
      worst = Math.max(worst, relativeError(await tensor.data(), numbers(`float32.final.${names[i]}`)));
    }
  }
  if (!(worst < 1e-5)) throw new Error(`the largest relative error is ${worst.toExponential(1)}, above 1e-5`);
  return `losses, gradients, parameters within ${worst.toExponential(1)} of PyTorch's`;
}

/** Ten steps with every optimizer and every loss, from the same parameters and batches as PyTorch. */
async function trajectories(): Promise<string> {
  const file = await readTrajectories();
  const source = { trainStep, startState, replaceTensors, inferenceNetwork, createOptimizer, createLoss, mlp };
  const names = Object.keys(RUNS);
  const worst = names.map((name) => Math.max(...Object.values(tf.tidy(() => deviations(name, file, source)))));
  const wrong = names.filter((_, i) => !(worst[i]! < 1e-5));
  if (wrong.length > 0) throw new Error(`${wrong.join(', ')}: above 1e-5 (${worst.join(', ')})`);
  return `${names.length} runs of 10 steps within ${Math.max(...worst).toExponential(1)} of PyTorch's`;
}

/** The gradients of every loss, weighted and not, by finite differences. */
async function losses(): Promise<string> {
  let worst = 0;
  for (const loss of Object.keys(LOSSES) as LossName[]) {
    for (const weights of [undefined, [0.5, 2, 0, 1, 3, 0.1]]) {
      const random = createRandom(0, 'gradcheck');
      const network = initParams(20, 3, [16, 8], createRandom(0, 'init'), { init: 'he' });
      const normal = (n: number, k: number) =>
        tf.tensor2d(
          Float32Array.from({ length: n * k }, () => random.normal(0, 1)),
          [n, k],
        );
      const batch = {
        X: normal(6, 20),
        y: tf.tensor1d([1, 0, 2, 2, 1, 0], 'int32'),
        ...(loss !== 'cross-entropy' && { T: normal(6, 3) }),
        ...(weights && { w: tf.tensor2d(weights, [6, 1]) }),
      };
      for (const { name, entries, relativeError } of await gradcheck({ network, batch, random, loss })) {
        if (entries === 0 || !(relativeError < 1e-2)) throw new Error(`${loss}, ${name}: ${relativeError}`);
        worst = Math.max(worst, relativeError);
      }
    }
  }
  return `every loss, weighted and not, within ${worst.toExponential(1)} of the central difference`;
}

/** |a - b| / |b| over all entries. */
function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, length] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    length += b[i]! ** 2;
  }
  return Math.sqrt(difference / length);
}

const STEPS: Readonly<Record<string, (backend: BackendName) => Promise<string>>> = {
  kernels,
  parity,
  trajectories,
  losses,
};

async function main([name, backend]: readonly string[]): Promise<void> {
  await selectBackend('cpu');
  await selectBackend(backend as BackendName);
  process.stdout.write(`${await STEPS[name!]!(backend as BackendName)}\n`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
});
