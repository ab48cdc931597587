import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../random';
import type { ActivationName } from './activations';
import type { Network } from './mlp';

/**
 * The post's `init_params`: a network with fresh parameters, the weights drawn and the biases 0.
 * @param numHiddens the width of the hidden layer, or of each from the first to the last; [] makes a linear classifier
 * @param random the `init` stream of the run
 */
export function initParams(
  numInputs: number,
  numOutputs: number,
  numHiddens: number | readonly number[],
  random: Random,
  { init = 'normal', activation = 'relu' }: { init?: InitializerName; activation?: ActivationName } = {},
): Network {
  const widths = [numInputs, ...[numHiddens].flat(), numOutputs];
  const layers = widths.slice(1).map((width, l) => ({
    W: INITIALIZERS[init](random, widths[l]!, width),
    b: tf.zeros<tf.Rank.R1>([width]),
  }));
  return { layers, activation };
}

/** Draws a weight matrix. */
export type Initializer = (random: Random, numInputs: number, numOutputs: number) => tf.Tensor2D;

/**
 * Small random weights, as in the post: each from a normal distribution with mean 0 and standard deviation 0.01. They
 * must differ, or all units of a layer would get equal gradients and remain equal.
 * @returns W [numInputs, numOutputs]
 */
export function normal(random: Random, numInputs: number, numOutputs: number): tf.Tensor2D {
  return draw(numInputs, numOutputs, () => random.normal(0, 0.01));
}

/**
 * He et al. 2015: normal with variance 2 / numInputs. A sum of i products of variance v x² has variance i v x²; ReLU
 * then halves the mean square; so with v = 2 / i signals keep their size through any number of layers.
 * @returns W [numInputs, numOutputs]
 */
export function he(random: Random, numInputs: number, numOutputs: number): tf.Tensor2D {
  return draw(numInputs, numOutputs, () => random.normal(0, Math.sqrt(2 / numInputs)));
}

/**
 * Glorot and Bengio 2010: uniform in ±√(6 / (numInputs + numOutputs)), whose variance is 2 / (numInputs + numOutputs):
 * halfway between what keeps the size of the signals forward (1 / inputs) and of the gradients backward (1 / outputs),
 * for activations of slope 1 at 0, such as tanh.
 * @returns W [numInputs, numOutputs]
 */
export function glorot(random: Random, numInputs: number, numOutputs: number): tf.Tensor2D {
  const limit = Math.sqrt(6 / (numInputs + numOutputs));
  return draw(numInputs, numOutputs, () => limit * (2 * random.uniform() - 1));
}

function draw(numInputs: number, numOutputs: number, next: () => number): tf.Tensor2D {
  return tf.tensor2d(Float32Array.from({ length: numInputs * numOutputs }, next), [numInputs, numOutputs]);
}

/** Every way to draw the initial weights, by the name that users give. */
export const INITIALIZERS = { normal, he, glorot } satisfies Record<string, Initializer>;

/** The name of an initializer. */
export type InitializerName = keyof typeof INITIALIZERS;
