import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { typeTable } from '../../../src/data/tables/typedTable';
import { readTable } from '../../../src/data/tables/readTable';
import { openTableSource } from '../../../src/data/tables/source';
import { contents, read, refusal, refusalOf } from './read';

// Files that pyarrow wrote: parquet/make.py.

const path = (name: string) => join(__dirname, 'parquet', name);
const file = async (name: string, texts: string[] = []) => readTable(await openTableSource(path(name)), { texts });

describe('readTable, Parquet', () => {
  const right = {
    label: ['ash', '', 'ash', 'βίρχ'],
    small: [0, 255, 3, 4],
    float: [0.5, NaN, -1e300, 2],
    single: [Math.fround(0.1), 2, 3, 4],
    maybe: [1, NaN, 3, 70000],
    large: ['9007199254740993', '1', '2', '3'],
    flag: ['true', 'false', '', 'true'],
    day: ['2024-02-29', '1969-12-31', '', '2024-03-01'],
    time: ['2024-01-02T03:04:05Z', '2024-01-02T03:04:05.250Z', '', '1960-01-01T00:00:00Z'],
    price: [1.25, -3.5, NaN, 0.1],
    kind: ['b', 'a', 'b', ''],
  };

  for (const name of ['snappy.parquet', 'gzip.parquet', 'zstd.parquet']) {
    it(`${name}: numbers, texts, booleans, dates and missing values, in two row groups`, async () => {
      const table = await file(name);
      expect(contents(table)).to.deep.equal(right);
      expect(table).to.include({ count: 4, hasHeader: true, name: name.split('.')[0]! });
      expect(table.columns[1]).to.have.property('values').that.is.instanceOf(Uint8Array);
      expect(table.columns[2]).to.include({ missing: 1, exact: true });
    });
  }

  it('from the standard input, with the same digest', async () => {
    const bytes = readFileSync(path('snappy.parquet'));
    const table = await read(bytes, {}, 100);
    expect(contents(table)).to.deep.equal(right);
    expect(table.digest).to.equal((await file('snappy.parquet')).digest);
  });

  it('reads columns of numbers as texts that are asked for', async () => {
    expect(contents(await file('snappy.parquet', ['small', 'float']))).to.deep.equal({
      ...{ ...right, small: ['0', '255', '3', '4'], float: ['0.5', '', '-1e+300', '2'] },
    });
  });

  it('refuses lists, records, binary values and infinity where the column is in use, by name', async () => {
    const cases = {
      'list.parquet': ['parts', 'column "parts" has values with parts of their own; write each of its parts to a col'],
      'struct.parquet': ['parts', 'column "parts" has values with parts of their own; write each of its parts to a'],
      'infinite.parquet': ['a', 'row 2, column "a": "Infinity" is not a number that can be used; correct the file'],
      'binary.parquet': ['b', 'column "b" holds neither numbers nor texts; remove it'],
    };
    for (const [name, [bad, found]] of Object.entries(cases)) {
      const table = await file(name);
      expect(table.count).to.equal(2);
      const label = { kind: 'text', name: 'label', codes: Int32Array.of(0, 1), texts: ['x', 'y'] } as const;
      const all = { ...table, columns: [...table.columns, label] };
      const inUse = await refusalOf(Promise.resolve().then(() => typeTable(all, { labelColumn: 'label' })));
      expect(inUse)
        .to.contain(found!)
        .and.match(/, or leave the column out with `drop`\.$/);
      const { leftOut } = typeTable(all, { drop: [bad!] });
      expect(leftOut.get(table.columns.findIndex(({ name }) => name === bad))).to.equal('as asked');
    }
  });

  it('refuses damaged files', async () => {
    const bytes = readFileSync(path('snappy.parquet'));
    expect(await refusal(bytes.subarray(0, -1))).to.contain('cannot be read as Parquet');
    expect(await refusal(bytes.subarray(0, 4))).to.contain('cannot be read as Parquet');
    expect(await refusal(Buffer.concat([bytes.subarray(0, 100), bytes.subarray(200)]))).to.contain('Parquet');
  });
});
