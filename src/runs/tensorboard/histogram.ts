import type { Histogram } from './messages';

// TensorBoard's own buckets: limits that grow by 10% from 1e-12 to 1e20, mirrored below zero, with a bucket around
// zero. With equal limits in every epoch, TensorBoard can overlay the distributions.
const SMALLEST = 1e-12;
const GROWTH = Math.log(1.1);
const POSITIVE = Array.from({ length: Math.ceil(Math.log(1e20 / SMALLEST) / GROWTH) }, (_, i) => SMALLEST * 1.1 ** i);
const LIMITS = [...POSITIVE.map((limit) => -limit).reverse(), ...POSITIVE, Number.MAX_VALUE];

/** Sign, exponent and the first 7 bits of the fraction of a float32. */
const LEADING_BITS = 16;
/**
 * The bucket of the smallest number with the same leading bits. Such numbers differ by less than 1%, and limits grow by
 * 10%, so the right bucket is this one or the next. Taking logarithms of every weight and gradient instead took 5% of
 * the post's epoch.
 */
let firstBuckets: Uint16Array | undefined;

function makeFirstBuckets(): Uint16Array {
  const half = 2 ** (LEADING_BITS - 1);
  const buckets = new Uint16Array(2 * half);
  const bits = new Uint32Array(buckets.length);
  // The smallest negative number has all other bits set, the smallest positive one none.
  for (let leading = 0; leading < bits.length; leading++) {
    bits[leading] = (leading << (32 - LEADING_BITS)) | (leading < half ? 0 : 2 ** (32 - LEADING_BITS) - 1);
  }
  const numbers = new Float32Array(bits.buffer);
  // In numeric order: the negative numbers from the largest bit pattern down, then the positive ones. The NaNs at both
  // ends are never looked up.
  let bucket = 0;
  for (let i = 0; i < bits.length; i++) {
    const leading = i < half ? 2 * half - 1 - i : i - half;
    while (bucket < LIMITS.length - 1 && LIMITS[bucket]! < numbers[leading]!) bucket++;
    buckets[leading] = bucket;
  }
  return buckets;
}

/** Counts values in TensorBoard's buckets. Non-finite values are skipped, because no bucket holds them. */
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
  // Up to the last non-empty bucket, and each run of empty ones as one bucket, as TensorFlow writes them: of a few
  // hundred weights, most buckets are empty.
  const bucketLimit: number[] = [];
  const bucket: number[] = [];
  const last = counts.findLastIndex((count) => count > 0);
  for (let i = 0; i <= last; i++) {
    const count = counts[i]!;
    if (count === 0 && counts[i + 1] === 0) continue;
    bucketLimit.push(LIMITS[i]!);
    bucket.push(count);
  }
  return { min, max, num, sum, sumSquares, bucketLimit, bucket };
}

/** The first bucket whose limit is not below the value; `bits` is its float32 bit pattern. */
function bucketOf(firstBuckets: Uint16Array, value: number, bits: number): number {
  const bucket = firstBuckets[bits >>> (32 - LEADING_BITS)]!;
  return LIMITS[bucket]! < value ? bucket + 1 : bucket;
}
