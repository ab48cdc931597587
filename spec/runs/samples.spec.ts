import { expect } from 'chai';
import { smallDataset, smallRegression } from '../smallDataset';
import { type Config, DEFAULTS } from '../../src/runs/config';
import { chooseSamples, fitConfig } from '../../src/runs/samples';

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

  describe('and what looks like a mistake', () => {
    const noticesFor = (changes: Partial<Config>, train = dataset.train, test = dataset.test) => {
      const notices: string[] = [];
      const config = { ...DEFAULTS, batchSize: 10, ...changes };
      const data = { ...dataset, train, test };
      fitConfig(
        { config, given: new Set(), origins: new Map() },
        data,
        chooseSamples(data, config),
        undefined,
        (text) => notices.push(text),
      );
      return notices;
    };

    it('such as a run of few steps is said', () => {
      const message = (steps: string) =>
        `The run has only ${steps}; more \`epochs\`, or a smaller \`batchSize\`, may learn more.`;
      expect(noticesFor({ epochs: 5 })).to.deep.equal([]);
      expect(noticesFor({ epochs: 4 })).to.deep.equal([message('40 steps')]);
      expect(noticesFor({ epochs: 100, stopAfter: 1, batchSize: 100 })).to.deep.equal([message('1 step')]);
    });

    it('such as a part that lacks a class is said', () => {
      const labels = dataset.train.labels.map((label) => Math.max(1, label));
      expect(noticesFor({}, { ...dataset.train, labels })).to.deep.equal(['There is no training sample of class "a".']);
      const lone = dataset.train.labels.map((label, i) => (i === 0 ? 0 : Math.max(1, label)));
      const test = { ...dataset.test, labels: dataset.test.labels.map((label) => Math.max(1, label)) };
      expect(noticesFor({}, { ...dataset.train, labels: lone }, test)).to.deep.equal([
        'There is no test sample of class "a": its only sample is for training.',
      ]);
      expect(noticesFor({ limit: 20, valFraction: 0.05, epochs: 50 })[0]).to.match(
        /^There is no validation sample of 2 classes: /,
      );
    });
  });
});
