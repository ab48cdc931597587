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

/** The slope of `leakyRelu` below 0. */
const LEAK = 0.01;

/**
 * ReLU that leaks: Y = max(X, 0.01 X), so that a silent unit still learns.
 * @param X [n, o]
 * @returns Y [n, o]
 */
export function leakyRelu(X: tf.Tensor2D): tf.Tensor2D {
  return tf.maximum(X, tf.mul(X, LEAK));
}

/**
 * Slope 1 where X > 0 and 0.01 elsewhere: dX = dY ⊙ (0.01 + 0.99 · 1[X > 0]). Y has the sign of X.
 * @param dY [n, o]
 * @param Y [n, o], what `leakyRelu` returned
 * @returns dX [n, o]
 */
export function leakyReluBackward(dY: tf.Tensor2D, Y: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(dY, tf.add(LEAK, tf.mul(tf.step(Y), 1 - LEAK)));
}

/**
 * Hyperbolic tangent: Y = (e^X - e^-X) / (e^X + e^-X), between -1 and 1.
 * @param X [n, o]
 * @returns Y [n, o]
 */
export function tanh(X: tf.Tensor2D): tf.Tensor2D {
  return tf.tanh(X);
}

/**
 * By the quotient rule f' = 1 - f², so dX = dY ⊙ (1 - Y²).
 * @param dY [n, o]
 * @param Y [n, o], what `tanh` returned
 * @returns dX [n, o]
 */
export function tanhBackward(dY: tf.Tensor2D, Y: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(dY, tf.sub(1, tf.square(Y)));
}

/**
 * Logistic function: Y = 1 / (1 + e^-X), between 0 and 1.
 * @param X [n, o]
 * @returns Y [n, o]
 */
export function sigmoid(X: tf.Tensor2D): tf.Tensor2D {
  return tf.sigmoid(X);
}

/**
 * f' = e^-X / (1 + e^-X)² = f (1 - f), so dX = dY ⊙ Y ⊙ (1 - Y).
 * @param dY [n, o]
 * @param Y [n, o], what `sigmoid` returned
 * @returns dX [n, o]
 */
export function sigmoidBackward(dY: tf.Tensor2D, Y: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(dY, tf.mul(Y, tf.sub(1, Y)));
}

/**
 * Sigmoid linear unit, or swish (Elfwing et al. 2018): Y = X σ(X) with σ the logistic function. ReLU with the corner smoothed.
 * @param X [n, o]
 * @returns Y [n, o]
 */
export function silu(X: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(X, tf.sigmoid(X));
}

/**
 * By the product rule f' = σ + X σ (1 - σ) = σ + Y (1 - σ), so dX = dY ⊙ (σ + Y ⊙ (1 - σ)).
 * @param dY [n, o]
 * @param X [n, o], what `silu` was given
 * @param Y [n, o], what it returned
 * @returns dX [n, o]
 */
export function siluBackward(dY: tf.Tensor2D, X: tf.Tensor2D, Y: tf.Tensor2D): tf.Tensor2D {
  const S = tf.sigmoid(X);
  return tf.mul(dY, tf.add(S, tf.mul(Y, tf.sub(1, S))));
}

const GELU_SCALE = Math.sqrt(2 / Math.PI);
const GELU_CUBIC = 0.044715;

/** T = tanh(u), u = √(2/π) (X + 0.044715 X³), and X². */
function geluTanh(X: tf.Tensor2D): { T: tf.Tensor2D; XX: tf.Tensor2D } {
  const XX = tf.square(X);
  return { T: tf.tanh(tf.mul(tf.mul(X, GELU_SCALE), tf.add(1, tf.mul(XX, GELU_CUBIC)))), XX };
}

/**
 * Gaussian error linear unit in its **tanh form** (Hendrycks and Gimpel 2016): Y = X/2 (1 + T) with
 * T = tanh(√(2/π) (X + 0.044715 X³)). It is within 0.0005 of the exact X Φ(X), whose erf not every backend has. The same as
 * PyTorch's `gelu(approximate='tanh')`.
 * @param X [n, o]
 * @returns Y [n, o]
 */
export function gelu(X: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(tf.mul(X, 0.5), tf.add(1, geluTanh(X).T));
}

/**
 * With u the argument of the tanh, u' = √(2/π) (1 + 3 · 0.044715 X²), and the product and chain rules give
 * f' = (1 + T)/2 + X/2 (1 - T²) u'. dX = dY ⊙ f'.
 * @param dY [n, o]
 * @param X [n, o], what `gelu` was given
 * @returns dX [n, o]
 */
export function geluBackward(dY: tf.Tensor2D, X: tf.Tensor2D): tf.Tensor2D {
  const { T, XX } = geluTanh(X);
  const du = tf.mul(tf.add(1, tf.mul(XX, 3 * GELU_CUBIC)), GELU_SCALE);
  const slope = tf.add(tf.add(1, T), tf.mul(tf.mul(X, tf.sub(1, tf.square(T))), du));
  return tf.mul(dY, tf.mul(slope, 0.5));
}

/** Every activation that a hidden layer can have, by the name that users give. */
export const ACTIVATIONS = {
  relu: { forward: relu, backward: (dY, _X, Y) => reluBackward(dY, Y) },
  'leaky-relu': { forward: leakyRelu, backward: (dY, _X, Y) => leakyReluBackward(dY, Y) },
  tanh: { forward: tanh, backward: (dY, _X, Y) => tanhBackward(dY, Y) },
  sigmoid: { forward: sigmoid, backward: (dY, _X, Y) => sigmoidBackward(dY, Y) },
  gelu: { forward: gelu, backward: geluBackward },
  silu: { forward: silu, backward: siluBackward },
} satisfies Record<string, Activation>;

export type ActivationName = keyof typeof ACTIVATIONS;
