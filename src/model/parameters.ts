import * as tf from '@tensorflow/tfjs-core';
import type { ActivationName } from '../nn/activations';
import type { Layer, Network } from '../nn/mlp';
import { parametersOf, type TrainableNetwork } from '../nn/network';
import type { Parameter } from './architecture';

/** Reads the parameters of a network from the backend, as plain data to save. */
export async function readParameters(network: TrainableNetwork): Promise<Parameter[]> {
  return readTensors(parametersOf(network));
}

/** Reads tensors from the backend, as plain data with their names. */
export async function readTensors(
  tensors: readonly { readonly name: string; readonly tensor: tf.Tensor }[],
): Promise<Parameter[]> {
  return Promise.all(
    tensors.map(async ({ name, tensor }) => ({
      name,
      shape: tensor.shape,
      data: (await tensor.data()) as Float32Array,
    })),
  );
}

/**
 * Puts a saved network on the backend.
 * @param parameters `W1 b1 W2 b2 …`, as `checkArchitecture` requires them
 * @returns a network; the caller disposes of it
 */
export function networkOf(parameters: readonly Parameter[], activation: ActivationName): Network {
  const named = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const tensor = <R extends tf.Rank>(name: string) => {
    const { data, shape } = named.get(name)!;
    return tf.tensor<R>(data.slice(), [...shape] as tf.ShapeMap[R], 'float32');
  };
  const layers = Array.from({ length: parameters.length / 2 }, (_, l): Layer => {
    return { W: tensor<tf.Rank.R2>(`W${l + 1}`), b: tensor<tf.Rank.R1>(`b${l + 1}`) };
  });
  return { layers, activation };
}
