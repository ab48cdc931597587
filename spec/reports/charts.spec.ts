import { expect } from 'chai';
import { PAGE_THEME, resultAgainst } from '../../src/reports/charts';

describe('the result against a setting', () => {
  const against = (settings: readonly unknown[]) => {
    const trials = settings.map((hidden, i) => ({ name: `${i}`, settings: { hidden }, result: i }));
    return JSON.stringify(resultAgainst(PAGE_THEME, trials, 'hidden', 'testAccuracy'));
  };

  it('has names in the order of their numbers', () => {
    expect(against([[16, 8], [4], [16], [4]])).to.contain('"sort":["4","16","16,8"]');
  });

  it('has numbers on a scale, which is logarithmic when they span a factor of twenty', () => {
    expect(against([1, 2])).to.contain('"type":"linear"');
    expect(against([1, 20])).to.contain('"type":"log"');
    expect(against([0, 20])).to.contain('"type":"linear"');
  });
});
