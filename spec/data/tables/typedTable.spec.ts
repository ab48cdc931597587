import { expect } from 'chai';
import { type ColumnChoice, typesAsked } from '../../../src/data/tables/typedTable';
import { numbersOf } from '../../../src/data/tables/columnTypes';
import { tableDataset } from '../../../src/data/tables/tableDataset';
import { failure } from '../../failure';
import { lines, open } from './read';

const text = lines('id,x,when,same,code,label', 20, (i) => [
  i + 1,
  (i * 7) % 11,
  `0${(i % 9) + 1}/0${(i % 7) + 1}/2024`,
  5,
  (i % 3) + 1,
  i % 2 ? 'odd' : 'even',
]);
const typed = (choice: ColumnChoice = {}, of = text) => open(of, { labelColumn: 'label', ...choice });
const typesOf = async (choice: ColumnChoice = {}) => (await typed(choice)).types.map(({ type }) => type);
const leftOut = async (choice: ColumnChoice = {}) => Object.fromEntries((await typed(choice)).leftOut);

describe('a typed table', () => {
  it('has the types that its columns look like, and leaves out what tells nothing', async () => {
    expect(await typesOf()).to.deep.equal(['identifier', 'number', 'date', 'constant', 'number', 'category']);
    expect(await leftOut()).to.deep.equal({ 0: 'consecutive numbers from 1', 3: 'every value is 5' });
  });

  it('has the types asked for', async () => {
    const types = ['id=number', 'code=category', 'x=identifier', '3=category'];
    const found = await typed({ types });
    expect(found.types.map(({ type }) => type)).to.deep.equal([
      ...['number', 'identifier', 'date', 'category', 'category', 'category'],
    ]);
    expect([...found.leftOut]).to.deep.equal([[1, 'as asked']]);
  });

  it('has no type that its cells are not', async () => {
    const refused = (type: string, of = text) => failure('usage', () => typed({ types: [type] }, of));
    expect(await refused('label=number')).to.equal(
      '`types` says that column "label" holds numbers, but "even" in line 2 of the standard input is none; ' +
        'choose another type.',
    );
    const dates = lines('d,x,label', 4, (i) => [['13/01/2024', '', '01/13/2024', 'x'][i]!, i, ['a', 'b'][i % 2]!]);
    expect(await refused('d=date', dates)).to.include(
      '"01/13/2024" in line 4 of the standard input is none in the form',
    );
    const hex = lines('d,x,label', 4, (i) => [['0x10', '12'][i % 2]!, i, ['a', 'b'][i >> 1]!]);
    expect(await refused('d=number', hex)).to.include('"0x10" in line 2');
    const comma = 'd;x;label\n0,5;1;a\n12,25;2;b\nk. A.;3;a\n3;4;b\n';
    expect(await refused('d=number', comma)).to.include('"k. A." in line 4');
    const empty = lines('d,x,label', 4, (i) => ['', i, ['a', 'b'][i % 2]!]);
    for (const type of ['date', 'number', 'category']) {
      expect([...(await typed({ types: [`d=${type}`] }, empty)).leftOut]).to.deep.equal([[0, 'every cell is empty']]);
    }
    expect(await refused('no=number')).to.include('`types` names "no", but the standard input has no such column');
    expect(await failure('usage', () => typesAsked(['x=colour']))).to.equal(
      '`types` must be a list of name=type, where the type is one of number, category, date, identifier, constant, ' +
        'not "x=colour".',
    );
    expect([...typesAsked(['a=b=date'])]).to.deep.equal([['a=b', 'date']]);
  });

  it('takes the columns asked for, whatever they look like, without those to drop', async () => {
    expect(await leftOut({ columns: ['id', 'x'] })).to.deep.equal({
      ...{ 2: 'not asked for', 3: 'not asked for', 4: 'not asked for' },
    });
    expect((await typesOf({ columns: ['id', 'same'] })).slice(0, 4)).to.deep.equal([
      ...['number', 'number', 'date', 'number'],
    ]);
    expect(await leftOut({ drop: ['x', '-2'] })).to.include({ 1: 'as asked', 4: 'as asked' });
    expect(await failure('usage', () => typed({ columns: ['X'] }))).to.match(
      /`columns` names "X".* did you mean "x"\?$/,
    );
  });

  it('has columns with other roles, which are no inputs unless asked for', async () => {
    const roles = { sampleWeightColumn: 'x', groupColumn: 'code', timeColumn: 'when' };
    expect(await leftOut(roles)).to.deep.include({
      ...{ 1: 'it weighs the samples', 2: 'it orders the samples', 4: 'it groups the samples' },
    });
    expect((await typed(roles)).roles).to.deep.equal({ weight: 1, group: 4, time: 2 });
    expect(await leftOut({ timeColumn: 'when', columns: ['when', 'x'] })).to.not.have.property('2');
  });

  it('reads categories of numbers as the texts they are', async () => {
    const zip = lines('zip,x,label', 20, (i) => [['01234', '1234'][i % 2]!, i * i, ['a', 'b'][i % 2]!]);
    const { table, types } = await typed({ types: ['zip=category'] }, zip);
    expect(types[0]).to.include({ type: 'category' });
    expect(table.columns[0]).to.deep.include({ kind: 'text', texts: ['01234', '1234'] });
    const code = lines('code,x,label', 20, (i) => [['1.0', '1'][i % 2]!, i * i, ['a', 'b'][i % 2]!]);
    const asked = await typed({ types: ['code=category'] }, code);
    expect(asked.table.columns[0]).to.deep.include({ kind: 'text', texts: ['1.0', '1'] });
    expect((await typed({}, code)).table.columns[0]).to.include({ kind: 'number', exact: false });
  });

  describe('whole numbers with leading zeros', () => {
    const codes = (cell: (i: number) => string, header = 'zip,x,label') =>
      lines(header, 20, (i) => [cell(i), i * i, ['a', 'b'][i % 2]!]);
    const typeOf = async (cell: (i: number) => string, choice: ColumnChoice = {}) =>
      (await typed(choice, codes(cell))).types[0]!;
    const few = (i: number) => ['01234', '1234', '', '99999', '00000'][i % 5]!;

    it('are categories of texts, or identifiers, and a note says so', async () => {
      const { types, table, notes } = await typed({}, codes(few));
      expect(types[0]!.type).to.equal('category');
      expect(table.columns[0]).to.deep.include({ texts: ['01234', '1234', '', '99999', '00000'], leadingZeros: true });
      const why = 'because its numbers have leading zeros; `types` zip=number makes it a number.';
      expect(notes).to.deep.equal([`Column "zip" is a category, ${why}`]);
      expect(await typeOf((i) => String(i * 37).padStart(5, '0'))).to.deep.include({
        ...{ type: 'identifier', why: '20 different numbers with leading zeros in 20 rows' },
      });
      expect((await typed({ drop: ['zip'] }, codes(few))).notes).to.deep.equal([]);
      const two = lines('zip,plz,label', 20, (i) => [few(i), few(i), ['a', 'b'][i % 2]!]);
      expect((await typed({}, two)).notes[0]).to.match(/^Columns "zip", "plz" are categories, because their numbers/);
    });

    it('are numbers where that is asked for, and without a note', async () => {
      const asked = await typed({ types: ['zip=number'] }, codes(few));
      expect(asked.types[0]!.type).to.equal('number');
      expect(asked.notes).to.deep.equal([]);
      expect(Array.from(numbersOf(asked.types[0]!.column, undefined)).slice(0, 5)).to.deep.equal([
        1234,
        1234,
        NaN,
        99999,
        0,
      ]);
    });

    it('are not found in decimals, zeros, signed numbers and powers of ten', async () => {
      for (const others of [['0.5'], ['0', '10'], ['-01', '1'], ['+01'], ['00.50'], ['0e1'], ['01', '1.5']]) {
        const found = await typeOf((i) => [...others, '7', '8'][i % (others.length + 2)]!);
        expect(found.type, String(others)).to.equal('number');
      }
    });

    it('are numbers as labels of a regression and as weights', async () => {
      const label = await typed(
        { labelColumn: 'zip', task: 'regression' },
        codes((i) => `00${i}`),
      );
      expect(label.table.columns[0]).to.include({ kind: 'number', missing: 0 });
      expect(label.types[0]!).to.deep.equal({ column: label.table.columns[0], type: 'number' });
      const weighted = await typed(
        { sampleWeightColumn: 'zip' },
        codes((i) => `0${i}`),
      );
      const { train, test } = tableDataset(weighted);
      expect([...train.weights!, ...test.weights!].sort((a, b) => a - b)).to.deep.equal([...Array(20).keys()]);
      expect(
        (
          await typed(
            { labelColumn: 'zip' },
            codes((i) => `0${i % 2}`),
          )
        ).table.columns[0],
      ).to.include({
        ...{ kind: 'text' },
      });
    });
  });

  it('notes a column that is one of numbers but for some cells', async () => {
    const notes = async (cell: (i: number) => string, choice: ColumnChoice = {}) => {
      const rows = lines('x;z;label', 40, (i) => [`${cell(i)};${i % 7};${['a', 'b'][i % 2]!}`]);
      return (await typed(choice, rows)).notes;
    };
    const remedy = 'change or empty such cells if it is to be a number.';
    const some = (i: number) => (i % 20 === 7 ? 'k. A.' : String(1900 + (i % 12)));
    expect(await notes(some)).to.deep.equal([`Column "x" is a category because of 2 cells such as "k. A."; ${remedy}`]);
    const one = (i: number) => (i === 3 ? 'n/a.' : `${i * 37},5`);
    expect(await notes(one)).to.deep.equal([`Column "x" is left out because of 1 cell such as "n/a."; ${remedy}`]);
    const signs = ['$N,000', 'N%', '€ N.5'].map((text) => (i: number) => text.replace('N', String((i % 9) + 1)));
    for (const sign of signs) expect((await notes(sign))[0]).to.match(/^Column "x" is a category because of 40 cells/);

    // Not where that was asked for, or where few cells are numbers, or few numbers differ.
    for (const choice of [{ drop: ['x'] }, { types: ['x=category'] }, { columns: ['z'] }, { groupColumn: 'x' }]) {
      expect(await notes(some, choice), JSON.stringify(choice)).to.deep.equal([]);
    }
    expect(await notes((i) => (i % 5 === 0 ? 'none' : String(i % 12)))).to.deep.equal([]);
    expect(await notes((i) => (i === 3 ? 'other' : String(i % 4)))).to.deep.equal([]);
    expect(await notes((i) => `class ${i % 9}`)).to.deep.equal([]);
  });

  it('takes whole numbers for dates only where that is asked for', async () => {
    const days = lines('day,label', 20, (i) => [`2024${i % 2 ? '0131' : '0201'}`, ['a', 'b'][i % 2]!]);
    expect((await typed({}, days)).types[0]!.type).to.equal('number');
    const { types } = await typed({ types: ['day=date'] }, days);
    expect(types[0]).to.deep.include({ type: 'date', format: 'yearmonthday' });
    const { features } = tableDataset(await typed({ types: ['day=date'] }, days), { normalize: false }).train;
    expect(new Set(features)).to.deep.equal(new Set([19753, 19754]));
    const bad = lines('day,label', 20, (i) => [`2024${i % 2 ? '0131' : '0230'}`, ['a', 'b'][i % 2]!]);
    expect(await failure('usage', () => typed({ types: ['day=date'] }, bad))).to.include('"20240230" in line 2');
  });
});
