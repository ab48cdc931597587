import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { type Compared, compareTables } from '../../bench/tables';
import { need } from '../need';

describe('tables, beside scikit-learn', function () {
  this.timeout(600_000);
  const python = process.env['HANDGRAD_PYTHON'] ?? 'python3';
  let compared: Compared[];
  before(async function () {
    const { status } = spawnSync(python, ['-c', 'import sklearn, pandas']);
    need(this, status === 0 ? undefined : `${python} has no scikit-learn or no pandas`);
    compared = await compareTables(python);
  });

  it('is within 0.01 on every table, with nothing but the label named', () => {
    for (const { name, handgrad, sklearn } of compared) {
      expect(handgrad.score, name).to.be.greaterThan(sklearn.score - 0.01);
    }
  });

  it('is better on the mean', () => {
    const sum = (of: (one: Compared) => number) => compared.reduce((total, one) => total + of(one), 0);
    expect(sum(({ handgrad }) => handgrad.score)).to.be.greaterThan(sum(({ sklearn }) => sklearn.score));
  });
});
