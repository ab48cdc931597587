import { expect } from 'chai';
import { examine, type Examination, examineValues } from '../../src/reports/examination';

describe('examine', () => {
  const probabilities = [
    [0.9, 0.1],
    [0.4, 0.6],
    [0.7, 0.3],
    [0.05, 0.95],
  ];
  const examined = (rows: readonly (readonly number[])[], labels: readonly number[]) => {
    const predicted = rows.map((row) => row.indexOf(Math.max(...row)));
    return examine({ probabilities: rows.flat(), predicted, labels, k: 2, loss: 0.5 }, 1);
  };
  let found: Examination;
  before(async () => {
    found = await examined(probabilities, [0, 0, 1, 1]);
  });

  it('counts, by hand', () => {
    expect(found.confusion).to.deep.equal([
      [1, 1],
      [1, 1],
    ]);
    expect(found).to.include({
      samples: 4,
      loss: 0.5,
      accuracy: 0.5,
      balancedAccuracy: 0.5,
      rocAuc: 0.75,
      mistakeCount: 2,
    });
  });

  it('keeps the mistakes with the highest loss', () => {
    expect(found.worst).to.deep.equal([
      { index: 2, truth: 1, predicted: 0, truthProbability: 0.3, predictedProbability: 0.7 },
    ]);
  });

  it('measures calibration in ten bins', async () => {
    const full = found.calibration.filter(({ count }) => count > 0);
    expect(full.map(({ from, count, accuracy }) => [from, count, accuracy])).to.deep.equal([
      [0.6, 1, 0],
      [0.7, 1, 0],
      [0.9, 2, 1],
    ]);
    expect(found.calibrationError).to.be.closeTo((0.6 + 0.7 + 2 * (1 - 0.925)) / 4, 1e-12);
    // All of a class that is always right and sure: calibrated.
    expect((await examined([[1, 0]], [0])).calibrationError).to.equal(0);
  });
});

describe('examineValues', () => {
  it('divides values by label, with the largest errors first', () => {
    const predicted = Float64Array.from([1, 10, 2, 20, 3, 30]);
    const actual = Float64Array.from([1, 10, 5, 21, 2, 35]);
    const [a, b] = examineValues({ predicted, actual }, ['a', 'b'], 2);
    expect(a).to.deep.equal({
      name: 'a',
      predicted: Float64Array.from([1, 2, 3]),
      actual: Float64Array.from([1, 5, 2]),
      worst: [1, 2],
    });
    expect(b!.worst).to.deep.equal([2, 1]);
  });
});
