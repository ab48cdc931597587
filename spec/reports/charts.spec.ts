import { expect } from 'chai';
import { PAGE_THEME, parallelCoordinates, resultAgainst } from '../../src/reports/charts';

describe('the result against a setting', () => {
  const against = (settings: readonly unknown[]) => {
    const trials = settings.map((hidden, i) => ({ name: `${i}`, settings: { hidden }, result: i }));
    return JSON.stringify(resultAgainst(PAGE_THEME, trials, 'hidden', 'testAccuracy'));
  };

  it('has names in the order of their numbers', () => {
    expect(against([[16, 8], [4], [16], [4]])).to.contain('"sort":["4","16","16,8"]');
  });

  it('has numbers on a scale, which is logarithmic when they span a factor of eight', () => {
    expect(against([1, 2])).to.contain('"type":"linear"');
    expect(against([1, 7])).to.contain('"type":"linear"');
    expect(against([1, 8])).to.contain('"type":"log"');
    expect(against([0, 20])).to.contain('"type":"linear"');
  });

  it('tilts names that would run into each other', () => {
    expect(against(['relu', 'gelu'])).to.contain('"labelAngle":0');
    expect(against([[64], [256, 128], [512, 256], [256, 128, 64]])).to.contain('"labelAngle":-40');
  });
});

describe('parallel coordinates', () => {
  const labels = (sizes: readonly number[]) => {
    const trials = sizes.map((batchSize, i) => ({ name: `${i}`, settings: { batchSize }, result: 0.5 + i / 100 }));
    const text = JSON.stringify(parallelCoordinates(PAGE_THEME, trials, ['batchSize'], 'testAccuracy'));
    return [
      ...new Set([...text.matchAll(/"axis":"batchSize","at":([\d.]+),"label":"(\d+)"/g)].map(([, , label]) => label)),
    ];
  };

  it('name each of a few numbers, and the ends and the middle of many', () => {
    expect(labels([32, 256, 64, 128])).to.have.members(['32', '64', '128', '256']);
    expect(labels([1, 2, 3, 4, 5, 6, 7])).to.deep.equal(['1', '4', '7']);
  });

  it('draw results as they are, also where settings of such a range would be drawn by their logarithm', () => {
    const trials = [0.1, 0.3, 0.5, 0.55, 0.6, 0.7, 0.9].map((result, i) => ({ name: `${i}`, settings: {}, result }));
    expect(JSON.stringify(parallelCoordinates(PAGE_THEME, trials, [], 'accuracy'))).to.contain('"label":"0.5"');
  });
});
