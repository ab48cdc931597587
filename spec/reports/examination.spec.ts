import { expect } from 'chai';
import { examine } from '../../src/reports/examination';

describe('examine', () => {
  const probabilities = [
    [0.9, 0.1],
    [0.4, 0.6],
    [0.7, 0.3],
    [0.05, 0.95],
  ];
  const found = examine(probabilities, [0, 0, 1, 1], 1);

  it('counts, and measures the loss, by hand', () => {
    expect(found.confusion).to.deep.equal([
      [1, 1],
      [1, 1],
    ]);
    expect(found).to.include({ samples: 4, accuracy: 0.5, mistakeCount: 2 });
    expect(found.loss).to.be.closeTo(-(Math.log(0.9) + Math.log(0.4) + Math.log(0.3) + Math.log(0.95)) / 4, 1e-12);
  });

  it('keeps the mistakes with the highest loss', () => {
    expect(found.worst).to.deep.equal([
      { index: 2, truth: 1, predicted: 0, truthProbability: 0.3, predictedProbability: 0.7 },
    ]);
  });

  it('measures calibration in ten bins', () => {
    const full = found.calibration.filter(({ count }) => count > 0);
    expect(full.map(({ from, count, accuracy }) => [from, count, accuracy])).to.deep.equal([
      [0.6, 1, 0],
      [0.7, 1, 0],
      [0.9, 2, 1],
    ]);
    expect(found.calibrationError).to.be.closeTo((0.6 + 0.7 + 2 * (1 - 0.925)) / 4, 1e-12);
    // All of a class that is always right and sure: calibrated.
    expect(examine([[1, 0]], [0], 1).calibrationError).to.equal(0);
  });
});
