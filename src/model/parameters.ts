import * as tf from '@tensorflow/tfjs-core';
import { parameterNames, type Params } from '../nn/mlp';
import type { Parameter } from './architecture';

/** Reads parameters from the backend, as plain data that can be saved. */
export async function readParameters(params: Params): Promise<Parameter[]> {
  const names = parameterNames(params);
  return Promise.all(
    params.map(async (param, i) => ({
      name: names[i]!,
      shape: param.shape,
      data: (await param.data()) as Float32Array,
    })),
  );
}

/**
 * Puts saved parameters on the backend, in the order given.
 * @returns tensors that the caller disposes of
 */
export function tensorsOf(parameters: readonly Parameter[]): tf.Tensor[] {
  return parameters.map(({ shape, data }) => tf.tensor(data.slice(), [...shape], 'float32'));
}
