import { expect } from 'chai';
import { smallDataset, smallRegression } from '../smallDataset';
import { DEFAULTS } from '../../src/runs/config';
import { chooseSamples } from '../../src/runs/samples';

describe('the samples of a run', () => {
  const dataset = {
    ...{ name: 'small', train: smallDataset(100), test: smallDataset(10), numInputs: 20, numOutputs: 3 },
    ...{ classNames: ['a', 'b', 'c'], digest: '' },
  };
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

  it('have no weights unless asked for', () => {
    const { train } = chooseSamples(dataset, DEFAULTS);
    expect(train).to.equal(dataset.train);
  });

  it('are weighted with mean 1 over the training part alone: what is held back neither counts nor is weighted', () => {
    const config = { ...DEFAULTS, classWeights: 'balanced', valFraction: 0.4, limit: 50 };
    const { train, validation } = chooseSamples(dataset, config);
    expect([train.count, validation!.count]).to.deep.equal([30, 20]);
    expect(mean(train.weights!)).to.be.closeTo(1, 1e-6);
    expect(validation!.weights).to.equal(undefined);
    for (const label of [0, 1, 2]) {
      const ofClass = train.weights!.filter((_, i) => train.labels[i] === label);
      expect(ofClass.reduce((sum, weight) => sum + weight, 0)).to.be.closeTo(10, 1e-4);
    }
  });

  it('keep the weights that they came with, and targets too', () => {
    const numbers = { ...dataset, task: 'regression' as const, train: smallRegression(100), classNames: [] };
    const { train, validation } = chooseSamples(numbers, { ...DEFAULTS, valFraction: 0.2 });
    expect(mean(train.weights!)).to.be.closeTo(1, 1e-6);
    expect([...new Set(train.weights)].length).to.equal(3);
    expect([train.targets!.length, validation!.targets!.length]).to.deep.equal([160, 40]);
  });
});
