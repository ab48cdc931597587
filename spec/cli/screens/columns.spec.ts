import { expect } from 'chai';
import { columnLines } from '../../../cli/screens/columns';
import { tableDataset } from '../../../src/data/tables/tableDataset';
import { lines, open } from '../../data/tables/read';

/** What the start of a run says of a table. */
async function said(text: string, drop: string[] = []): Promise<string[]> {
  const { preparation, leftOut, numInputs } = tableDataset(await open(text, { labelColumn: 'label', drop }));
  const { labels, inputs } = preparation;
  return columnLines({ table: { labels, inputs, leftOut }, widths: [numInputs, 2] });
}

describe('the columns of a table at the start of a run', () => {
  it('are counted and named by kind, with what is left out and why', async () => {
    const text = lines('id,x,when,city,label', 40, (i) => [
      ...[i, i % 5 ? i * i : '', `2024-01-${10 + (i % 9)}`, ['Ulm', 'Bonn'][i % 2]!, i % 3 ? 'well' : 'ill'],
    ]);
    expect(await said(text)).to.deep.equal([
      'Label:   label',
      'Columns: 1 number (x), 1 date (when), 1 category (city) as 5 inputs; missing cells are filled in, ' +
        'and marked in 1 column',
      '         left out: id (consecutive numbers from 0)',
    ]);
    expect((await said(text, ['id', 'x', 'when']))[1]).to.equal('Columns: 1 category (city) as 2 inputs');
  });

  it('are shortened where they are many, and harmless', async () => {
    const names = Array.from({ length: 8 }, (_, i) => `c${i}`);
    const text = lines([...names, '\u001b[31m', 'label'].join(','), 20, (i) => [
      ...[...names.map((_, j) => (i * 7 + j) % 11), 'same', i % 2 ? 'a' : 'b'],
    ]);
    expect((await said(text))[1]).to.equal('Columns: 8 numbers (c0, c1, c2, c3, c4, …) as 8 inputs');
    expect((await said(text))[2]).to.equal('         left out: \\u{1b}[31m (every value is the same)');
    expect((await said(text, names.slice(0, 7)))[2]).to.match(/c4 \(as asked\), and 3 more$/);
  });

  it('are not there for images', () => {
    expect(columnLines({ widths: [784, 10] })).to.deep.equal([]);
  });
});
