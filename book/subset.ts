import { gzipSync } from 'node:zlib';
import { type Dataset, type Samples, selectRows } from '../src/data/samples';

/** The part of a data set that the page trains on: the first samples, as `--limit` takes them. */
export function subset(dataset: Dataset, trainCount: number, testCount: number): Dataset {
  const first = (samples: Samples, count: number) =>
    selectRows(
      samples,
      Array.from({ length: Math.min(count, samples.count) }, (_, row) => row),
    );
  return { ...dataset, train: first(dataset.train, trainCount), test: first(dataset.test, testCount) };
}

/** The samples as one file, compressed: the bytes of the images, training and test, then a byte for each label. */
export function encodeSamples({ train, test }: Dataset): Uint8Array {
  const parts = [train.features, test.features, Uint8Array.from(train.labels), Uint8Array.from(test.labels)];
  return gzipSync(Buffer.concat(parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength))), {
    level: 6,
  });
}
