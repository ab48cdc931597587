import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { compareScores, type Scores } from '../../bench/tables';
import { need } from '../need';

describe('tables, beside scikit-learn', function () {
  this.timeout(600_000);
  const python = process.env['HANDGRAD_PYTHON'] ?? 'python3';
  let compared: Scores[];
  before(async function () {
    const { status } = spawnSync(python, ['-c', 'import sklearn, pandas']);
    need(this, status === 0 ? undefined : `${python} has no scikit-learn or no pandas`);
    compared = await compareScores(python);
  });

  it('is within 0.01 on every table, with nothing but the label named', () => {
    for (const { name, handgrad, sklearn } of compared) {
      expect(handgrad, name).to.be.greaterThan(sklearn - 0.01);
    }
  });

  it('is better on the mean', () => {
    const sum = (of: (one: Scores) => number) => compared.reduce((total, one) => total + of(one), 0);
    expect(sum(({ handgrad }) => handgrad)).to.be.greaterThan(sum(({ sklearn }) => sklearn));
  });
});
