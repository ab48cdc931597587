import { expect } from 'chai';
import { confusionGrid } from '../../src/pictures/confusionGrid';

describe('confusionGrid', () => {
  it('is white for none, blue for right answers, orange for mistakes', () => {
    const { width, height, pixels } = confusionGrid([
      [4, 0],
      [2, 0],
    ]);
    expect([width, height]).to.deep.equal([2, 2]);
    const pixel = (at: number) => [...pixels.subarray(3 * at, 3 * at + 3)];
    expect([0, 1, 2, 3].map(pixel)).to.deep.equal([
      [0, 84, 159],
      [255, 255, 255],
      [197, 90, 0],
      [255, 255, 255],
    ]);
  });

  it('has a pixel for a block of pairs when there are more than a thousand classes', () => {
    const confusion = Array.from({ length: 1500 }, (_, c) => {
      const row = new Array<number>(1500).fill(0);
      row[c] = 1;
      return row;
    });
    const { width, pixels } = confusionGrid(confusion);
    expect(width).to.equal(750);
    // Half of a block's pairs are right answers.
    expect([...pixels.subarray(0, 6)]).to.deep.equal([0, 84, 159, 255, 255, 255]);
  });
});
