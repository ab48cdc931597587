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
  const values = Float32Array.from({ length: numInputs * numOutputs }, () => random.normal(0, 0.01));
  return tf.tensor2d(values, [numInputs, numOutputs]);
}

/** Every way to draw the initial weights, by the name that users give. */
export const INITIALISERS = { normal } satisfies Record<string, Initialiser>;

export type InitialiserName = keyof typeof INITIALISERS;
