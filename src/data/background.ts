import type { Dataset } from './samples';

/** Whether the background of a data set's images is nearer to 0 or to 255. */
export type Background = 'dark' | 'light';

/** A sample of this size decides as reliably as all images. */
const IMAGES = 1000;

/** The background of a data set's images, by the pixels at their edges; undefined for data without byte images. */
export function backgroundOf({ train, imageShape }: Dataset): Background | undefined {
  const { features, count, numInputs } = train;
  if (!imageShape || !(features instanceof Uint8Array)) return undefined;
  const [height, width] = imageShape;
  const looked = Math.min(IMAGES, count);
  let [sum, pixels] = [0, 0];
  for (let image = 0; image < looked; image++) {
    for (let i = 0; i < numInputs; i++) {
      const [row, column] = [Math.floor(i / width), i % width];
      if (row > 0 && row < height - 1 && column > 0 && column < width - 1) continue;
      sum += features[image * numInputs + i]!;
      pixels++;
    }
  }
  return sum / pixels < 127.5 ? 'dark' : 'light';
}
