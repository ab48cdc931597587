import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/**
 * What the random numbers of a run are used for. Each purpose has a stream of its own, so that asking for a validation
 * split does not change the initial weights. New purposes go to the end: the position is the number of the stream.
 */
export const STREAMS = ['init', 'split', 'order', 'gradcheck', 'dropout', 'mixup', 'augment', 'sweep'] as const;
/** A purpose that random numbers are drawn for. */
export type Stream = (typeof STREAMS)[number];

// Two kinds of generators. `createRandom` is for what is drawn once, before training: weights, a split, a
// sweep's trials. Its state is never saved. What is drawn during training is a function of the seed, the purpose
// and a counter (the step, the epoch) alone: `hash32` of a `keyOf` them. So nothing has to be saved, and a
// resumed run draws the same numbers.

/** A seeded generator. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform integer in [0, n). */
  integer(n: number): number;
  /** Normal with the given mean and standard deviation. */
  normal(mean: number, std: number): number;
}

/**
 * The generator for one purpose of a run with this seed: the same numbers on every backend and machine.
 * (xoroshiro128+, whose jump puts 2^64 numbers between one purpose and the next.)
 * @param seed any 32-bit integer
 */
export function createRandom(seed: number, stream: Stream): Random {
  const rng = xoroshiro128plus(seed);
  for (let i = 0; i <= STREAMS.indexOf(stream); i++) rng.jump();
  const uniform = () => uniformFloat64(rng);
  return {
    uniform,
    integer: (n) => uniformInt(rng, 0, n - 1),
    // Box-Muller: sqrt(-2 ln u) cos(2 pi v) is standard normal. The sine half is not used.
    normal: (mean, std) => mean + std * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}

/**
 * A uniformly random order of 0 … n-1 (Fisher-Yates, as in Knuth, The Art of Computer Programming, vol. 2, 3.4.2 P).
 * @param random `createRandom`, or `countingRandom` for an order that can be drawn again
 * @returns [n]
 */
export function permutation(random: Pick<Random, 'integer'>, n: number): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}

/**
 * 32 random bits, a function of two integers alone. (The multiples of 2^32 / φ,
 * scattered by the key and MurmurHash3's finalizer, which lets every bit of its input reach every bit of its output.)
 * @param key names the sequence
 * @param i the position in it
 * @returns a signed 32-bit integer
 */
export function hash32(key: number, i: number): number {
  let bits = Math.imul(i + 1, 0x9e3779b9) ^ key;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

/** The key, for `hash32`, of what is drawn for a purpose of a run at these counters: a step; an epoch and a sample. */
export function keyOf(seed: number, stream: Stream, ...counters: readonly number[]): number {
  return counters.reduce(hash32, hash32(hash32(0, seed), STREAMS.indexOf(stream)));
}

/** The integers of one key's sequence in order, for a draw that needs many, such as the order of an epoch. */
export function countingRandom(key: number): Pick<Random, 'integer'> {
  let i = 0;
  return {
    integer(n) {
      // Below the largest multiple of n, every remainder comes equally often.
      const limit = 2 ** 32 - (2 ** 32 % n);
      let bits: number;
      do bits = hash32(key, i++) >>> 0;
      while (bits >= limit);
      return bits % n;
    },
  };
}

/** A number in (0, 1) from 32 bits of `hash32`. */
export function toUnit(bits: number): number {
  return ((bits >>> 0) + 0.5) / 2 ** 32;
}

/**
 * A number in [0, 1] from the symmetric beta distribution, whose density is proportional to (x (1 - x))^(α - 1): near
 * 0 or 1 for a small α, uniform for 1, near 1/2 for a large one (Jöhnk 1964, in logarithms, as U^(1/α) underflows for
 * a small α).
 * @param key names the draw
 * @param alpha α, above 0; the larger, the more tries it takes: about 70 for 4
 */
export function betaVariate(key: number, alpha: number): number {
  for (let i = 0; ; i += 2) {
    const x = Math.log(toUnit(hash32(key, i))) / alpha;
    const y = Math.log(toUnit(hash32(key, i + 1))) / alpha;
    const largest = Math.max(x, y);
    // log(e^x + e^y): a pair is taken where the sum is at most 1, and x's part of it is the number.
    const sum = largest + Math.log(Math.exp(x - largest) + Math.exp(y - largest));
    if (sum <= 0) return Math.exp(x - sum);
  }
}
