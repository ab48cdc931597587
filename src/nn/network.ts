import * as tf from '@tensorflow/tfjs-core';
import { hash32 } from '../random';
import {
  type BatchNormRecord,
  initNorm,
  type NormalizedLayer,
  normalizedStep,
  type Statistics,
  updateStatistics,
} from './batchNorm';
import { dropout, dropoutMask, dropoutStep } from './dropout';
import { activationStep, type Layer, linearStep, type Network } from './mlp';
import type { LayerGradients, Step, Trace } from './step';

/** A network in training: its hidden layers may have batch normalization. `fold` turns it into a plain one. */
export type TrainableNetwork = Network<Layer | NormalizedLayer>;

/**
 * The steps of a network in training: `plainSteps`, with the normalized linear map where a layer has batch
 * normalization, and dropout after the activation of a hidden layer where there is a mask.
 * @param masks one for each hidden layer (see `dropoutMasks`), or none
 */
export function trainingSteps({ layers, activation }: TrainableNetwork, masks: readonly tf.Tensor2D[] = []): Step[] {
  return layers.flatMap((layer, l) => [
    'norm' in layer ? normalizedStep(layer) : linearStep(layer),
    ...(l < layers.length - 1 ? [activationStep(activation)] : []),
    ...(masks[l] ? [dropoutStep(masks[l])] : []),
  ]);
}

/** A plain network with batch normalization added to its hidden layers. It takes over the tensors of the one given. */
export function withBatchNorm({ layers, activation }: Network): TrainableNetwork {
  const added = layers.map(({ W, b }, l) => (l < layers.length - 1 ? { W, norm: initNorm(b) } : { W, b }));
  return { layers: added, activation };
}

/**
 * The dropout masks of one step, one for each hidden layer; none where nothing is dropped.
 * @param n samples in the batch
 * @param p the probability that a unit is dropped
 * @param key names the step: the same masks for the same key
 */
export function dropoutMasks(n: number, { layers }: TrainableNetwork, p: number, key: number): tf.Tensor2D[] {
  if (p === 0) return [];
  return layers.slice(0, -1).map(({ W }, l) => dropoutMask([n, W.shape[1]], p, hash32(key, l + 1)));
}

/**
 * Dropout of the inputs of one step. Nothing is learned below X, so it has no backward.
 * @param key as for `dropoutMasks`
 */
export function dropInputs(X: tf.Tensor2D, p: number, key: number): tf.Tensor2D {
  return p === 0 ? X : dropout(X, dropoutMask(X.shape, p, hash32(key, 0)));
}

/** The number of classes. */
export function numOutputs({ layers }: TrainableNetwork): number {
  return layers.at(-1)!.W.shape[1];
}

/**
 * The trained tensors of a layer, and whether weight decay pulls them toward 0. It pulls the matrices only: a bias or
 * a scale moves or stretches a unit as a whole, and cannot be traded against other inputs.
 */
const DECAYS = { W: true, b: false, g: false };
type Key = keyof typeof DECAYS | keyof Statistics;

/**
 * The network with every tensor replaced by the result of `f`. The lists below are in the order of its calls.
 * @param f gets the tensor's name, as in a model file (W1, b1, W2, …), and what it is in its layer
 */
export function mapNetwork<N extends TrainableNetwork>(
  network: N,
  f: (tensor: tf.Tensor, name: string, key: Key) => tf.Tensor,
): N {
  const layers = network.layers.map((layer, l) => {
    const of = <T extends tf.Tensor>(key: Key, tensor: T) => f(tensor, `${key}${l + 1}`, key) as T;
    const W = of('W', layer.W);
    if (!('norm' in layer)) return { W, b: of('b', layer.b) };
    const { b, g, mean, variance } = layer.norm;
    return { W, norm: { b: of('b', b), g: of('g', g), mean: of('mean', mean), variance: of('variance', variance) } };
  });
  return { ...network, layers };
}

/** A trained tensor of a network. */
export interface ParameterTensor {
  readonly name: string;
  readonly tensor: tf.Tensor;
  readonly decays: boolean;
}

/** The trained tensors: W1, b1, W2, b2, …; with batch normalization W1, b1, g1, …. */
export function parametersOf(network: TrainableNetwork): ParameterTensor[] {
  const found: ParameterTensor[] = [];
  mapNetwork(network, (tensor, name, key) => {
    if (key in DECAYS) found.push({ name, tensor, decays: DECAYS[key as keyof typeof DECAYS] });
    return tensor;
  });
  return found;
}

/** The gradients of the layers as one list, in the order of `parametersOf`. */
export function listGradients(grads: readonly LayerGradients[]): tf.Tensor[] {
  return grads.flatMap(({ dW, db, dg }) => (dg ? [dW, db, dg] : [dW, db]));
}

/** The network with other parameters, in the order of `parametersOf`. */
export function withParameters<N extends TrainableNetwork>(network: N, params: readonly tf.Tensor[]): N {
  const next = params.values();
  return mapNetwork(network, (tensor, _, key) => (key in DECAYS ? next.next().value! : tensor));
}

/** Every tensor of a network: the parameters, and the running statistics of batch normalization. */
export function tensorsOf(network: TrainableNetwork): tf.Tensor[] {
  const found: tf.Tensor[] = [];
  mapNetwork(network, (tensor) => (found.push(tensor), tensor));
  return found;
}

/** The network with other tensors, in the order of `tensorsOf`. */
export function withTensors<N extends TrainableNetwork>(network: N, tensors: readonly tf.Tensor[]): N {
  const next = tensors.values();
  return mapNetwork(network, () => next.next().value!);
}

/**
 * The network with its running statistics moved toward those of a batch.
 * @param trace the batch's forward pass
 */
export function updateRunningStatistics(network: TrainableNetwork, trace: Trace): TrainableNetwork {
  const records = trace.filter((taken): taken is Trace[number] & BatchNormRecord => 'variance' in taken).values();
  const layers = network.layers.map((layer) => {
    if (!('norm' in layer)) return layer;
    const { X, ...batch } = records.next().value!;
    return { ...layer, norm: { ...layer.norm, ...updateStatistics(layer.norm, batch, X.shape[0]) } };
  });
  return { ...network, layers };
}
