import { expect } from 'chai';
import { tableParts, type TableSplit } from '../../../src/data/tables/tableParts';
import type { ColumnChoice } from '../../../src/data/tables/typedTable';
import { failure } from '../../failure';
import { lines, open } from './read';

const text = lines('x,label,patient,day', 60, (i) => [
  (i * 7) % 31,
  i % 3 ? 'well' : 'ill',
  `p${Math.floor(i / 4) % 12}`,
  `2024-01-${String(((i * 7) % 30) + 1).padStart(2, '0')}`,
]);
const partsOf = async (split: TableSplit = {}, choice: ColumnChoice = {}) =>
  tableParts(await open(text, { labelColumn: 'label', ...choice }), split);
const union = (...parts: Int32Array[]) => parts.flatMap((part) => [...part]).sort((a, b) => a - b);
const all = Array.from({ length: 60 }, (_, row) => row);

describe('the parts of a table', () => {
  it('are a fifth for testing, and the rest for training; stratified', async () => {
    const { train, validation, test } = await partsOf();
    expect([train.length, validation.length, test.length]).to.deep.equal([48, 0, 12]);
    expect(union(train, test)).to.deep.equal(all);
    expect(test.filter((row) => row % 3 === 0)).to.have.length(4);
  });

  it('have the same test rows whatever the validation is, and with other seeds others', async () => {
    const plain = await partsOf();
    const { train, validation, test } = await partsOf({ valFraction: 0.25 });
    expect(test).to.deep.equal(plain.test);
    expect([train.length, validation.length]).to.deep.equal([36, 12]);
    expect(union(train, validation)).to.deep.equal([...plain.train]);
    expect((await partsOf({ seed: 1 })).test).to.not.deep.equal(test);
    expect((await partsOf({ testFraction: 0.5 })).test).to.have.length(30);
  });

  it('are limited to the first training rows', async () => {
    const plain = await partsOf();
    const { train, test } = await partsOf({ limit: 10 });
    expect(train).to.deep.equal(plain.train.slice(0, 10));
    expect(test).to.deep.equal(plain.test);
    expect(await failure('usage', () => partsOf({ limit: 49 }))).to.match(
      /`limit` must be .* from 1 to 48, .* not 49\.$/,
    );
  });

  it('are folds, which test every row once', async () => {
    const folds = await Promise.all([1, 2, 3, 4].map((fold) => partsOf({ folds: 4, fold, valFraction: 0.2 })));
    expect(union(...folds.map(({ test }) => test))).to.deep.equal(all);
    for (const { train, validation, test } of folds) {
      expect(union(train, validation, test)).to.deep.equal(all);
      expect(test.filter((row) => row % 3 === 0)).to.have.length(5);
    }
  });

  it('keep groups together, in folds and for validation too', async () => {
    for (const split of [{ valFraction: 0.25 }, { folds: 3, fold: 2, valFraction: 0.25 }]) {
      const { train, validation, test } = await partsOf(split, { groupColumn: 'patient' });
      expect(union(train, validation, test)).to.deep.equal(all);
      const patients = [train, validation, test].map((part) => [
        ...new Set(part.map((row) => Math.floor(row / 4) % 12)),
      ]);
      expect(new Set(patients.flat()).size).to.equal(12).and.equal(patients.flat().length);
    }
  });

  it('are by time: validation after training, and the test after both', async () => {
    const day = (part: Int32Array) => [...part].map((row) => (row * 7) % 30);
    for (const split of [{ valFraction: 0.25 }, { folds: 3, fold: 1, valFraction: 0.25 }, { folds: 3, fold: 3 }]) {
      const { train, validation, test } = await partsOf(split, { timeColumn: 'day' });
      expect(Math.max(...day(train))).to.be.at.most(Math.min(...day(validation), ...day(test)));
      expect(Math.max(...day(validation))).to.be.at.most(Math.min(...day(test)));
    }
    const folds = await Promise.all([1, 2, 3].map((fold) => partsOf({ folds: 3, fold }, { timeColumn: 'day' })));
    expect(folds.map(({ train, test }) => [train.length, test.length])).to.deep.equal([
      [15, 15],
      [30, 15],
      [45, 15],
    ]);
  });

  it('by time need a date or a number in every row', async () => {
    expect(await failure('data', () => partsOf({}, { timeColumn: 'patient' }))).to.match(
      /line 2: column "patient" holds no date or number to order the rows by;/,
    );
    expect((await partsOf({}, { timeColumn: 'x' })).test.every((row) => (row * 7) % 31 >= 24)).to.equal(true);
  });
});
