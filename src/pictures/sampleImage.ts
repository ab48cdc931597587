import type { Samples } from '../data/samples';
import type { Picture } from './png';

/** One sample as a gray picture. Features that are not bytes are scaled to the range of grays. */
export function sampleImage(
  { features, numInputs }: Samples,
  index: number,
  [height, width]: readonly [number, number],
): Picture {
  const row = features.subarray(index * numInputs, (index + 1) * numInputs);
  if (row instanceof Uint8Array) return { width, height, channels: 1, pixels: row };
  const low = row.reduce((least, value) => Math.min(least, value), Infinity);
  const span = row.reduce((most, value) => Math.max(most, value), -Infinity) - low || 1;
  return { width, height, channels: 1, pixels: Uint8Array.from(row, (value) => (255 * (value - low)) / span) };
}
