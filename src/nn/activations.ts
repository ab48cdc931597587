import * as tf from '@tensorflow/tfjs-core';

// An activation is applied to each element by itself, so X, Y, dX and dY all have one shape: [n, o].

/** A function of one number, applied to every element, and its derivative as the backward pass uses it. */
export interface Activation {
  /** Y = f(X). */
  forward(X: tf.Tensor2D): tf.Tensor2D;
  /** dX = dY ⊙ f'(X), given what went in and what came out: some derivatives are simpler in Y than in X. */
  backward(dY: tf.Tensor2D, X: tf.Tensor2D, Y: tf.Tensor2D): tf.Tensor2D;
}

/**
 * Rectified linear unit: Y = max(X, 0), as the post writes it.
 * @param X [n, o]
 * @returns Y [n, o]
 */
export function relu(X: tf.Tensor2D): tf.Tensor2D {
  return tf.maximum(X, 0);
}

/**
 * Y grows with X at slope 1 where X > 0 and does not move where X < 0, so dX = dY ⊙ 1[X > 0]. At X = 0 there is a corner
 * and no derivative: any value between 0 and 1 is a subgradient, and 0 is the customary one. Y > 0 exactly where X > 0,
 * so the mask can be taken from Y: step(Y) is 1 where Y > 0 and 0 elsewhere.
 * @param dY [n, o]
 * @param Y [n, o], what `relu` returned
 * @returns dX [n, o]
 */
export function reluBackward(dY: tf.Tensor2D, Y: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(dY, tf.step(Y));
}

/** Every activation that a hidden layer can have, by the name that users give. */
export const ACTIVATIONS = {
  relu: { forward: relu, backward: (dY, _X, Y) => reluBackward(dY, Y) },
} satisfies Record<string, Activation>;

export type ActivationName = keyof typeof ACTIVATIONS;
