import { expect } from 'chai';
import type { RunData } from '../../src/runs/readRun';
import { resultFigure } from '../../src/runs/resultFigure';

describe('the figure that stands for a run', () => {
  const result = (rows: readonly object[], end?: object, config = {}) => {
    const epochs = rows.map((row, i) => ({ epoch: i + 1, ...row }));
    return resultFigure({ epochs, end, config } as unknown as RunData);
  };

  it('is that of the network that is kept, on the validation samples', () => {
    const epochs = [
      { valAccuracy: 0.6, valLoss: 3 },
      { valAccuracy: 0.8, valLoss: 2 },
      { valAccuracy: 0.8, valLoss: 1 },
      { valAccuracy: 0.7, valLoss: 0.5 },
    ];
    const kept = (epoch: number, value: number) => ({ name: 'Accuracy', value, validated: true, epoch });
    const end = { epochs: 4, testAccuracy: 0.5 };
    expect(result(epochs, end)).to.deep.equal(kept(4, 0.7));
    expect(result(epochs, { ...end, bestEpoch: 3 }, { patience: 1 })).to.deep.equal(kept(3, 0.8));
    // Before the end.
    expect(result(epochs)).to.deep.equal(kept(4, 0.7));
    expect(result(epochs, undefined, { patience: 9 })).to.deep.equal(kept(3, 0.8));
    expect(result([...epochs, { valAccuracy: NaN, valLoss: NaN }])).to.deep.equal(kept(4, 0.7));
  });

  it('of numbers is that of the epoch with the smallest loss, if that is kept', () => {
    const rows = [
      { valRmse: 2, valLoss: 3 },
      { valRmse: 3, valLoss: 2 },
      { valRmse: 1, valLoss: 4 },
    ];
    expect(result(rows)).to.deep.equal({ name: 'RMSE', value: 1, validated: true, epoch: 3 });
    expect(result(rows, undefined, { patience: 9 })).to.deep.include({ value: 3, epoch: 2 });
  });

  it('is the final one on the test set without those, or that of the last epoch so far', () => {
    const epochs = [{ testAccuracy: 0.9 }, { testAccuracy: 0.7 }, {}];
    expect(result(epochs, { epochs: 3, testAccuracy: 0.65 })).to.deep.equal({
      ...{ name: 'Accuracy', value: 0.65, validated: false, epoch: 3 },
    });
    expect(result(epochs)).to.deep.include({ value: 0.7, epoch: 2 });
    expect(result([{}])).to.equal(undefined);
  });

  it('is the mean of a cross-validation, also where its folds were validated', () => {
    const end = { epochs: 2, folds: 3, testRmse: 4 };
    expect(result([{ valRmse: 1 }, { valRmse: 2 }], end)).to.deep.equal({
      ...{ name: 'RMSE', value: 4, validated: false, epoch: undefined },
    });
  });
});
