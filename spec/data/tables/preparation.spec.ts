import { expect } from 'chai';
import type { PreparedColumn } from '../../../src/data/samples';
import { columnType, type ColumnType } from '../../../src/data/tables/columnTypes';
import { fitTargets, inputNames, inputsOf, prepareColumn, prepareRows } from '../../../src/data/tables/preparation';
import type { NumberColumn } from '../../../src/data/tables/table';
import { failure } from '../../failure';
import { read } from './read';

type Cells = readonly (string | number)[];
const rowsOf = (count: number) => Int32Array.from({ length: count }, (_, row) => row);
const tableOf = (columns: Readonly<Record<string, Cells>>, texts: string[] = []) => {
  const all = Object.values(columns);
  const rows = all[0]!.map((_, row) => all.map((cells) => cells[row]).join(','));
  return read(
    [Object.keys(columns).join(','), ...rows, ''].join('\n'),
    { hasHeader: true, oneColumn: true, texts },
    4096,
  );
};

/** How a column of these cells is prepared on its first `rows` rows. */
async function prepared(
  cells: Cells,
  { rows = cells.length, normalize = true, type = undefined as ColumnType | undefined } = {},
) {
  const table = await tableOf({ x: cells, other: cells.map((_, i) => i % 2) }, type === 'category' ? ['x'] : []);
  const found = columnType(table.columns[0]!);
  return prepareColumn({ ...found, type: type ?? found.type }, rowsOf(rows), normalize);
}

/** The inputs of cells by a preparation, a row each. */
async function inputsFor(column: PreparedColumn, cells: Cells) {
  // A line without any cell would be none.
  const table = await tableOf({ x: cells, other: cells.map(() => 1) }, column.type === 'category' ? ['x'] : []);
  const { features, unseen } = prepareRows({ inputs: [column] }, table);
  const width = inputsOf(column);
  return { rows: cells.map((_, row) => [...features.subarray(row * width, (row + 1) * width)]), unseen };
}

const number = { name: 'x', type: 'number', median: 2, mean: 2, std: 1, indicator: false } as const;
const category = { name: 'x', type: 'category', categories: ['a', 'b'], rare: true, missing: true } as const;

describe('the preparation of numbers', () => {
  it('standardizes by the training rows alone', async () => {
    expect(await prepared([1, 3, 1, 3, 1000], { rows: 4 })).to.deep.equal(number);
    expect(await prepared([1, 3, 1, 3, 1000], { rows: 4, normalize: false })).to.deep.equal({ ...number, mean: 0 });
    expect((await inputsFor(number, [1, 3, 2.5])).rows).to.deep.equal([[-1], [1], [0.5]]);
  });

  it('fills missing cells with the median, and marks them where they are many', async () => {
    const cells = [1, 2, 6, '', 'NA'];
    const found = (await prepared(cells))!;
    // 1, 2, 6 and twice their median 2.
    expect(found).to.include({ median: 2, mean: 2.6, indicator: true });
    expect(found)
      .to.have.property('std')
      .closeTo(Math.sqrt((1.6 ** 2 + 3 * 0.6 ** 2 + 3.4 ** 2) / 5), 1e-12);
    expect(inputsOf(found)).to.equal(2);
    expect(inputNames(found)).to.deep.equal(['x', 'x is missing']);
    expect((await inputsFor({ ...number, indicator: true }, [3, 'NA'])).rows).to.deep.equal([
      [1, 0],
      [0, 1],
    ]);
    const few = [...Array.from({ length: 99 }, (_, i) => i % 3), ''];
    expect(await prepared(few)).to.include({ median: 1, indicator: false });
    expect(inputNames(number)).to.deep.equal(['x']);
    expect((await inputsFor(number, ['NA'])).rows).to.deep.equal([[0]]);
  });

  it('takes the mean of the middle two as the median of an even number', async () => {
    expect(await prepared([1, 2, 4, 100])).to.include({ median: 3 });
  });

  it('is none where the training rows have one value, or none; what is missing may still tell something', async () => {
    expect(await prepared([1, 1, 1, 5], { rows: 3 })).to.equal(undefined);
    expect(await prepared(['', '', '', 5], { rows: 3 })).to.equal(undefined);
    const one = { ...number, median: 1, mean: 1, std: 1, indicator: true };
    expect(await prepared([1, '', 1, 5], { rows: 3 })).to.deep.equal(one);
  });

  it('keeps what float32 cannot: large numbers that differ little, and very large or small ones', async () => {
    const found = (await prepared([1700000000, 1700000010, 1700000000, 1700000010]))!;
    expect(found).to.deep.equal({ ...number, median: 1700000005, mean: 1700000005, std: 5 });
    expect((await inputsFor(found, [1700000000, 1700000010, 1700000006])).rows.flat()).to.deep.equal([
      -1,
      1,
      Math.fround(0.2),
    ]);
    for (const unit of [1e300, 1e-300]) {
      const far = (await prepared([unit, 3 * unit, unit, 3 * unit]))!;
      expect((await inputsFor(far, [unit, 3 * unit])).rows.flat()).to.deep.equal([-1, 1]);
    }
  });

  it('of dates are of their days', async () => {
    const found = (await prepared(['1970-01-02', '1970-01-04', '1970-01-02', '1970-01-04']))!;
    expect(found).to.deep.equal({ ...number, type: 'date', format: 'year-month-day' });
    expect((await inputsFor(found, ['1970-01-03T12:00', '', '1970-01-01'])).rows).to.deep.equal([[0.5], [0], [-2]]);
  });
});

describe('the preparation of categories', () => {
  const repeat = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).flatMap(([text, count]) => new Array<string>(count).fill(text));

  it('is an input for each, in order of their codes', async () => {
    expect(await prepared(repeat({ b: 3, a: 4, B: 5 }))).to.deep.equal({
      ...{ name: 'x', type: 'category', categories: ['B', 'a', 'b'], rare: false, missing: false },
    });
  });

  it('pools rare ones, of fewer than three training rows, and has an input for missing cells', async () => {
    const cells = [...repeat({ a: 4, c: 2, b: 3, '': 2 }), 'c', 'd'];
    expect(await prepared(cells, { rows: 11 })).to.deep.equal(category);
    expect(inputNames(category)).to.deep.equal(['x=a', 'x=b', 'x is rare', 'x is missing']);
    expect(inputsOf(category)).to.equal(4);
  });

  it('has at most 100, the most frequent', async () => {
    const cells = Array.from({ length: 101 }, (_, i) => new Array<string>(i === 50 ? 3 : 4).fill(`c${i}`)).flat();
    const found = (await prepared(cells, { type: 'category' }))!;
    expect(found).to.include({ rare: true });
    expect(found.type === 'category' && found.categories.includes('c50')).to.equal(false);
    expect(inputsOf(found)).to.equal(101);
  });

  it('is none where all training rows are in one input', async () => {
    expect(await prepared(repeat({ a: 5, b: 3 }), { rows: 5 })).to.equal(undefined);
    expect(await prepared(['a', 'b', 'c', 'a'], { rows: 4 })).to.equal(undefined);
    expect(await prepared(repeat({ a: 5, '': 3, b: 1 }), { rows: 8 })).to.include({ rare: false, missing: true });
  });

  it('gives every row one input; those that training met rarely or never are counted', async () => {
    expect(await inputsFor(category, ['a', 'b', 'c', '', 'c', 'NA'])).to.deep.equal({
      rows: [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
      ],
      unseen: [{ column: 'x', category: 'c', rows: 2 }],
    });
    const none = { ...category, rare: false, missing: false };
    expect((await inputsFor(none, ['a', 'c', ''])).rows).to.deep.equal([
      [1, 0],
      [0, 0],
      [0, 0],
    ]);
    expect((await inputsFor({ ...category, missing: false }, ['', 'a'])).rows).to.deep.equal([
      [0, 0, 1],
      [1, 0, 0],
    ]);
  });
});

describe('prepareRows', () => {
  const inputs = [{ ...number, name: 'n', indicator: true }, category];

  it('finds columns by name, and rows by position', async () => {
    const table = await tableOf({ other: [7, 7], x: ['b', 'a'], n: [3, ''] }, ['x']);
    const { features } = prepareRows({ inputs }, table, Int32Array.of(1, 0));
    expect([...features]).to.deep.equal([0, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0]);
  });

  it('refuses a table without a column, or with cells of another type, by name and line', async () => {
    const refused = async (columns: Readonly<Record<string, Cells>>, more: readonly PreparedColumn[] = []) => {
      const table = await tableOf(columns);
      return failure('data', () => prepareRows({ inputs: [...inputs, ...more] }, table));
    };
    expect(await refused({ x: ['a', 'b'], m: [1, 2] })).to.equal(
      'the standard input has no column "n", which the model was trained with; add it, under that name.',
    );
    expect(await refused({ n: [1, 'NA', 'big', 2], x: ['a', 'a', 'b', 'b'] })).to.equal(
      'the standard input, line 4: "big" in column "n" is no number, and the model was trained with numbers there; ' +
        'correct the file.',
    );
    const date = { ...number, name: 'd', type: 'date', format: 'day-month-year' } as const;
    expect(await refused({ n: [1, 2], x: ['a', 'b'], d: ['01/02/2024', '2024-02-03'] }, [date])).to.include(
      'line 3: "2024-02-03" in column "d" is no date,',
    );
    expect(await refused({ n: [1, 2], x: ['a', 'b'], d: [5, 6] }, [date])).to.include('line 2: "5" in column "d"');
  });

  it('takes numbers that are written as texts', async () => {
    const table = await tableOf({ n: ['1', '4'], x: ['a', 'b'] }, ['n', 'x']);
    expect(prepareRows({ inputs: [{ ...number, name: 'n' }] }, table).features).to.deep.equal(Float32Array.of(-1, 2));
  });
});

describe('fitTargets', () => {
  it('standardizes each label column by the training rows; a constant one by 1', async () => {
    const { columns } = await tableOf({ a: [1, 3, 1000], b: [5, 5, 6] });
    expect(fitTargets(columns as NumberColumn[], rowsOf(2))).to.deep.equal([
      { name: 'a', mean: 2, std: 1 },
      { name: 'b', mean: 5, std: 1 },
    ]);
  });
});
