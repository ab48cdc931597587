import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../random';

/** Draws a weight matrix. */
export type Initialiser = (random: Random, numInputs: number, numOutputs: number) => tf.Tensor2D;

/**
 * Small random weights, as in the post: each from a normal distribution with mean 0 and standard deviation 0.01. They must
 * differ, or all units of a layer would get equal gradients and stay one and the same for ever.
 * @returns W [numInputs, numOutputs]
 */
export function normal(random: Random, numInputs: number, numOutputs: number): tf.Tensor2D {
  return draw(numInputs, numOutputs, () => random.normal(0, 0.01));
}

/**
 * He et al. 2015: normal with variance 2 / numInputs. A sum of i products of variance v x² has variance i v x²; ReLU then
 * halves the mean square; so with v = 2 / i signals keep their size through any number of layers.
 * @returns W [numInputs, numOutputs]
 */
export function he(random: Random, numInputs: number, numOutputs: number): tf.Tensor2D {
  return draw(numInputs, numOutputs, () => random.normal(0, Math.sqrt(2 / numInputs)));
}

/**
 * Glorot and Bengio 2010: uniform in ±√(6 / (numInputs + numOutputs)), whose variance is 2 / (numInputs + numOutputs):
 * halfway between what keeps the signals' size forward (1 / inputs) and the gradients' backward (1 / outputs), for
 * activations of slope 1 at 0, such as tanh.
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
export const INITIALISERS = { normal, he, glorot } satisfies Record<string, Initialiser>;

export type InitialiserName = keyof typeof INITIALISERS;
