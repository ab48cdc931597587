import type { Target } from '../../data/samples';
import type { ActivationName } from '../../nn/activations';
import type { Parameter } from '../architecture';

/** A layer that computes x·W + b and nothing else. */
export interface PlainLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** [inputs, outputs] row-major, as in the model file. */
  readonly W: Float32Array;
  readonly b: Float32Array;
}

/** A network of plain layers with one activation between them, which every other tool supports. */
export interface PlainNetwork {
  readonly layers: readonly PlainLayer[];
  readonly activation: ActivationName;
  /** One name for each output, if they are known. */
  readonly classNames?: readonly string[];
  /** [height, width] of the images it takes, if it takes images. */
  readonly imageShape?: readonly [number, number];
  /** For regression: the numbers that its outputs stand for, standardized. */
  readonly targets?: readonly Target[];
}

/** A trained network as it is saved. */
export interface Trained extends Omit<PlainNetwork, 'layers'> {
  /** `W1 b1 W2 b2 …` */
  readonly parameters: readonly Parameter[];
  /** The factor from a stored feature to the network's input; 1/255 for image bytes. */
  readonly scale: number;
}

/**
 * The network in plain layers, with the scaling of its inputs folded into the first: it takes features as stored
 * (pixels from 0 to 255), because (s·x)·W = x·(s·W). Computed in double precision and rounded once.
 */
export function plainNetwork({ parameters, scale, ...rest }: Trained): PlainNetwork {
  const layers = Array.from({ length: parameters.length / 2 }, (_, l): PlainLayer => {
    const [W, b] = [parameters[2 * l]!, parameters[2 * l + 1]!];
    const [inputs, outputs] = W.shape as [number, number];
    return { inputs, outputs, W: l === 0 ? W.data.map((weight) => weight * scale) : W.data, b: b.data };
  });
  return { ...rest, layers };
}
