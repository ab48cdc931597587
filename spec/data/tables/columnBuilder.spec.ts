import { expect } from 'chai';
import { addString, finishTexts, textBudget, textBuilder } from '../../../src/data/tables/columnBuilder';
import { assertUsable, type TextColumn } from '../../../src/data/tables/table';
import { failure } from '../../failure';
import { cells } from './read';

/** Columns of texts, read row by row. */
function columnsOf(rows: readonly (readonly string[])[], bounds: { texts: number; characters: number }): TextColumn[] {
  const budget = textBudget(bounds);
  const builders = rows[0]!.map((_, i) => textBuilder(`c${i}`, i, budget));
  for (const row of rows) for (const [i, text] of row.entries()) addString(builders[i]!, text);
  return builders.map(finishTexts);
}

const numbered = (i: number, length: number) => String(i).padStart(length, 'x');

describe('columns of texts', () => {
  it('are kept up to their bounds', () => {
    const rows = Array.from({ length: 10 }, (_, i) => [numbered(i, 5), numbered(i % 2, 25)]);
    const columns = columnsOf(rows, { texts: 10, characters: 100 });
    expect(columns.map(cells)).to.deep.equal([0, 1].map((column) => rows.map((row) => row[column]!)));
    for (const column of columns) expect(() => assertUsable(column)).to.not.throw();
  });

  it('beyond them, the largest cannot be used, and the others stay', async () => {
    // The short ones come last: it is one of them for which there is no room.
    const rows = Array.from({ length: 40 }, (_, i) => [numbered(i, 30), numbered(i, 3), numbered(i % 3, 4)]);
    const [large, ...others] = columnsOf(rows, { texts: 100, characters: 500 });
    expect(await failure('data', () => assertUsable(large!))).to.equal(
      'Column "c0" has too many different texts to be kept in memory; remove the column from the file.',
    );
    expect(large!.codes).to.have.length(40);
    expect(others.map(cells)).to.deep.equal([1, 2].map((column) => rows.map((row) => row[column]!)));

    const [many, few] = columnsOf(rows, { texts: 39, characters: 10_000 }).slice(1);
    expect(many).to.have.property('fault');
    expect(cells(few!)).to.deep.equal(rows.map((row) => row[2]!));
  });
});
