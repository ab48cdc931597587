import type * as tf from '@tensorflow/tfjs-core';

/**
 * One step of a network, such as the linear map of a layer or its activation: forward from X to Y, and backward from
 * dY. Both are pure. `Kept` is what backward needs besides X and Y, by name.
 */
export interface Step<Kept = unknown> {
  forward(X: tf.Tensor2D): { readonly Y: tf.Tensor2D } & Kept;
  /** The gradients of the step's own parameters, where it has any; and dX, which is computed when it is called. */
  backward(dY: tf.Tensor2D, taken: Taken & Kept): { readonly grads?: LayerGradients; readonly dX: () => tf.Tensor2D };
}

/** What went into a step and what came out, [n, inputs] and [n, outputs]. */
export interface Taken {
  readonly X: tf.Tensor2D;
  readonly Y: tf.Tensor2D;
}

/** The steps that the forward pass took, in order, each with its record. */
export type Trace = readonly (Taken & { readonly step: Step })[];

/** The gradients of a layer, shaped like its parameters; dg only with batch normalization. */
export type LayerGradients = { readonly dW: tf.Tensor2D; readonly db: tf.Tensor1D; readonly dg?: tf.Tensor1D };
