import { expect } from 'chai';
import { classReport } from '../../src/training/classReport';

describe('classReport', () => {
  it('computes precision, recall and F1, by hand', () => {
    // Class 0: 6 of its 8 found, 9 predicted as it. Class 1: 1 of 4 found, 3 predicted. Class 2: never seen or
    // predicted.
    const [zero, one, two] = classReport([
      [6, 2, 0],
      [3, 1, 0],
      [0, 0, 0],
    ]);
    expect(zero).to.deep.equal({ precision: 6 / 9, recall: 6 / 8, f1: 12 / 17, support: 8 });
    expect(one).to.deep.equal({ precision: 1 / 3, recall: 1 / 4, f1: 2 / 7, support: 4 });
    expect(two).to.deep.equal({ precision: 0, recall: 0, f1: 0, support: 0 });
  });
});
