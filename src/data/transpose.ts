import type { Dataset, Samples } from './samples';

/**
 * Where the pixels of an image are in its transpose, in the order of the image.
 * @param imageShape [height, width] of the image
 */
export function transposedPixels([height, width]: readonly [number, number]): Int32Array {
  return Int32Array.from({ length: height * width }, (_, i) => (i % width) * height + Math.floor(i / width));
}

/** A data set whose images are stored with rows and columns exchanged, as EMNIST's are, upright; others as they are. */
export function uprightImages<Data extends Pick<Dataset, 'imageShape' | 'train' | 'test'>>(dataset: Data): Data {
  const { imageShape } = dataset;
  if (!imageShape) return dataset;
  const upright = [imageShape[1], imageShape[0]] as const;
  const from = transposedPixels(upright);
  const turned = (samples: Samples): Samples => ({ ...samples, features: reordered(samples, from) });
  return { ...dataset, imageShape: upright, train: turned(dataset.train), test: turned(dataset.test) };
}

function reordered({ features, count, numInputs }: Samples, from: Int32Array): Samples['features'] {
  const found = features.slice();
  for (let first = 0; first < count * numInputs; first += numInputs) {
    for (let i = 0; i < numInputs; i++) found[first + i] = features[first + from[i]!]!;
  }
  return found;
}
