import { expect } from 'chai';
import { resolveConfig, type Settings } from '../../src/runs/config';
import { assertTaskFits, lossFor } from '../../src/runs/task';
import { failure } from '../failure';

describe('the settings of a task', () => {
  const config = (values: Settings) => resolveConfig([{ values, from: 'options' }]).config;
  const regression = { task: 'regression' } as const;

  it('cross-entropy for classes, the mean squared error for numbers, or the loss asked for', () => {
    expect(lossFor(config({}), {})).to.equal('cross-entropy');
    expect(lossFor(config({}), regression)).to.equal('mse');
    expect(lossFor(config({ loss: 'huber' }), regression)).to.equal('huber');
  });

  it('what has a meaning is accepted', () => {
    assertTaskFits(config({ loss: 'huber', huberDelta: 2, expectRmse: 3, expectR2: -1, mixup: 0.2 }), regression);
    assertTaskFits(config({ classWeights: 'balanced', labelSmoothing: 0.1, expectAccuracy: 0.5 }), {});
  });

  for (const [values, task, message] of [
    [
      { loss: 'mse' },
      {},
      '`loss` mse is for regression, and this is classification; choose cross-entropy, or leave it out.',
    ],
    [{ loss: 'cross-entropy' }, regression, 'choose mse or huber, or leave it out.'],
    [
      { labelSmoothing: 0.1 },
      regression,
      '`labelSmoothing` is for classification, and this is regression; leave it out.',
    ],
    [{ classWeights: 'balanced' }, regression, '`classWeights` is for classification'],
    [{ expectAccuracy: 0.9 }, regression, '`expectAccuracy` is for classification'],
    [{ expectRmse: 1 }, {}, '`expectRmse` is for regression, and this is classification; leave it out.'],
    [{ expectMae: 1 }, {}, '`expectMae` is for regression'],
    [{ expectR2: 0 }, {}, '`expectR2` is for regression'],
  ] as const) {
    it(`refuses ${JSON.stringify(values)} for ${'task' in task ? task.task : 'classification'}`, async () => {
      expect(await failure('usage', () => assertTaskFits(config(values), task))).to.contain(message);
    });
  }
});
