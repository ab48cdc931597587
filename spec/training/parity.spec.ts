import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import path from 'node:path';
import { lossAndGradients, parameterNames } from '../../src/nn/mlp';
import { oneHot } from '../../src/nn/softmaxCrossEntropy';
import { updater } from '../../src/optim/sgd';
import { readSafetensors, type Safetensors } from '../../src/model/safetensors';
import { onEachBackend } from '../backend';

// The post's PyTorch code, run from given weights over given batches, is the reference (fixtures/make_parity.py ran it).

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
    const names = parameterNames(Array.from({ length: numParams }, (_, i) => ({ shape: i % 2 === 0 ? [1, 1] : [1] })));

    onEachBackend(() => {
      it('50 losses, the first gradients and the final parameters are within 1e-5', () => {
        let params: tf.Tensor[] = names.map((name) => tf.tensor(numbers(name), [...file.tensors.get(name)!.shape]));
        const numOutputs = params.at(-1)!.size;
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
          const { loss, grads } = lossAndGradients(X, oneHot(y, numOutputs), params);
          if (step === 0) {
            names.forEach((name, i) => {
              const expected = numbers(`float32.d${name}`);
              expect(relativeError(grads[i]!.dataSync(), expected), `d${name}`).to.be.lessThan(1e-5);
            });
          }
          params = updater(params, grads, LR);
          return loss.dataSync()[0]!;
        });
        losses.forEach((loss, step) => {
          expect(Math.abs(loss / expectedLosses[step]! - 1), `loss of step ${step}`).to.be.lessThan(1e-5);
        });
        expect(losses[49]).to.be.lessThan(losses[0]! * 0.8, 'the network learned something');
        names.forEach((name, i) => {
          const expected = numbers(`float32.final.${name}`);
          expect(relativeError(params[i]!.dataSync(), expected), name).to.be.lessThan(1e-5);
        });
      });
    });
  });
}
