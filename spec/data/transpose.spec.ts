import { expect } from 'chai';
import { join } from 'node:path';
import { loadDataset } from '../../src/data/loadDataset';
import { transposedPixels } from '../../src/data/transpose';
import { fill, temporaryFolder, tinyContents } from './tinyDataset';

describe('transposed images', () => {
  const folder = temporaryFolder();

  it('finds the pixels of an image of 2 x 3 in its transpose of 3 x 2', () => {
    expect([...transposedPixels([2, 3])]).to.deep.equal([0, 2, 4, 1, 3, 5]);
  });

  it('loads images upright: each row of one is a column of what is stored', async () => {
    const spec = fill(join(folder(), 'set'), tinyContents());
    const stored = await loadDataset(spec);
    const upright = await loadDataset(spec, { transpose: true });
    expect(stored.imageShape).to.deep.equal([5, 4]);
    expect(upright.imageShape).to.deep.equal([4, 5]);
    expect(upright.digest).to.equal(stored.digest);
    for (const part of ['train', 'test'] as const) {
      const { count, labels, features } = upright[part];
      expect(labels).to.deep.equal(stored[part].labels);
      for (let i = 0; i < count; i++) {
        for (let row = 0; row < 4; row++) {
          for (let column = 0; column < 5; column++) {
            expect(features[i * 20 + row * 5 + column]).to.equal(stored[part].features[i * 20 + column * 4 + row]);
          }
        }
      }
    }
  });
});
