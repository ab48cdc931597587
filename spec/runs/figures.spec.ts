import { expect } from 'chai';
import { formatFigure, judgedFigure } from '../../src/runs/figures';

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
