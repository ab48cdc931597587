import { expect } from 'chai';
import { fitNormalization } from '../../src/data/fitNormalization';

describe('fitNormalization', () => {
  const table = {
    features: Float32Array.from([1, 100, 5, 3, 300, 5]),
    scale: 1,
    labels: Int32Array.from([0, 1]),
    count: 2,
    numInputs: 3,
  };

  it('fits each feature, by hand; one that never changes gets the deviation 1', () => {
    expect(fitNormalization(table, true)).to.deep.equal({ mean: [2, 200, 5], std: [1, 100, 1] });
  });

  it('fits all features together, by hand, in units of the scaled ones', () => {
    const images = { ...table, features: Uint8Array.from([0, 0, 0, 255, 255, 255]), scale: 1 / 255 };
    const { mean, std } = fitNormalization(images, false);
    expect(mean).to.have.length(1);
    expect(mean[0]).to.be.closeTo(0.5, 1e-12);
    expect(std[0]).to.be.closeTo(0.5, 1e-12);
  });

  it('keeps the digits of a small deviation beside a large mean', () => {
    const { std } = fitNormalization({ ...table, features: Float32Array.from([65536, 0, 0, 65536.5, 0, 0]) }, true);
    expect(std[0]).to.equal(0.25);
  });
});
