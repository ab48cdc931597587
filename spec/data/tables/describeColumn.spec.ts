import { expect } from 'chai';
import fc from 'fast-check';
import { columnType } from '../../../src/data/tables/columnTypes';
import { describeColumn } from '../../../src/data/tables/describeColumn';
import { columnTypes } from '../../../src/data/tables/typedTable';
import { lines, read } from './read';

async function facts(cells: readonly (string | number)[], ...types: string[]) {
  const table = await read(lines('x,other', cells.length, (i) => [cells[i]!, i % 3]));
  return describeColumn(columnTypes(table, types)[0]!);
}

describe('the facts of a column', () => {
  it('of numbers are their range, mean, median, missing and different values, and a histogram', async () => {
    expect(await facts([3, 1, '', 10, 'NA', 3])).to.deep.equal({
      ...{ name: 'x', type: 'number', missing: 2, unique: 3 },
      numbers: { min: 1, max: 10, mean: 4.25, median: 3 },
      histogram: [1, 0, 2, 0, 0, 0, 0, 0, 0, 1],
    });
  });

  it('of any numbers are what sorting and counting say', () => {
    const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(values, (values) => {
        const column = {
          kind: 'number',
          name: 'x',
          values: Float64Array.from(values),
          missing: 0,
          exact: true,
        } as const;
        const { numbers, unique, histogram } = describeColumn({ column, type: 'number' });
        expect(numbers!.min).to.equal(Math.min(...values));
        expect(numbers!.max).to.equal(Math.max(...values));
        const most = Math.max(...values.map(Math.abs));
        const mean = values.reduce((sum, value) => sum + value / (most || 1) / values.length, 0);
        // No number lies between the smallest ones.
        expect(numbers!.mean).to.be.closeTo(mean * most, 1e-9 * most + Number.MIN_VALUE);
        expect(unique).to.equal(new Set(values).size);
        if (unique > 1) expect(histogram!.reduce((sum, count) => sum + count, 0)).to.equal(values.length);
      }),
    );
  });

  it('of few consecutive whole numbers, the histogram counts each', async () => {
    expect((await facts(['3', '1', '8', '1', '8', '8', '5'])).histogram).to.deep.equal([2, 0, 1, 0, 1, 0, 0, 3]);
  });

  it('of texts are the most frequent, at most 20; missing ones are none', async () => {
    const { frequent, ...others } = await facts(['b', 'a', '', 'b', '?', 'c', 'a', 'b']);
    expect(others).to.deep.equal({ name: 'x', type: 'category', missing: 2, unique: 3 });
    expect(frequent).to.deep.equal([
      { value: 'b', count: 3 },
      { value: 'a', count: 2 },
      { value: 'c', count: 1 },
    ]);
    const many = await facts(Array.from({ length: 60 }, (_, i) => `t${i % 30}`));
    expect([many.unique, many.frequent!.length]).to.deep.equal([30, 20]);
  });

  it('of classes are all texts: NA is one', async () => {
    const table = await read(lines('x,y', 6, (i) => [['NA', 'DE'][i % 2]!, i]));
    expect(describeColumn(columnType(table.columns[0]!), true)).to.deep.include({ missing: 0, unique: 2 });
    expect(describeColumn(columnType(table.columns[0]!))).to.deep.include({ missing: 3, unique: 1 });
  });

  it('of dates are the first and the last', async () => {
    expect((await facts(['3.2.2024', '', '31.12.1999', '1.1.2000'])).dates).to.deep.equal({
      ...{ min: '1999-12-31', max: '2024-02-03' },
    });
    expect((await facts(['2024-01-01 12:30', '2024-01-02'])).dates!.min).to.equal('2024-01-01T12:30:00');
  });

  it('follow the type that was asked for', async () => {
    expect(await facts([1, 2, 1, 2], 'x=category')).to.deep.include({ type: 'category', unique: 2 });
    expect(await facts([1, 2, 1, 5], 'x=identifier')).to.deep.include({ type: 'identifier', why: 'as asked' });
  });

  it('of what identifies rows or is constant have the reason', async () => {
    expect(await facts(Array.from({ length: 20 }, (_, i) => i + 7))).to.deep.include({
      ...{ type: 'identifier', why: 'consecutive numbers from 7' },
    });
    expect(await facts([4, 4, 4])).to.deep.equal({
      ...{ name: 'x', type: 'constant', why: 'every value is 4', missing: 0, unique: 1 },
      numbers: { min: 4, max: 4, mean: 4, median: 4 },
    });
    expect(await facts(['', 'NA', '?'])).to.deep.equal({
      ...{ name: 'x', type: 'constant', why: 'every cell is empty', missing: 3, unique: 0 },
    });
  });
});
