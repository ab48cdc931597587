import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defaultDataDir } from '../src/data/defaultDataDir';
import { loadDataFashionMnist } from '../src/loadDataFashionMnist';
import type { DataIterator } from '../src/training/batches';
import { useBackend } from './backend';
import { need } from './need';

const dataDir = process.env['HANDGRAD_DATA_DIR'] || defaultDataDir();

/** The labels of a pass, and the mean of its pixels. */
function pass(iterator: DataIterator): { labels: number[]; sizes: number[]; mean: number } {
  const labels: number[] = [];
  const sizes: number[] = [];
  let sum = 0;
  for (const { X, y } of iterator) {
    labels.push(...y.dataSync());
    sizes.push(y.size);
    sum += tf.tidy(() => tf.mean(X).dataSync()[0]!) * y.size;
  }
  return { labels, sizes, mean: sum / labels.length };
}

describe('loadDataFashionMnist', function () {
  this.timeout(60_000);
  before(function () {
    const folder = join(dataDir, 'fashion-mnist');
    need(this, existsSync(folder) ? undefined : `there is no ${folder}; "handgrad download" fetches it`);
  });

  // Sixty thousand images take long on cpu; it is the same code that makes batches for both.
  describe('on wasm', () => {
    useBackend('wasm');

    it('gives the post’s iterators: 60,000 images in a new order every pass, 10,000 in their own', async () => {
      const [trainIter, testIter] = await loadDataFashionMnist(256, { dataDir });
      expect(trainIter).to.include({ numSamples: 60_000, numBatches: 235 });
      const [first, second] = [pass(trainIter), pass(trainIter)];
      expect(first.sizes).to.deep.equal([...new Array<number>(234).fill(256), 96]);
      for (let label = 0; label < 10; label++) expect(first.labels.filter((y) => y === label)).to.have.length(6000);
      expect(first.labels).not.to.deep.equal(second.labels);
      // The mean pixel of Fashion-MNIST's training images, as the normalizations that are published for it have it.
      expect(first.mean).to.be.closeTo(0.286, 5e-4);
      const test = pass(testIter);
      expect(test.labels.slice(0, 10)).to.deep.equal([9, 2, 1, 1, 6, 1, 4, 6, 5, 7]);
      expect(pass(testIter)).to.deep.equal(test);
    });

    it('draws the order from the seed', async () => {
      const labels = async (seed: number) => pass((await loadDataFashionMnist(10_000, { dataDir, seed }))[0]).labels;
      expect(await labels(1)).to.deep.equal(await labels(1));
      expect(await labels(1)).not.to.deep.equal(await labels(2));
    });
  });
});
