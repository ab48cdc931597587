import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTable, type ReadTableOptions } from '../../../src/data/tables/readTable';
import { openTableSource } from '../../../src/data/tables/source';
import type { Table } from '../../../src/data/tables/table';
import { cells, contents, read, refusalOf } from './read';

// Tables that the first edition refused or misread, each after a public report on tools of this kind.

const path = (name: string) => join(__dirname, 'reports', name);
const report = async (name: string, options: ReadTableOptions = {}) =>
  readTable(await openTableSource(path(name)), options);
const columnOf = (table: Table, name: string) => cells(table.columns.find((column) => column.name === name)!);
const distinct = (table: Table, name: string) => [...new Set(columnOf(table, name))];
const shapes = ({ columns, count }: Table) =>
  Object.fromEntries(columns.map(({ name, kind }) => [name, `${count} ${kind}s`]));

describe('the tables that failed', () => {
  const plain = { label: '120 texts', x: '120 numbers', y: '120 numbers' };

  it('plain.csv reads the same from a file and from the standard input', async () => {
    const table = await report('plain.csv');
    expect(shapes(table)).to.deep.equal(plain);
    expect(table).to.include({ name: 'plain', path: path('plain.csv'), hasHeader: true });
    const piped = await read(readFileSync(path('plain.csv')));
    expect(contents(piped)).to.deep.equal(contents(table));
    expect(piped.digest).to.equal(table.digest);
  });

  const alike = ['semicolon.csv', 'decimal_comma.csv', 'tabs.tsv', 'plain.csv.gz'];
  for (const name of [...alike, 'trailing_rows.csv', 'trailing_all.csv']) {
    it(`${name} holds what plain.csv holds`, async () => {
      expect(contents(await report(name))).to.deep.equal(contents(await report('plain.csv')));
    });
  }

  it('bigint.csv: labels that share a float64 keep their texts when they are read as texts', async () => {
    const table = await report('bigint.csv', { texts: ['label'] });
    expect(distinct(table, 'label')).to.deep.equal(['9007199254740992', '9007199254740993']);
    expect((await report('bigint.csv')).columns[0]).to.include({ kind: 'number', exact: false });
  });

  it('latin1.csv is refused with the line and the way out', async () => {
    expect(await refusalOf(report('latin1.csv'))).to.match(
      /latin1\.csv, line 2: .*not UTF-8; .* iconv -f latin1 -t utf-8\.$/,
    );
  });

  it('utf16.csv keeps two names apart that differ by an accent', async () => {
    const table = await report('utf16.csv');
    expect(distinct(table, 'label')).to.have.members(['café', 'cafè']);
    expect(shapes(table)).to.deep.equal({ label: '80 texts', x: '80 numbers', y: '80 numbers' });
  });

  it('index_num.csv, index_text.csv: the column without a name gets one', async () => {
    for (const name of ['index_num.csv', 'index_text.csv']) {
      const table = await report(name);
      expect(table.columns.map((column) => column.name)).to.deep.equal(['column 1', 'x', 'y', 'label']);
      expect(columnOf(table, 'column 1').slice(0, 3)).to.deep.equal([0, 1, 2]);
    }
  });

  it('label_last_num.csv has a header over numbers only', async () => {
    expect(shapes(await report('label_last_num.csv'))).to.deep.equal({ ...plain, label: '120 numbers' });
  });

  it('label_last_nohead.csv, wine_nohdr.csv: the first line is a row', async () => {
    const table = await report('label_last_nohead.csv');
    expect(table).to.include({ hasHeader: false, count: 120 });
    expect(table.columns.map((column) => cells(column)[0])).to.deep.equal([0.751, 0.21, 'ash']);
    const wine = await report('wine_nohdr.csv');
    expect(wine).to.include({ hasHeader: false, count: 178 });
    expect(wine.columns[13]).to.include({ name: 'column 14', kind: 'number' });
  });

  it('years.csv: a header of numbers above numbers', async () => {
    const table = await report('years.csv');
    expect(shapes(table)).to.deep.equal({ label: '120 texts', 2023: '120 numbers', 2024: '120 numbers' });
    expect(distinct(table, 'label')).to.have.members(['ash', 'birch', 'cedar']);
  });

  it('timestamps.csv keeps seconds that a float32 cannot', async () => {
    expect(columnOf(await report('timestamps.csv'), 't').slice(0, 2)).to.deep.equal([1700000019, 1700000048]);
  });

  it('semi.csv, quoted.csv: semicolons, and quotes with separators and quotes in them', async () => {
    expect(shapes(await report('semi.csv'))).to.deep.equal({ a: '100 numbers', b: '100 numbers', label: '100 texts' });
    const table = await report('quoted.csv');
    expect(shapes(table)).to.deep.equal({
      ...{ name: '300 texts', 'weight, kg': '300 numbers', 'height "cm"': '300 numbers', label: '300 texts' },
    });
    expect(table.columns.map((column) => cells(column)[0])).to.deep.equal([
      ...['item 0, no. "0"', 70.2, 166.6, 'big, heavy'],
    ]);
  });

  it('dup_label.csv: a doubled name is refused by name', async () => {
    expect(await refusalOf(report('dup_label.csv'))).to.match(/, line 1: the header names two columns "label"; /);
  });

  it('missing.csv, missing_na.csv, penguins_NA.csv: missing cells are counted', async () => {
    for (const name of ['missing.csv', 'missing_na.csv']) {
      const table = await report(name);
      expect(shapes(table)).to.deep.equal(plain);
      expect(table.columns[2]).to.include({ missing: 1 });
      expect(columnOf(table, 'y')[7]).to.be.NaN;
    }
    for (const [name, missing] of [
      ['penguins.csv', ''],
      ['penguins_NA.csv', 'NA'],
    ] as const) {
      const table = await report(name);
      expect(table.columns[2]).to.include({ name: 'bill_length_mm', kind: 'number', missing: 4 });
      expect(distinct(table, 'sex')).to.have.members(['female', 'male', missing]);
    }
  });

  it('namibia.csv: NA, None and null are texts in a column that has no others', async () => {
    const table = await report('namibia.csv');
    expect(shapes(table)).to.deep.equal(plain);
    expect(distinct(table, 'label')).to.have.members(['NA', 'None', 'null']);
  });

  it('mixed.csv, house.csv: dates and booleans are texts', async () => {
    expect(shapes(await report('mixed.csv'))).to.deep.equal({
      ...{ date: '200 texts', member: '200 texts', const: '200 numbers', amount: '200 numbers', churn: '200 texts' },
    });
    const house = { rooms: '400 numbers', age: '400 numbers', price: '400 numbers' };
    expect(shapes(await report('house.csv'))).to.deep.equal(house);
  });

  it('escapes.csv: escape sequences and line ends in quotes belong to the text', async () => {
    const table = await report('escapes.csv');
    const texts = ['\u001b[31mred\u001b[0m', '<script>alert(1)</script>', 'two\nlines'];
    expect(distinct(table, 'label')).to.have.members(texts);
    const lines = readFileSync(path('escapes.csv'), 'utf8').split('\n');
    for (let row = 0; row < table.count; row++) {
      const label = columnOf(table, 'label')[row] as string;
      expect(lines[Number(table.lineOf(row)) - 1]).to.match(new RegExp(`^"${label.slice(0, 3).replace('[', '\\[')}`));
    }
  });
});
