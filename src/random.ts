import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus, xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/**
 * What the random numbers of a run are used for. Each purpose has a stream of its own, 2^64 numbers away from the next
 * (xoroshiro128+'s jump), so that asking for a validation split changes neither the initial weights nor, apart from the
 * rows that are gone, how the order is drawn. New purposes go to the end: the position is the stream's number.
 */
export const STREAMS = ['init', 'split', 'order', 'gradcheck'] as const;
export type Stream = (typeof STREAMS)[number];

/** A seeded generator. Its whole state can be saved as JSON and restored. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform integer in [0, n). */
  integer(n: number): number;
  /** Normal with the given mean and standard deviation. */
  normal(mean: number, std: number): number;
  /** The state after everything drawn so far; `randomFromState` goes on from it. */
  state(): readonly number[];
}

/**
 * The generator for one purpose of a run with this seed: the same numbers on every engine and machine.
 * @param seed any 32-bit integer
 */
export function createRandom(seed: number, stream: Stream): Random {
  const rng = xoroshiro128plus(seed);
  for (let i = 0; i <= STREAMS.indexOf(stream); i++) rng.jump();
  return wrap(rng);
}

/** Continues a generator from what `state()` returned. */
export function randomFromState(state: readonly number[]): Random {
  return wrap(xoroshiro128plusFromState(state));
}

/**
 * A uniformly random order of 0 … n-1 (Fisher-Yates, as in Knuth, The Art of Computer Programming, vol. 2, 3.4.2 P).
 * @returns [n]
 */
export function permutation(random: Random, n: number): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}

function wrap(rng: RandomGenerator): Random {
  const uniform = () => uniformFloat64(rng);
  return {
    uniform,
    integer: (n) => uniformInt(rng, 0, n - 1),
    // Box-Muller: sqrt(-2 ln u) cos(2 pi v) is standard normal. The sine half is not kept: the state stays four numbers.
    normal: (mean, std) => mean + std * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    state: () => rng.getState(),
  };
}
