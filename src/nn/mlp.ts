import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../random';
import { ACTIVATIONS, type ActivationName } from './activations';
import { batchNorm, batchNormBackward, type BatchNormTrace } from './batchNorm';
import { dropout, dropoutBackward } from './dropout';
import { INITIALISERS, type InitialiserName } from './initialise';
import { linear, linearBackward, linearInputBackward } from './linear';
import { softmaxCrossEntropy, softmaxCrossEntropyBackward } from './softmaxCrossEntropy';

/**
 * The parameters of a network, in the post's order: [W1, b1, W2, b2, …]. Layer l multiplies by W [inputs, outputs] and adds
 * b [outputs]; one layer's outputs are the next one's inputs. Gradients have the same form. Hidden layers with batch
 * normalisation have a scale g [outputs] too: [W1, b1, g1, W2, b2, g2, …, W, b].
 */
export type Params = readonly tf.Tensor[];

interface Layer {
  readonly W: tf.Tensor2D;
  readonly b: tf.Tensor1D;
  /** Only with batch normalisation. */
  readonly g?: tf.Tensor1D;
}

/**
 * Dropout masks of one step: masks[l] [n, numInputs of layer l] silences some of the layer's inputs, so masks[0] is that of
 * X. None where nothing is dropped.
 */
export type Masks = readonly (tf.Tensor2D | undefined)[];

/** What the forward pass keeps for the backward pass. */
export interface Trace {
  /** inputs[l] [n, numInputs of layer l] is what layer l multiplied: X, H1, H2, …, what was dropped being 0. */
  readonly inputs: readonly tf.Tensor2D[];
  /** sums[l] [n, numOutputs of layer l] is inputs[l]·W + b, normalised where the layer does; of the last, the logits O. */
  readonly sums: readonly tf.Tensor2D[];
  /** outputs[l] [n, numOutputs of layer l] is the activation of sums[l]; the last layer has none. */
  readonly outputs: readonly tf.Tensor2D[];
  /** norms[l] is what the batch normalisation of layer l keeps, if it has one. */
  readonly norms: readonly (BatchNormTrace | undefined)[];
}

/**
 * Fresh parameters: weights from `init`, biases zero.
 * @param numHiddens the width of the hidden layer, or of each from the first to the last; [] makes a linear classifier
 * @param random the `init` stream of the run's generator
 * @param batchNorm gives the hidden layers batch normalisation, with scales of one
 */
export function initParams(
  numInputs: number,
  numOutputs: number,
  numHiddens: number | readonly number[],
  random: Random,
  init: InitialiserName = 'normal',
  batchNorm = false,
): tf.Tensor[] {
  const widths = [numInputs, ...[numHiddens].flat(), numOutputs];
  return widths.slice(1).flatMap((width, l) => {
    const hidden = l < widths.length - 2;
    const scale = batchNorm && hidden ? [tf.ones([width])] : [];
    return [INITIALISERS[init](random, widths[l]!, width), tf.zeros([width]), ...scale];
  });
}

/** Which parameters weight decay pulls toward 0: the matrices. */
export function decaysOf(params: Params): boolean[] {
  return params.map(({ rank }) => rank === 2);
}

/** The names of the parameters, as the post and the model file have them: W1, b1, W2, b2, …; g1, g2, … are the scales. */
export function parameterNames(params: readonly Pick<tf.Tensor, 'shape'>[]): string[] {
  let layer = 0;
  return params.map(({ shape }, i) => {
    if (shape.length === 2) return `W${++layer}`;
    return `${params[i - 1]!.shape.length === 2 ? 'b' : 'g'}${layer}`;
  });
}

/**
 * The network: linear, activation, linear, activation, …, linear.
 * @param X [n, …], samples of any shape with numInputs elements each (flattened, as in the post)
 * @returns O [n, numOutputs], the logits
 */
export function mlp(X: tf.Tensor, params: Params, activation: ActivationName = 'relu'): tf.Tensor2D {
  return forward(X, params, activation).sums.at(-1)!;
}

/**
 * The network as `mlp` computes it, with everything on the way kept for `backward`. Batch normalisation goes by the batch's
 * statistics, as it does in training; a network in use has none any more (see `fold`).
 */
export function forward(X: tf.Tensor, params: Params, activation: ActivationName = 'relu', masks: Masks = []): Trace {
  const layers = layersOf(params);
  const inputs: tf.Tensor2D[] = [];
  const sums: tf.Tensor2D[] = [];
  const outputs: tf.Tensor2D[] = [];
  const norms: (BatchNormTrace | undefined)[] = [];
  let H = flatten(X, layers[0]!.W.shape[0]);
  layers.forEach(({ W, b, g }, l) => {
    const M = masks[l];
    inputs.push(M ? dropout(H, M) : H);
    const normalised = g && batchNorm(tf.matMul(inputs[l]!, W), g, b);
    sums.push(normalised ? normalised.Y : linear(inputs[l]!, W, b));
    norms.push(normalised?.trace);
    if (l === layers.length - 1) return;
    H = ACTIVATIONS[activation].forward(sums[l]!);
    outputs.push(H);
  });
  return { inputs, sums, outputs, norms };
}

/**
 * Backpropagation: the chain rule walked from the last layer to the first. At layer l, dY is the gradient with respect to
 * its output. It gives the layer's own dW and db at once; and, sent down through W, then through the dropout, if any, and
 * the activation, it becomes the dY of the layer below.
 * @param dO [n, numOutputs], the gradient of the loss with respect to the logits
 * @returns [dW1, db1, dW2, db2, …], shaped like the parameters
 */
export function backward(
  dO: tf.Tensor2D,
  { inputs, sums, outputs, norms }: Trace,
  params: Params,
  activation: ActivationName = 'relu',
  masks: Masks = [],
): tf.Tensor[] {
  const layers = layersOf(params);
  const grads: tf.Tensor[] = [];
  let dY = dO;
  for (let l = layers.length - 1; l >= 0; l--) {
    const { W, g } = layers[l]!;
    if (g) {
      const { dZ, dg, db } = batchNormBackward(dY, norms[l]!, g);
      grads.unshift(linearBackward(dZ, inputs[l]!).dW, db, dg);
      dY = dZ;
    } else {
      const { dW, db } = linearBackward(dY, inputs[l]!);
      grads.unshift(dW, db);
    }
    if (l > 0) {
      const dX = linearInputBackward(dY, W);
      const M = masks[l];
      const dH = M ? dropoutBackward(dX, M) : dX;
      dY = ACTIVATIONS[activation].backward(dH, sums[l - 1]!, outputs[l - 1]!);
    }
  }
  return grads;
}

/**
 * One batch there and back: forward, loss, backward.
 * @param X [n, …] samples
 * @param Y [n, numOutputs] the truth as probabilities (see `oneHot`)
 * @returns the mean loss of the batch (scalar), and its gradients, shaped like the parameters; with batch normalisation also
 * what it found in the batch, layer by layer
 */
export function lossAndGradients(
  X: tf.Tensor,
  Y: tf.Tensor2D,
  params: Params,
  activation: ActivationName = 'relu',
  masks: Masks = [],
): { loss: tf.Scalar; grads: tf.Tensor[]; norms: Trace['norms'] } {
  const trace = forward(X, params, activation, masks);
  const { loss, P } = softmaxCrossEntropy(trace.sums.at(-1)!, Y);
  const grads = backward(softmaxCrossEntropyBackward(P, Y), trace, params, activation, masks);
  return { loss, grads, norms: trace.norms };
}

/** The samples one a row, as in the post; a batch usually is already, and then there is nothing to do. */
function flatten(X: tf.Tensor, numInputs: number): tf.Tensor2D {
  return X.rank === 2 ? (X as tf.Tensor2D) : tf.reshape(X, [-1, numInputs]);
}

/** The parameters layer by layer: each begins with its matrix. */
export function layersOf(params: Params): Layer[] {
  return params.flatMap((W, i) => {
    if (W.rank !== 2) return [];
    const [b, g] = [params[i + 1] as tf.Tensor1D, params[i + 2]];
    return [{ W: W as tf.Tensor2D, b, g: g?.rank === 1 ? (g as tf.Tensor1D) : undefined }];
  });
}
