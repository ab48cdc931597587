import type { Histogram } from './messages';

// TensorBoard's own buckets: limits that grow by a tenth from 1e-12 to 1e20, the same below zero, and zero's
// neighborhood between them. Equal limits in every epoch are what lets it draw one distribution over another.
const SMALLEST = 1e-12;
const GROWTH = Math.log(1.1);
const POSITIVE = Array.from({ length: Math.ceil(Math.log(1e20 / SMALLEST) / GROWTH) }, (_, i) => SMALLEST * 1.1 ** i);
const LIMITS = [...POSITIVE.map((limit) => -limit).reverse(), ...POSITIVE, Number.MAX_VALUE];

/** Sign, exponent and the first 7 bits of the fraction of a float32. */
const LEADING_BITS = 16;
/**
 * The bucket of the smallest among all numbers with the same leading bits. They differ by less than a hundredth and
 * limits grow by a tenth, so that the right bucket is this one or the next. Logarithms instead, of every weight and
 * every gradient, took a twentieth of the post's epoch.
 */
let firstBuckets: Uint16Array | undefined;

function makeFirstBuckets(): Uint16Array {
  const half = 2 ** (LEADING_BITS - 1);
  const buckets = new Uint16Array(2 * half);
  const bits = new Uint32Array(buckets.length);
  // Of negative numbers the smallest has all other bits set, of positive ones none.
  for (let leading = 0; leading < bits.length; leading++) {
    bits[leading] = (leading << (32 - LEADING_BITS)) | (leading < half ? 0 : 2 ** (32 - LEADING_BITS) - 1);
  }
  const numbers = new Float32Array(bits.buffer);
  // In the order of the numbers: the negative ones from the largest pattern down, then the positive ones.
  // NaNs stand at both ends and are never looked up.
  let bucket = 0;
  for (let i = 0; i < bits.length; i++) {
    const leading = i < half ? 2 * half - 1 - i : i - half;
    while (bucket < LIMITS.length - 1 && LIMITS[bucket]! < numbers[leading]!) bucket++;
    buckets[leading] = bucket;
  }
  return buckets;
}

/** Counts numbers into TensorBoard's buckets. What is not finite is left out: no bucket takes it. */
export function histogramOf(values: Float32Array): Histogram {
  const counts = new Float64Array(LIMITS.length);
  let [min, max, num, sum, sumSquares] = [Infinity, -Infinity, 0, 0, 0];
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  firstBuckets ??= makeFirstBuckets();
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    counts[bucketOf(firstBuckets, value, bits[i]!)]!++;
    if (value < min) min = value;
    if (value > max) max = value;
    num++;
    sum += value;
    sumSquares += value * value;
  }
  if (num === 0) return { min: 0, max: 0, num, sum, sumSquares, bucketLimit: [Number.MAX_VALUE], bucket: [0] };
  // Only the buckets between the outermost full ones; the one before them gives the first its lower limit.
  const first = Math.max(0, counts.findIndex((count) => count > 0) - 1);
  const last = counts.findLastIndex((count) => count > 0);
  return {
    ...{ min, max, num, sum, sumSquares },
    bucketLimit: LIMITS.slice(first, last + 1),
    bucket: [...counts.subarray(first, last + 1)],
  };
}

/** The first bucket whose limit is not below the value; `bits` are those of the value as a float32. */
function bucketOf(firstBuckets: Uint16Array, value: number, bits: number): number {
  const bucket = firstBuckets[bits >>> (32 - LEADING_BITS)]!;
  return LIMITS[bucket]! < value ? bucket + 1 : bucket;
}
