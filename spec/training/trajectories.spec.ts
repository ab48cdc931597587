import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import path from 'node:path';
import { mlp } from '../../src/nn/mlp';
import { readSafetensors, type Safetensors } from '../../src/runs/safetensors';
import { networkInUse } from '../../src/training/networkInUse';
import { replaceTensors, startState } from '../../src/training/trainState';
import { type StepOptions, trainStep } from '../../src/training/trainStep';
import { onEachEngine } from '../engine';

// Ten steps of the real `trainStep` against PyTorch's own optimizers and batch normalisation, from the same parameters over
// the same batches (fixtures/make_trajectories.py ran them).

const RUNS: Record<string, StepOptions & { batchNorm?: true }> = {
  sgd: { lr: 0.1 },
  'sgd-decay': { lr: 0.1, optimizerOptions: { weightDecay: 0.02 } },
  momentum: { lr: 0.05, optimizer: 'momentum', optimizerOptions: { weightDecay: 0.02 } },
  nesterov: { lr: 0.05, optimizer: 'nesterov', optimizerOptions: { momentum: 0.8, weightDecay: 0.02 } },
  rmsprop: { lr: 0.01, optimizer: 'rmsprop', optimizerOptions: { beta2: 0.95, weightDecay: 0.02 } },
  adam: { lr: 0.02, optimizer: 'adam', optimizerOptions: { beta1: 0.8, beta2: 0.99, weightDecay: 0.02 } },
  adamw: { lr: 0.02, optimizer: 'adamw', optimizerOptions: { weightDecay: 0.1 } },
  clip: { lr: 0.5, clipNorm: 0.3 },
  smooth: { lr: 0.1, labelSmoothing: 0.1 },
  'batch-norm': { lr: 0.1, batchNorm: true },
  'batch-norm-adamw': {
    lr: 0.02,
    optimizer: 'adamw',
    optimizerOptions: { weightDecay: 0.1 },
    clipNorm: 1,
    labelSmoothing: 0.1,
    batchNorm: true,
  },
};

describe('ten steps, against PyTorch', () => {
  let file: Safetensors;
  before(async () => {
    file = await readSafetensors(path.join(__dirname, 'fixtures', 'trajectories.safetensors'));
  });
  const tensor = (name: string) => {
    const { data, shape } = file.tensors.get(name)!;
    return tf.tensor(data as Float32Array, [...shape]);
  };
  const expectNear = (name: string, actual: tf.Tensor) => {
    const [a, e] = [actual.dataSync(), tensor(name).dataSync()];
    expect(a.length, name).to.equal(e.length);
    const length = (values: Iterable<number>) => Math.hypot(...values);
    expect(length(Array.from(a, (value, i) => value - e[i]!)) / length(e), name).to.be.lessThan(1e-5);
  };

  onEachEngine(() => {
    for (const [name, { batchNorm, ...options }] of Object.entries(RUNS)) {
      it(`${name}: losses, parameters, statistics, and the network in use are within 1e-5`, () => {
        const names = ['W1', 'b1', 'g1', 'W2', 'b2', 'g2', 'W3', 'b3'].filter((key) => batchNorm || key[0] !== 'g');
        const state = startState(names.map(tensor), options.optimizer);
        const [X, y] = [tensor('X') as tf.Tensor3D, tensor('y') as tf.Tensor2D];
        const batch = (step: number) => ({
          X: tf.squeeze<tf.Tensor2D>(tf.slice(X, [step, 0, 0], [1, -1, -1]), [0]),
          y: tf.cast(tf.squeeze<tf.Tensor1D>(tf.slice(y, [step, 0], [1, -1]), [0]), 'int32'),
        });
        const losses = Array.from({ length: 10 }, (_, step) => {
          replaceTensors(state, trainStep(batch(step), state, options));
          state.step++;
          return state.losses[1]!.dataSync()[0]!;
        });
        expectNear(`${name}.losses`, tf.tensor1d(losses));
        names.forEach((key, i) => expectNear(`${name}.final.${key}`, state.params[i]!));
        expect(state.statistics).to.have.length(batchNorm ? 4 : 0);
        state.statistics.forEach((statistic, i) => {
          expectNear(`${name}.${i % 2 === 0 ? 'mean' : 'variance'}${Math.floor(i / 2) + 1}`, statistic);
        });
        expectNear(`${name}.logits`, mlp(batch(0).X, networkInUse(state)));
      });
    }
  });
});
