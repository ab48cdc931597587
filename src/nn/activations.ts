import * as tf from '@tensorflow/tfjs-core';

// An activation is applied to each element by itself, so Z, H, dZ and dH all have one shape: [n, o].

/** A function of one number, applied to every element, and its derivative in the form that the backward pass uses. */
export interface Activation {
  /** H = f(Z). */
  forward(Z: tf.Tensor2D): tf.Tensor2D;
  /** dZ = dH ⊙ f'(Z), given what went in and what came out: some derivatives are simpler in H than in Z. */
  backward(dH: tf.Tensor2D, Z: tf.Tensor2D, H: tf.Tensor2D): tf.Tensor2D;
  /** Whether f has a corner at 0, and so no derivative there. */
  readonly corner?: boolean;
}

/**
 * Rectified linear unit: **H = max(Z, 0)**, as in the post.
 * @param Z [n, o]
 * @returns H [n, o]
 */
export function relu(Z: tf.Tensor2D): tf.Tensor2D {
  return tf.maximum(Z, 0);
}

/**
 * H grows with Z at slope 1 where Z > 0 and is constant where Z < 0, so **dZ = dH ⊙ 1[Z > 0]**. At Z = 0 there is a
 * corner and no derivative: any value between 0 and 1 is a subgradient, and 0 is the customary one. H > 0 exactly
 * where Z > 0, so the mask can be taken from H: step(H) is 1 where H > 0 and 0 elsewhere.
 * @param dH [n, o]
 * @param H [n, o], what `relu` returned
 * @returns dZ [n, o]
 */
export function reluBackward(dH: tf.Tensor2D, H: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(dH, tf.step(H));
}

/** The slope of `leakyRelu` below 0. */
const LEAK = 0.01;

/**
 * Leaky ReLU: **H = max(Z, 0.01 Z)**, so that an inactive unit still learns.
 * @param Z [n, o]
 * @returns H [n, o]
 */
export function leakyRelu(Z: tf.Tensor2D): tf.Tensor2D {
  return tf.maximum(Z, tf.mul(Z, LEAK));
}

/**
 * Slope 1 where Z > 0 and 0.01 elsewhere: **dZ = dH ⊙ (0.01 + 0.99 · 1[Z > 0])**. H has the sign of Z.
 * @param dH [n, o]
 * @param H [n, o], what `leakyRelu` returned
 * @returns dZ [n, o]
 */
export function leakyReluBackward(dH: tf.Tensor2D, H: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(dH, tf.add(LEAK, tf.mul(tf.step(H), 1 - LEAK)));
}

/**
 * Hyperbolic tangent: **H = (e^Z - e^-Z) / (e^Z + e^-Z)**, between -1 and 1.
 * @param Z [n, o]
 * @returns H [n, o]
 */
export function tanh(Z: tf.Tensor2D): tf.Tensor2D {
  return tf.tanh(Z);
}

/**
 * By the quotient rule f' = 1 - f², so **dZ = dH ⊙ (1 - H²)**.
 * @param dH [n, o]
 * @param H [n, o], what `tanh` returned
 * @returns dZ [n, o]
 */
export function tanhBackward(dH: tf.Tensor2D, H: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(dH, tf.sub(1, tf.square(H)));
}

/**
 * Logistic function: **H = 1 / (1 + e^-Z)**, between 0 and 1.
 * @param Z [n, o]
 * @returns H [n, o]
 */
export function sigmoid(Z: tf.Tensor2D): tf.Tensor2D {
  return tf.sigmoid(Z);
}

/**
 * f' = e^-Z / (1 + e^-Z)² = f (1 - f), so **dZ = dH ⊙ H ⊙ (1 - H)**.
 * @param dH [n, o]
 * @param H [n, o], what `sigmoid` returned
 * @returns dZ [n, o]
 */
export function sigmoidBackward(dH: tf.Tensor2D, H: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(dH, tf.mul(H, tf.sub(1, H)));
}

/**
 * Sigmoid linear unit, or swish (Elfwing et al. 2018): **H = Z ⊙ G** with the gate G = σ(Z), the logistic function. It
 * is ReLU with the corner smoothed.
 * @param Z [n, o]
 * @returns H [n, o]
 */
export function silu(Z: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(Z, tf.sigmoid(Z));
}

/**
 * By the product rule f' = G + Z G (1 - G) = G + H (1 - G), so **dZ = dH ⊙ (G + H ⊙ (1 - G))**.
 * @param dH [n, o]
 * @param Z [n, o], what `silu` was given
 * @param H [n, o], what it returned
 * @returns dZ [n, o]
 */
export function siluBackward(dH: tf.Tensor2D, Z: tf.Tensor2D, H: tf.Tensor2D): tf.Tensor2D {
  const G = tf.sigmoid(Z);
  return tf.mul(dH, tf.add(G, tf.mul(H, tf.sub(1, G))));
}

const GELU_SCALE = Math.sqrt(2 / Math.PI);
const GELU_CUBIC = 0.044715;

/** The gate G = tanh(u), u = √(2/π) (Z + 0.044715 Z³), and Z². */
function geluGate(Z: tf.Tensor2D): { G: tf.Tensor2D; ZZ: tf.Tensor2D } {
  const ZZ = tf.square(Z);
  return { G: tf.tanh(tf.mul(tf.mul(Z, GELU_SCALE), tf.add(1, tf.mul(ZZ, GELU_CUBIC)))), ZZ };
}

/**
 * Gaussian error linear unit in its **tanh form** (Hendrycks and Gimpel 2016): **H = Z/2 (1 + G)** with
 * G = tanh(√(2/π) (Z + 0.044715 Z³)). It is within 0.0005 of the exact Z Φ(Z), whose erf not every backend has. The
 * same as PyTorch's `gelu(approximate='tanh')`.
 * @param Z [n, o]
 * @returns H [n, o]
 */
export function gelu(Z: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(tf.mul(Z, 0.5), tf.add(1, geluGate(Z).G));
}

/**
 * With u the argument of the tanh, u' = √(2/π) (1 + 3 · 0.044715 Z²), and the product and chain rules give
 * f' = (1 + G)/2 + Z/2 (1 - G²) u'. **dZ = dH ⊙ f'**.
 * @param dH [n, o]
 * @param Z [n, o], what `gelu` was given
 * @returns dZ [n, o]
 */
export function geluBackward(dH: tf.Tensor2D, Z: tf.Tensor2D): tf.Tensor2D {
  const { G, ZZ } = geluGate(Z);
  const du = tf.mul(tf.add(1, tf.mul(ZZ, 3 * GELU_CUBIC)), GELU_SCALE);
  const slope = tf.add(tf.add(1, G), tf.mul(tf.mul(Z, tf.sub(1, tf.square(G))), du));
  return tf.mul(dH, tf.mul(slope, 0.5));
}

/** Every activation that a hidden layer can have, by the name that users give. */
export const ACTIVATIONS = {
  relu: { forward: relu, backward: (dH, _Z, H) => reluBackward(dH, H), corner: true },
  'leaky-relu': { forward: leakyRelu, backward: (dH, _Z, H) => leakyReluBackward(dH, H), corner: true },
  tanh: { forward: tanh, backward: (dH, _Z, H) => tanhBackward(dH, H) },
  sigmoid: { forward: sigmoid, backward: (dH, _Z, H) => sigmoidBackward(dH, H) },
  gelu: { forward: gelu, backward: geluBackward },
  silu: { forward: silu, backward: siluBackward },
} satisfies Record<string, Activation>;

/** The name of an activation. */
export type ActivationName = keyof typeof ACTIVATIONS;
