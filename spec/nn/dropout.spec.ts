import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { dropout, dropoutBackward, dropoutMask } from '../../src/nn/dropout';
import { initParams } from '../../src/nn/initialize';
import { dropInputs, dropoutMasks } from '../../src/nn/network';
import { createRandom, keyOf } from '../../src/random';
import { onEachBackend, useBackend } from '../backend';
import { expectClose, expectGradient, randomTensor } from '../finiteDifferences';

describe('dropout', () => {
  onEachBackend(() => {
    it('drops where the mask is 0 and scales the rest, forward and backward, by hand', () => {
      const M = tf.tensor2d([[0, 2]]);
      expectClose(dropout(tf.tensor2d([[3, 4]]), M), [[0, 8]]);
      expectClose(dropoutBackward(tf.tensor2d([[5, 6]]), M), [[0, 12]]);
      const H = randomTensor<tf.Rank.R2>([4, 5], 1);
      const [dH, mask] = [randomTensor<tf.Rank.R2>([4, 5], 2), dropoutMask([4, 5], 0.4, 3)];
      expectGradient((H) => dropout(H as tf.Tensor2D, mask), H, dH, dropoutBackward(dH, mask));
    });
  });
});

describe('dropout masks', () => {
  useBackend('cpu');

  for (const p of [0.1, 0.3, 0.5, 0.9]) {
    it(`a mask of ${p} has that part of zeros in every row and column, and 1 / (1 - p) elsewhere`, () => {
      const [rows, columns] = [301, 399];
      const M = dropoutMask([rows, columns], p, keyOf(1, 'dropout', 1)).dataSync();
      const zerosIn = (pick: (row: number, column: number) => boolean, of: number) => {
        let zeros = 0;
        M.forEach((m, i) => (zeros += m === 0 && pick(Math.floor(i / columns), i % columns) ? 1 : 0));
        return zeros / of;
      };
      const all = rows * columns;
      expect(zerosIn(() => true, all)).to.be.closeTo(p, 5 * Math.sqrt((p * (1 - p)) / all));
      const error = (n: number) => 5 * Math.sqrt((p * (1 - p)) / n);
      for (const at of [0, 1, 150, 300]) {
        expect(zerosIn((row) => row === at, columns)).to.be.closeTo(p, error(columns));
        expect(zerosIn((_, column) => column === at, rows)).to.be.closeTo(p, error(rows));
      }
      expect(new Set(M)).to.deep.equal(new Set([0, Math.fround(1 / (1 - p))]));
    });
  }

  it('masks of other steps, layers and seeds are independent, and the same key gives the same', () => {
    const network = initParams(20, 3, [20, 20], createRandom(0, 'init'));
    const masks = (seed: number, step: number) => {
      const key = keyOf(seed, 'dropout', step);
      return [dropInputs(tf.ones([50, 20]), 0.5, key), ...dropoutMasks(50, network, 0.5, key)];
    };
    const same = (a?: tf.Tensor, b?: tf.Tensor) => tf.mean(tf.cast(tf.equal(a!, b!), 'float32')).dataSync()[0]!;
    const [first, second, third] = masks(1, 1);
    expect(same(first, masks(1, 1)[0])).to.equal(1);
    for (const other of [second, third, masks(1, 2)[0], masks(2, 1)[0]]) {
      expect(same(first, other)).to.be.closeTo(0.5, 0.08);
    }
  });

  it('draws masks only where something is dropped, and one for each hidden layer', () => {
    const network = initParams(6, 3, [5, 7], createRandom(0, 'init'));
    expect(dropoutMasks(4, network, 0, 1)).to.deep.equal([]);
    const shapes = dropoutMasks(4, network, 0.5, 1).map(({ shape }) => shape.join());
    expect(shapes).to.deep.equal(['4,5', '4,7']);
    const X = tf.ones<tf.Rank.R2>([4, 6]);
    expect(dropInputs(X, 0, 1)).to.equal(X);
  });
});
