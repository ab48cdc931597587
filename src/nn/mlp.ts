import * as tf from '@tensorflow/tfjs-core';
import { ACTIVATIONS, type ActivationName } from './activations';
import { linear, linearBackward, linearInputBackward } from './linear';
import { crossEntropy, type Loss } from './losses';
import type { LayerGradients, Step, Trace } from './step';

// With one hidden layer:
//   forward   Z = X·W1 + b1,  H = f(Z),  O = H·W2 + b2
//   backward  dW2 = Hᵀ·dO, db2 = Σ_r dO,  dH = dO·W2ᵀ,  dZ = dH ⊙ f'(Z),  dW1 = Xᵀ·dZ, db1 = Σ_r dZ

/** The parameters of a layer: W [inputs, outputs] and b [outputs]. One layer's outputs are the next one's inputs. */
export type Layer = { readonly W: tf.Tensor2D; readonly b: tf.Tensor1D };

/** The post's network, with any number of layers: linear, activation, linear, activation, …, linear. */
export type Network<L = Layer> = { readonly layers: L[]; readonly activation: ActivationName };

/** The linear map of a layer: Z = X·W + b. */
export const linearStep = ({ W, b }: Layer): Step => ({
  forward: (X) => ({ Y: linear(X, W, b) }),
  backward: (dZ, { X }) => ({ grads: linearBackward(dZ, X), dX: () => linearInputBackward(dZ, W) }),
});

/** Its activation: H = f(Z). It has no parameters. */
export const activationStep = (name: ActivationName): Step => ({
  forward: (Z) => ({ Y: ACTIVATIONS[name].forward(Z) }),
  backward: (dH, { X: Z, Y: H }) => ({ dX: () => ACTIVATIONS[name].backward(dH, Z, H) }),
});

/** The steps of the plain network. (`trainingSteps` adds batch normalization and dropout to the list.) */
export function plainSteps({ layers, activation }: Network): Step[] {
  return layers.flatMap((layer, l) => [...(l > 0 ? [activationStep(activation)] : []), linearStep(layer)]);
}

/** Forward, from X [n, numInputs] to the logits O [n, numOutputs]: every step takes what the one before it gave. */
export function forward(X: tf.Tensor2D, steps: readonly Step[]): { O: tf.Tensor2D; trace: Trace } {
  let O = X;
  const trace = steps.map((step) => {
    const taken = { step, X: O, ...step.forward(O) };
    O = taken.Y;
    return taken;
  });
  return { O, trace };
}

/**
 * Backpropagation, from dO [n, numOutputs]: the chain rule, walked from the last step to the first. The dX of a step
 * is the dY of the step before it.
 * @returns the gradients of the layers, from the first to the last
 */
export function backward(dO: tf.Tensor2D, trace: Trace): LayerGradients[] {
  const gradients: LayerGradients[] = [];
  let dY = () => dO;
  for (const { step, ...taken } of trace.toReversed()) {
    const { grads, dX } = step.backward(dY(), taken);
    if (grads) gradients.unshift(grads);
    dY = dX; // never called for the first step: the gradient of the pixels is not needed
  }
  return gradients;
}

/**
 * One batch forward, through the loss, and backward.
 * @param X [n, numInputs] samples
 * @param T [n, numOutputs] targets (see `targets.ts`)
 * @param lossOf the loss, the post's by default (see `losses.ts`)
 * @param w [n, 1] weights of the samples, if any
 * @returns the mean loss of the batch (scalar), the predictions P [n, numOutputs], the gradients of the layers, and the
 *   steps that were taken
 */
export function lossAndGradients(
  X: tf.Tensor2D,
  T: tf.Tensor2D,
  steps: readonly Step[],
  lossOf: Loss = crossEntropy,
  w?: tf.Tensor2D,
) {
  const { O, trace } = forward(X, steps);
  const { loss, P } = lossOf.forward(O, T, w);
  const grads = backward(lossOf.backward(P, T, w), trace);
  return { loss, P, grads, trace };
}

/**
 * The post's model.
 * @param X [n, …], samples of any shape with numInputs elements each (flattened, as in the post)
 * @returns O [n, numOutputs], the logits
 */
export function mlp(X: tf.Tensor, network: Network): tf.Tensor2D {
  const numInputs = network.layers[0]!.W.shape[0];
  const samples = X.rank === 2 ? (X as tf.Tensor2D) : tf.reshape<tf.Rank.R2>(X, [-1, numInputs]);
  return forward(samples, plainSteps(network)).O;
}
