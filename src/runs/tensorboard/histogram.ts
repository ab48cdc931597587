import type { Histogram } from './messages';

// TensorBoard's own buckets: limits that grow by a tenth from 1e-12 to 1e20, the same below zero, and zero's neighbourhood
// between them. Equal limits in every epoch are what lets it draw one distribution over another.
const SMALLEST = 1e-12;
const GROWTH = Math.log(1.1);
const POSITIVE = Array.from({ length: Math.ceil(Math.log(1e20 / SMALLEST) / GROWTH) }, (_, i) => SMALLEST * 1.1 ** i);
const LIMITS = [...POSITIVE.map((limit) => -limit).reverse(), ...POSITIVE, Number.MAX_VALUE];
/** Where the limits above zero begin. */
const ZERO = POSITIVE.length;

/** Counts numbers into TensorBoard's buckets. What is not finite is left out: no bucket takes it. */
export function histogramOf(values: Float32Array): Histogram {
  const counts = new Float64Array(LIMITS.length);
  let [min, max, num, sum, sumSquares] = [Infinity, -Infinity, 0, 0, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    counts[bucketOf(value)]!++;
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

/** The first bucket whose limit is not below the value. */
function bucketOf(value: number): number {
  const size = Math.abs(value);
  if (size <= SMALLEST) return value <= -SMALLEST ? ZERO - 1 : ZERO;
  const exponent = Math.log(size / SMALLEST) / GROWTH;
  if (value > 0) return Math.min(ZERO + Math.ceil(exponent), LIMITS.length - 1);
  return Math.max(0, ZERO - 1 - Math.floor(exponent));
}
