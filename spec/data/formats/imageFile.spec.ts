import { expect } from 'chai';
import { join } from 'node:path';
import sharp from 'sharp';
import { readImage } from '../../../src/data/formats/imageFile';
import { temporaryFolder } from '../tinyDataset';

describe('readImage', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();

  it('F103 takes as much memory for many large images at once as for a few', async () => {
    // 36 million pixels in some kilobytes; 16 of them at once would take more than two gigabytes.
    const file = join(folder(), 'large.png');
    const create = { width: 6000, height: 6000, channels: 3 as const, background: '#808080' };
    await sharp({ create }).png().toFile(file);
    let most = 0;
    const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20);
    const before = process.memoryUsage().rss;
    const images = await Promise.all(
      Array.from({ length: 16 }, () => readImage({ file }, { imageShape: [2, 2], invert: 'no' })),
    );
    clearInterval(timer);
    expect(images.map(({ pixels }) => [...pixels])).to.deep.equal(Array(16).fill([128, 128, 128, 128]));
    expect((most - before) / 1e9).to.be.below(1.2);
  });
});
