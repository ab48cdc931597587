import { expect } from 'chai';
import { bestFigure, formatFigure, judgedFigure } from '../../src/runs/figures';
import type { RunData } from '../../src/runs/readRun';

describe('the figure that epochs are compared by', () => {
  it('is the accuracy, or for regression the RMSE; on the validation samples if there are any', () => {
    expect(judgedFigure({ testAccuracy: 0.5 })).to.deep.equal({ name: 'Accuracy', value: 0.5 });
    expect(judgedFigure({ testAccuracy: 0.5, valAccuracy: 0 })).to.deep.equal({ name: 'Accuracy', value: 0 });
    expect(judgedFigure({ testRmse: 3 })).to.deep.equal({ name: 'RMSE', value: 3 });
    expect(judgedFigure({ testRmse: 3, valRmse: 2 })).to.deep.equal({ name: 'RMSE', value: 2 });
    expect(judgedFigure({})).to.equal(undefined);
  });

  it('is written with digits that show it, whatever its unit', () => {
    expect(['testRmse', 'RMSE', 'valMae'].map((name) => formatFigure(name, 0.000031234))).to.deep.equal([
      ...['0.000031234', '0.000031234', '0.000031234'],
    ]);
    expect(formatFigure('testRmse', 54.23)).to.equal('54.230');
    expect(formatFigure('testMae', 51_234.6)).to.equal('51235');
    expect(formatFigure('testR2', 0.98765)).to.equal('0.9877');
    expect(formatFigure('testAccuracy', 1)).to.equal('1.0000');
    expect(formatFigure('testRmse', NaN)).to.equal('NaN');
  });
});

describe('the figure that stands for a run', () => {
  const best = (epochs: readonly object[], end?: object) =>
    bestFigure({ epochs: epochs.map((row, i) => ({ epoch: i + 1, ...row })), end } as unknown as RunData);

  it('is that of the best epoch on the validation samples', () => {
    const end = { epochs: 3, bestEpoch: 2, testAccuracy: 0.5 };
    const epochs = [{ valAccuracy: 0.6 }, { valAccuracy: 0.8 }, { valAccuracy: NaN }];
    expect(best(epochs, end)).to.deep.equal({ name: 'Accuracy', value: 0.8, validated: true, epoch: 2 });
    expect(best([{ valRmse: 3 }, { valRmse: 2 }])).to.deep.include({ name: 'RMSE', value: 2, epoch: 2 });
  });

  it('is the final one on the test set without those, or that of the last epoch so far', () => {
    const epochs = [{ testAccuracy: 0.9 }, { testAccuracy: 0.7 }, {}];
    expect(best(epochs, { epochs: 3, testAccuracy: 0.65 })).to.deep.equal({
      ...{ name: 'Accuracy', value: 0.65, validated: false, epoch: 3 },
    });
    expect(best(epochs)).to.deep.include({ value: 0.7, epoch: 2 });
    expect(best([{}])).to.equal(undefined);
  });

  it('is the mean of a cross-validation, also where its folds were validated', () => {
    const end = { epochs: 2, folds: 3, testRmse: 4 };
    expect(best([{ valRmse: 1 }, { valRmse: 2 }], end)).to.deep.equal({
      ...{ name: 'RMSE', value: 4, validated: false, epoch: undefined },
    });
  });
});
