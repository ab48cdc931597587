import * as tf from '@tensorflow/tfjs-core';
import path from 'node:path';
import type { mlp } from '../../src/nn/mlp';
import type { NormalizedLayer } from '../../src/nn/batchNorm';
import { parametersOf, type TrainableNetwork } from '../../src/nn/network';
import { readSafetensors, type Safetensors } from '../../src/model/safetensors';
import type { createLoss, LossName } from '../../src/nn/losses';
import type { createOptimizer, OptimizerName, OptimizerOptions } from '../../src/optim/optimizers';
import type { inferenceNetwork, replaceTensors, startState } from '../../src/training/trainState';
import type { StepOptions, trainStep } from '../../src/training/trainStep';

// Ten steps of the real `trainStep` against PyTorch's own optimizers, losses and batch normalization, from the same
// parameters over the same batches (fixtures/make_trajectories.py ran them).

export const RUNS: Record<string, Run> = {
  sgd: { lr: 0.1 },
  'sgd-decay': { lr: 0.1, weightDecay: 0.02 },
  momentum: { rule: 'momentum', lr: 0.05, weightDecay: 0.02 },
  nesterov: { rule: 'nesterov', lr: 0.05, momentum: 0.8, weightDecay: 0.02 },
  rmsprop: { rule: 'rmsprop', lr: 0.01, beta2: 0.95, weightDecay: 0.02 },
  adam: { rule: 'adam', lr: 0.02, beta1: 0.8, beta2: 0.99, weightDecay: 0.02 },
  adamw: { rule: 'adamw', lr: 0.02, weightDecay: 0.1 },
  clip: { lr: 0.5, clipNorm: 0.3 },
  smooth: { lr: 0.1, labelSmoothing: 0.1 },
  'batch-norm': { lr: 0.1, batchNorm: true },
  'batch-norm-adamw': { rule: 'adamw', lr: 0.02, weightDecay: 0.1, clipNorm: 1, labelSmoothing: 0.1, batchNorm: true },
  mse: { lr: 0.1, loss: 'mse' },
  huber: { rule: 'adam', lr: 0.02, loss: 'huber', delta: 0.5 },
  weighted: { lr: 0.1, weights: 'of classes' },
  'weighted-mse': { lr: 0.1, loss: 'mse', weights: 'of samples', batchNorm: true },
  'weighted-huber': { lr: 0.1, loss: 'huber', delta: 0.8, weights: 'of samples' },
};

interface Run extends OptimizerOptions, Pick<StepOptions, 'labelSmoothing'> {
  readonly rule?: OptimizerName;
  readonly lr: number;
  readonly clipNorm?: number;
  readonly batchNorm?: true;
  readonly loss?: LossName;
  readonly delta?: number;
  readonly weights?: 'of classes' | 'of samples';
}

/** What the steps are made of: the source, or a copy of it in which something is wrong. */
export interface Source {
  readonly trainStep: typeof trainStep;
  readonly startState: typeof startState;
  readonly replaceTensors: typeof replaceTensors;
  readonly inferenceNetwork: typeof inferenceNetwork;
  readonly createOptimizer: typeof createOptimizer;
  readonly createLoss: typeof createLoss;
  readonly mlp: typeof mlp;
}

export const readTrajectories = (): Promise<Safetensors> =>
  readSafetensors(path.join(__dirname, 'fixtures', 'trajectories.safetensors'));

/**
 * Takes the ten steps of a run.
 * @returns how far losses, parameters, running statistics and the logits of the inference network are from PyTorch's,
 * by name:
 *   the length of the difference over the length of PyTorch's
 */
export function deviations(name: string, file: Safetensors, source: Source): Record<string, number> {
  const { rule = 'sgd', lr, batchNorm, labelSmoothing, loss: lossName, delta, weights, ...options } = RUNS[name]!;
  const tensor = <R extends tf.Rank>(of: string) => {
    const { data, shape } = file.tensors.get(of)!;
    return tf.tensor<R>(data as Float32Array, [...shape] as tf.ShapeMap[R]);
  };
  const found: Record<string, number> = {};
  const compare = (what: string, actual: tf.Tensor) => {
    const [a, e] = [actual.dataSync(), tensor(`${name}.${what}`).dataSync()];
    if (a.length !== e.length) throw new Error(`${name}.${what}: ${a.length} numbers instead of ${e.length}`);
    const length = (values: Iterable<number>) => Math.hypot(...values);
    found[what] = length(Array.from(a, (value, i) => value - e[i]!)) / length(e);
  };
  const layer = (l: number) => ({ W: tensor<tf.Rank.R2>(`W${l}`), b: tensor<tf.Rank.R1>(`b${l}`) });
  const normalized = (l: number): NormalizedLayer => {
    const { W, b } = layer(l);
    return { W, norm: { g: tensor(`g${l}`), b, mean: tf.zerosLike(b), variance: tf.onesLike(b) } };
  };
  const hidden = batchNorm ? normalized : layer;
  const network: TrainableNetwork = { layers: [hidden(1), hidden(2), layer(3)], activation: 'relu' };
  const optimizer = source.createOptimizer(rule, lr, options);
  const state = source.startState(network, optimizer);
  const loss = lossName && source.createLoss(lossName, { delta });
  const labels = tensor<tf.Rank.R2>('y');
  const matrix = (of: string, step: number) =>
    tf.squeeze<tf.Tensor2D>(tf.slice(tensor<tf.Rank.R3>(of), [step, 0, 0], [1, -1, -1]), [0]);
  const batch = (step: number) => {
    const y = tf.cast(tf.squeeze<tf.Tensor1D>(tf.slice(labels, [step, 0], [1, -1]), [0]), 'int32');
    return {
      X: matrix('X', step),
      y,
      ...(lossName && { T: matrix('T', step) }),
      ...(weights === 'of samples' && { w: matrix('w', step) }),
      ...(weights === 'of classes' && {
        w: weightsWithMean1(Array.from(y.dataSync(), (c) => file.tensors.get('c')!.data[c] as number)),
      }),
    };
  };
  const losses = Array.from({ length: 10 }, (_, step) => {
    source.replaceTensors(state, source.trainStep(batch(step), state, { optimizer, labelSmoothing, loss }));
    state.step++;
    return state.losses.last.dataSync()[0]!;
  });
  compare('losses', tf.tensor1d(losses));
  for (const { name, tensor } of parametersOf(state.network)) compare(`final.${name}`, tensor);
  state.network.layers.forEach((layer, l) => {
    if (!('norm' in layer)) return;
    compare(`mean${l + 1}`, layer.norm.mean);
    compare(`variance${l + 1}`, layer.norm.variance);
  });
  compare('logits', source.mlp(batch(0).X, source.inferenceNetwork(state)));
  return found;
}

/** PyTorch's loss with weights divides by their sum in the batch, ours by n: the same for weights of mean 1. */
function weightsWithMean1(weights: readonly number[]): tf.Tensor2D {
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
  return tf.tensor2d(
    weights.map((weight) => weight / mean),
    [weights.length, 1],
  );
}
