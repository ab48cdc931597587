import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import path from 'node:path';
import { lossAndGradients, plainSteps } from '../../src/nn/mlp';
import { listGradients, parametersOf, withParameters } from '../../src/nn/network';
import { oneHot } from '../../src/nn/targets';
import { networkOf } from '../../src/model/parameters';
import { updater } from '../../src/optim/sgd';
import { readSafetensors, type Safetensors } from '../../src/model/safetensors';
import { onEachBackend } from '../backend';

// The post's PyTorch code, run from given weights over given batches, is the reference (fixtures/make_parity.py ran
// it).

const LR = 0.1;

/** |actual - expected| / |expected|, the lengths over all entries. */
function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).to.equal(expected.length);
  const difference = Math.hypot(...Array.from(actual, (value, i) => value - expected[i]!));
  return difference / Math.hypot(...Array.from(expected));
}

for (const [fixture, numParams] of [
  ['parity.safetensors', 4],
  ['parity-deep.safetensors', 6],
] as const) {
  describe(`parity with PyTorch: ${fixture}`, () => {
    let file: Safetensors;
    before(async () => {
      file = await readSafetensors(path.join(__dirname, 'fixtures', fixture));
    });
    const numbers = (name: string) => file.tensors.get(name)!.data as Float32Array;
    const names = Array.from({ length: numParams / 2 }, (_, l) => [`W${l + 1}`, `b${l + 1}`]).flat();

    onEachBackend(() => {
      it('50 losses, the first gradients and the final parameters are within 1e-5', () => {
        const saved = names.map((name) => ({ name, data: numbers(name), shape: file.tensors.get(name)!.shape }));
        let network = networkOf(saved, 'relu');
        const numOutputs = saved.at(-1)!.data.length;
        const [numBatches, batchSize, numInputs] = file.tensors.get('X')!.shape as [number, number, number];
        const pixels = numbers('X');
        const classes = numbers('y');
        const expectedLosses = numbers('float32.losses');
        expect(expectedLosses).to.have.length(50);
        const losses = Array.from(expectedLosses, (_, step) => {
          const at = step % numBatches;
          const size = batchSize * numInputs;
          const X = tf.tensor2d(
            Float32Array.from(pixels.subarray(at * size, (at + 1) * size), (pixel) => pixel / 255),
            [batchSize, numInputs],
          );
          const y = tf.tensor1d(Int32Array.from(classes.subarray(at * batchSize, (at + 1) * batchSize)), 'int32');
          const { loss, grads: byLayer } = lossAndGradients(X, oneHot(y, numOutputs), plainSteps(network));
          const grads = listGradients(byLayer);
          if (step === 0) {
            names.forEach((name, i) => {
              const expected = numbers(`float32.d${name}`);
              expect(relativeError(grads[i]!.dataSync(), expected), `d${name}`).to.be.lessThan(1e-5);
            });
          }
          const params = parametersOf(network).map(({ tensor }) => tensor);
          network = withParameters(network, updater(params, grads, LR));
          return loss.dataSync()[0]!;
        });
        losses.forEach((loss, step) => {
          expect(Math.abs(loss / expectedLosses[step]! - 1), `loss of step ${step}`).to.be.lessThan(1e-5);
        });
        expect(losses[49]).to.be.lessThan(losses[0]! * 0.8, 'the network learned something');
        for (const { name, tensor } of parametersOf(network)) {
          const expected = numbers(`float32.final.${name}`);
          expect(relativeError(tensor.dataSync(), expected), name).to.be.lessThan(1e-5);
        }
      });
    });
  });
}
