import { HandgradError } from '../errors';
import { hash32, keyOf, toUnit } from '../random';
import type { Samples } from './samples';

/** The random changes of training images in each epoch; those left out are not made. */
export interface Augmentation {
  /** A shift by up to so many pixels along each axis; pixels that enter at the border are 0. */
  readonly shift?: number;
  /** A horizontal flip, with probability 1/2. */
  readonly flip?: boolean;
  /** A square of so many pixels a side set to 0, its center anywhere in the image (DeVries and Taylor 2017). */
  readonly cutout?: number;
}

/**
 * Copies one image, changed, to `to` from position `at` on. The change depends on the seed, the epoch and the row
 * alone.
 */
export type Augment = (from: Samples['features'], row: number, epoch: number, to: Float32Array, at: number) => void;

/**
 * Changes images as they are copied into a batch. A shift and a flip cost one lookup per pixel, in a table of source
 * pixels.
 * @param imageShape [height, width]
 * @throws HandgradError 'usage' when the shift or the square is larger than the images
 */
export function augmenter([height, width]: readonly [number, number], how: Augmentation, seed: number): Augment {
  const { shift = 0, flip = false, cutout = 0 } = how;
  const smallest = Math.min(height, width);
  for (const [name, size] of Object.entries({ shift, cutout })) {
    if (size < smallest) continue;
    throw new HandgradError(
      'usage',
      `A ${name} of ${size} pixels covers images of ${height} x ${width}; choose a smaller one.`,
    );
  }
  const moves = 2 * shift + 1;
  const tables: Int32Array[] = [];
  for (const mirrored of flip ? [false, true] : [false]) {
    for (let move = 0; move < moves * moves; move++) {
      const [down, right] = [Math.floor(move / moves) - shift, (move % moves) - shift];
      tables.push(sources(height, width, down, right, mirrored));
    }
  }
  const size = height * width;
  return (from, row, epoch, to, at) => {
    const key = keyOf(seed, 'augment', epoch, row);
    const table = tables[Math.floor(toUnit(hash32(key, 0)) * tables.length)]!;
    const start = row * size;
    for (let p = 0; p < size; p++) {
      const source = table[p]!;
      to[at + p] = source < 0 ? 0 : from[start + source]!;
    }
    if (cutout === 0) return;
    const top = Math.floor(toUnit(hash32(key, 1)) * height) - (cutout >> 1);
    const left = Math.floor(toUnit(hash32(key, 2)) * width) - (cutout >> 1);
    const [first, end] = [Math.max(0, left), Math.min(width, left + cutout)];
    for (let y = Math.max(0, top); y < Math.min(height, top + cutout); y++) {
      to.fill(0, at + y * width + first, at + y * width + end);
    }
  };
}

/** For each pixel of the changed image, its source in the stored one; -1 outside of it. */
function sources(height: number, width: number, down: number, right: number, mirrored: boolean): Int32Array {
  return Int32Array.from({ length: height * width }, (_, p) => {
    const y = Math.floor(p / width) - down;
    const moved = (p % width) - right;
    const x = mirrored ? width - 1 - moved : moved;
    return y >= 0 && y < height && x >= 0 && x < width ? y * width + x : -1;
  });
}
