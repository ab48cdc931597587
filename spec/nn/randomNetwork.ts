import { initParams } from '../../src/nn/initialize';
import type { Network } from '../../src/nn/mlp';
import { parametersOf, type TrainableNetwork, withBatchNorm, withParameters } from '../../src/nn/network';
import type { ActivationName } from '../../src/nn/activations';
import { createRandom } from '../../src/random';
import { randomTensor } from '../finiteDifferences';

/** The network with standard normal parameters, biases and scales too, the first from this seed. */
export function randomized<N extends TrainableNetwork>(network: N, seed: number, std = 1): N {
  const draw = parametersOf(network).map(({ tensor }, i) => randomTensor(tensor.shape, seed + i, std));
  return withParameters(network, draw);
}

/** A plain network of these widths with random parameters. */
export function randomNetwork(widths: readonly number[], seed: number, std = 1): Network {
  return randomized(initParams(widths[0]!, widths.at(-1)!, widths.slice(1, -1), createRandom(0, 'init')), seed, std);
}

/** The same with batch normalization in the hidden layers. */
export function randomNormalized(
  widths: readonly number[],
  activation: ActivationName,
  seed: number,
  std = 1,
): TrainableNetwork {
  const hiddens = widths.slice(1, -1);
  const plain = initParams(widths[0]!, widths.at(-1)!, hiddens, createRandom(0, 'init'), { activation });
  return randomized(withBatchNorm(plain), seed, std);
}
