import type { Picture } from './png';

/** A weight's color, from its value over the largest one, in [-1, 1]. */
type Paint = (share: number) => readonly [number, number, number] | readonly [number];

/** From black for the most negative weight to white for the most positive. */
export const GRAYS: Paint = (share) => [Math.round(127.5 + 127.5 * share)];

/**
 * Blue for negative, orange for positive, white for none: distinguishable with every kind of color blindness, and on
 * paper.
 */
export const BLUE_ORANGE: Paint = (share) => {
  const [r, g, b] = share < 0 ? ([0, 84, 159] as const) : ([197, 90, 0] as const);
  const toward = (end: number) => Math.round(255 + (end - 255) * Math.abs(share));
  return [toward(r), toward(g), toward(b)];
};

/** The gray between the images. */
const BETWEEN = 128;
/** On each side of 0: more than 8 bits of a channel can show. */
const SHADES = 255;

/**
 * The weights of each unit of the first layer as an image, side by side, all on one scale.
 * @param W [inputs, units] row-major
 * @param imageShape [height, width] of a sample; height times width is `inputs`
 * @param most how many units are shown, the first ones
 */
export function weightGrid(
  { data: W, shape }: { readonly data: Float32Array; readonly shape: readonly number[] },
  [height, width]: readonly [number, number],
  { paint, most }: { readonly paint: Paint; readonly most: number },
): Picture {
  const units = shape[1]!;
  const shown = Math.min(units, most);
  const columns = Math.ceil(Math.sqrt(shown));
  const rows = Math.ceil(shown / columns);
  // One pixel between the tiles and around them.
  const [total, full] = [columns * (width + 1) + 1, rows * (height + 1) + 1];
  const shades = Array.from({ length: 2 * SHADES + 1 }, (_, i) => paint(i / SHADES - 1));
  const channels = shades[0]!.length;
  const pixels = new Uint8Array(total * full * channels).fill(BETWEEN);
  const scale = largeWeight(W);
  for (let unit = 0; unit < shown; unit++) {
    const left = 1 + (unit % columns) * (width + 1);
    const top = 1 + Math.floor(unit / columns) * (height + 1);
    for (let i = 0; i < height * width; i++) {
      const at = (top + Math.floor(i / width)) * total + left + (i % width);
      const share = Math.max(-1, Math.min(1, W[i * units + unit]! / scale));
      // NaN has no shade: it is shown as 0.
      const shade = shades[Math.round((share + 1) * SHADES)] ?? shades[SHADES]!;
      for (let channel = 0; channel < channels; channel++) pixels[at * channels + channel] = shade[channel]!;
    }
  }
  return { width: total, height: full, channels, pixels };
}

/**
 * The magnitude that one weight in 500 exceeds, so that a few outliers do not leave all others white. Exact to a
 * hundredth: magnitudes are counted by the first 15 bits of a float32 after its sign, which sort like the numbers.
 */
function largeWeight(W: Float32Array): number {
  const counts = new Uint32Array(2 ** 15);
  const bits = new Uint32Array(W.buffer, W.byteOffset, W.length);
  for (let i = 0; i < bits.length; i++) counts[(bits[i]! >>> 16) & 0x7fff]!++;
  let first15 = counts.length - 1;
  for (let larger = counts[first15]!; larger <= W.length / 500; larger += counts[first15]!) first15--;
  return new Float32Array(Uint32Array.of((first15 + 1) * 2 ** 16).buffer)[0]!;
}
