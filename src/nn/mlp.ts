import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../random';
import { ACTIVATIONS, type ActivationName } from './activations';
import { INITIALISERS, type InitialiserName } from './initialise';
import { linear, linearBackward, linearInputBackward } from './linear';
import { softmaxCrossEntropy, softmaxCrossEntropyBackward } from './softmaxCrossEntropy';

/**
 * The parameters of a network, in the post's order: [W1, b1, W2, b2, …]. Layer l multiplies by W [inputs, outputs] and adds
 * b [outputs]; one layer's outputs are the next one's inputs. Gradients have the same form.
 */
export type Params = readonly tf.Tensor[];

interface Layer {
  readonly W: tf.Tensor2D;
  readonly b: tf.Tensor1D;
}

/** What the forward pass keeps for the backward pass. */
export interface Trace {
  /** inputs[l] [n, numInputs of layer l] is what layer l multiplied: X, H1, H2, … */
  readonly inputs: readonly tf.Tensor2D[];
  /** sums[l] [n, numOutputs of layer l] is inputs[l]·W + b; of the last layer, the logits O. */
  readonly sums: readonly tf.Tensor2D[];
}

/**
 * Fresh parameters: weights from `init`, biases zero.
 * @param numHiddens the width of the hidden layer, or of each from the first to the last; [] makes a linear classifier
 * @param random the `init` stream of the run's generator
 */
export function initParams(
  numInputs: number,
  numOutputs: number,
  numHiddens: number | readonly number[],
  random: Random,
  init: InitialiserName = 'normal',
): tf.Tensor[] {
  const widths = [numInputs, ...[numHiddens].flat(), numOutputs];
  return widths.slice(1).flatMap((width, l) => [INITIALISERS[init](random, widths[l]!, width), tf.zeros([width])]);
}

/** The names of the parameters, as the post and the model file have them: W1, b1, W2, b2, … */
export function parameterNames(params: ArrayLike<unknown>): string[] {
  return Array.from(params, (_, i) => `${i % 2 === 0 ? 'W' : 'b'}${Math.floor(i / 2) + 1}`);
}

/**
 * The network: linear, activation, linear, activation, …, linear.
 * @param X [n, …], samples of any shape with numInputs elements each (flattened, as in the post)
 * @returns O [n, numOutputs], the logits
 */
export function mlp(X: tf.Tensor, params: Params, activation: ActivationName = 'relu'): tf.Tensor2D {
  return forward(X, params, activation).sums.at(-1)!;
}

/** The network as `mlp` computes it, with everything on the way kept for `backward`. */
export function forward(X: tf.Tensor, params: Params, activation: ActivationName = 'relu'): Trace {
  const layers = layersOf(params);
  const inputs = [flatten(X, layers[0]!.W.shape[0])];
  const sums: tf.Tensor2D[] = [];
  layers.forEach(({ W, b }, l) => {
    if (l > 0) inputs.push(ACTIVATIONS[activation].forward(sums[l - 1]!));
    sums.push(linear(inputs[l]!, W, b));
  });
  return { inputs, sums };
}

/**
 * Backpropagation: the chain rule walked from the last layer to the first. At layer l, dY is the gradient with respect to
 * its output. It gives the layer's own dW and db at once; and, sent down through W and then through the activation, it
 * becomes the dY of the layer below.
 * @param dO [n, numOutputs], the gradient of the loss with respect to the logits
 * @returns [dW1, db1, dW2, db2, …], shaped like the parameters
 */
export function backward(
  dO: tf.Tensor2D,
  { inputs, sums }: Trace,
  params: Params,
  activation: ActivationName = 'relu',
): tf.Tensor[] {
  const layers = layersOf(params);
  const grads: tf.Tensor[] = [];
  let dY = dO;
  for (let l = layers.length - 1; l >= 0; l--) {
    const { dW, db } = linearBackward(dY, inputs[l]!);
    grads.unshift(dW, db);
    if (l > 0) {
      const dH = linearInputBackward(dY, layers[l]!.W);
      dY = ACTIVATIONS[activation].backward(dH, sums[l - 1]!, inputs[l]!);
    }
  }
  return grads;
}

/**
 * One batch there and back: forward, loss, backward.
 * @param X [n, …] samples
 * @param Y [n, numOutputs] the truth as probabilities (see `oneHot`)
 * @returns the mean loss of the batch (scalar), and its gradients, shaped like the parameters
 */
export function lossAndGradients(
  X: tf.Tensor,
  Y: tf.Tensor2D,
  params: Params,
  activation: ActivationName = 'relu',
): { loss: tf.Scalar; grads: tf.Tensor[] } {
  const trace = forward(X, params, activation);
  const { loss, P } = softmaxCrossEntropy(trace.sums.at(-1)!, Y);
  return { loss, grads: backward(softmaxCrossEntropyBackward(P, Y), trace, params, activation) };
}

/** The samples one a row, as in the post; a batch usually is already, and then there is nothing to do. */
function flatten(X: tf.Tensor, numInputs: number): tf.Tensor2D {
  return X.rank === 2 ? (X as tf.Tensor2D) : tf.reshape(X, [-1, numInputs]);
}

function layersOf(params: Params): Layer[] {
  return Array.from({ length: params.length / 2 }, (_, l) => ({
    W: params[2 * l] as tf.Tensor2D,
    b: params[2 * l + 1] as tf.Tensor1D,
  }));
}
