import { expect } from 'chai';
import { averageReport, classReport, countConfusion, frequentConfusions } from '../../src/training/classReport';

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

describe('averageReport', () => {
  it('averages over classes that occur and over samples, by hand', () => {
    // Class 2 has no samples but is predicted once; class 3 occurs nowhere.
    const { macro, weighted, balancedAccuracy } = averageReport([
      [6, 2, 0, 0],
      [2, 1, 1, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
    expect(macro.precision).to.be.closeTo((6 / 8 + 1 / 3 + 0) / 3, 1e-15);
    expect(macro.recall).to.be.closeTo((6 / 8 + 1 / 4 + 0) / 3, 1e-15);
    expect(weighted.precision).to.be.closeTo((8 * (6 / 8) + 4 * (1 / 3)) / 12, 1e-15);
    expect(weighted.recall).to.be.closeTo(7 / 12, 1e-15);
    expect(balancedAccuracy).to.be.closeTo((6 / 8 + 1 / 4) / 2, 1e-15);
  });
});

describe('countConfusion and frequentConfusions', () => {
  it('count true by predicted class, and list the errors, most first', () => {
    const confusion = countConfusion([0, 0, 0, 1, 1, 2, 2], [1, 1, 0, 1, 0, 2, 0], 3);
    expect(confusion).to.deep.equal([
      [1, 2, 0],
      [1, 1, 0],
      [1, 0, 1],
    ]);
    expect(frequentConfusions(confusion, 2)).to.deep.equal([
      { truth: 0, predicted: 1, count: 2 },
      { truth: 1, predicted: 0, count: 1 },
    ]);
  });
});
