import { expect } from 'chai';
import { asTexts, columnType, countCodes, numbersOf } from '../../../src/data/tables/columnTypes';
import { contents, lines, read } from './read';

/** The type of a column whose cells are these, beside a column of other numbers. */
async function typeOf(cells: readonly (string | number)[], name = 'x') {
  const table = await read(
    lines(`${name},other`, cells.length, (i) => [cells[i]!, (i * 37) % 11]),
    { hasHeader: true },
    4096,
  );
  const { column, ...found } = columnType(table.columns[0]!);
  expect(column).to.equal(table.columns[0]);
  return found;
}
const times = <T>(count: number, cell: (i: number) => T) => Array.from({ length: count }, (_, i) => cell(i));

describe('the type of a column', () => {
  it('is number for numbers, with or without missing cells', async () => {
    expect(await typeOf([3, 1, 2])).to.deep.equal({ type: 'number' });
    expect(await typeOf(['1.5', '', 'NA', '-3e2'])).to.deep.equal({ type: 'number' });
  });

  it('is category for texts, booleans and the like', async () => {
    expect(await typeOf(['ash', 'birch', 'ash'])).to.deep.equal({ type: 'category' });
    expect(await typeOf(['true', 'false', 'NA'])).to.deep.equal({ type: 'category' });
    expect(await typeOf(['7', 'seven', '7'])).to.deep.equal({ type: 'category' });
  });

  it('is date where one format suits every cell', async () => {
    expect(await typeOf(['2024-01-31', '2024-2-1', ''])).to.deep.equal({ type: 'date', format: 'year-month-day' });
    expect(await typeOf(['31/01/2024', '01/02/2024'])).to.deep.equal({ type: 'date', format: 'day-month-year' });
    expect(await typeOf(['01/31/2024', '01/02/2024'])).to.deep.equal({ type: 'date', format: 'month-day-year' });
    expect(await typeOf(['31/01/2024', '01/31/2024', '31/01/2024'])).to.deep.equal({ type: 'category' });
  });

  it('is constant for one value in every row, and for none; one value and empty cells may tell something', async () => {
    expect(await typeOf([5, 5, 5])).to.deep.equal({ type: 'constant', why: 'every value is 5' });
    expect(await typeOf(['a', 'a'])).to.deep.equal({ type: 'constant', why: 'every value is the same' });
    expect(await typeOf(['', 'NA', ''])).to.deep.equal({ type: 'constant', why: 'every cell is empty' });
    expect(await typeOf([1, '', 1])).to.deep.equal({ type: 'number' });
    expect(await typeOf(['a', '', 'a'])).to.deep.equal({ type: 'category' });
  });

  it('is identifier for a running number, of ten rows or more', async () => {
    expect(await typeOf(times(10, (i) => i + 7))).to.deep.equal({
      type: 'identifier',
      why: 'consecutive numbers from 7',
    });
    expect(await typeOf(times(9, (i) => i))).to.deep.equal({ type: 'number' });
    expect(await typeOf(times(10, (i) => 2 * i))).to.deep.equal({ type: 'number' });
    expect(await typeOf(times(10, (i) => i + 0.5))).to.deep.equal({ type: 'number' });
    expect(await typeOf(times(12, (i) => (i === 5 ? '' : i)))).to.deep.equal({ type: 'number' });
  });

  it('is identifier for different whole numbers called id', async () => {
    const different = times(12, (i) => (i * 7) % 13);
    for (const name of ['id', 'ID', 'user_id', 'userId', 'customer id']) {
      expect((await typeOf(different, name)).type, name).to.equal('identifier');
    }
    for (const name of ['x', 'paid', 'idle', 'grid']) {
      expect((await typeOf(different, name)).type, name).to.equal('number');
    }
    expect((await typeOf([...different.slice(1), 7], 'id')).type).to.equal('number');
  });

  it('is identifier for texts that nearly all differ', async () => {
    const names = times(20, (i) => `n${i}`);
    expect(await typeOf(names)).to.deep.equal({ type: 'identifier', why: '20 different texts in 20 rows' });
    expect((await typeOf([...names.slice(0, 18), 'n0', 'n0'])).type).to.equal('category');
    expect((await typeOf(names.slice(0, 9))).type).to.equal('category');
  });
});

describe('the cells of a column', () => {
  const table = () => read('a,b\n1,x\n2,NA\nNA,x\n1,2\n', { hasHeader: true });

  it('become texts: numbers the shortest, a missing one empty', async () => {
    const { columns } = await table();
    expect(asTexts(columns[0]!)).to.deep.equal({ codes: Int32Array.of(0, 1, 2, 0), texts: ['1', '2', ''] });
    expect(asTexts(columns[1]!)).to.equal(columns[1]);
  });

  it('become numbers: NaN for what is none', async () => {
    const { columns } = await table();
    expect(Array.from(numbersOf(columns[0]!, undefined))).to.deep.equal([1, 2, NaN, 1]);
    expect(Array.from(numbersOf(columns[1]!, undefined))).to.deep.equal([NaN, NaN, NaN, 2]);
    const dates = await read('d,b\n1970-01-02,x\n,y\n1969-12-31T12:00Z,z\n');
    const days = Array.from(numbersOf(dates.columns[0]!, 'year-month-day'));
    expect(days).to.deep.equal([1, NaN, -0.5]);
    expect(contents(dates)['b']).to.deep.equal(['x', 'y', 'z']);
  });

  it('are counted, of all rows or of some', () => {
    expect([...countCodes(Int32Array.of(0, 1, 0), 3)]).to.deep.equal([2, 1, 0]);
    expect([...countCodes(Int32Array.of(0, 1, 0), 3, [0, 1])]).to.deep.equal([1, 1, 0]);
  });
});
