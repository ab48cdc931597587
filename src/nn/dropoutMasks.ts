import { scramble } from '../random';
import { dropoutMask } from './dropout';
import { layersOf, type Masks, type Params } from './mlp';

/** How likely an input of the network is dropped, and how likely a unit of a hidden layer. */
export interface DropoutRates {
  readonly inputDropout?: number;
  readonly dropout?: number;
}

/**
 * The masks of one step: one for what each layer takes in, where anything is dropped.
 * @param n samples in the batch
 * @param key names the step: the same masks for the same key
 */
export function dropoutMasks(n: number, params: Params, rates: DropoutRates, key: number): Masks {
  return layersOf(params).map(({ W }, l) => {
    const p = (l === 0 ? rates.inputDropout : rates.dropout) ?? 0;
    return p > 0 ? dropoutMask([n, W.shape[0]], p, scramble(key, l)) : undefined;
  });
}
