import { expect } from 'chai';
import { type ColumnChoice, typesAsked } from '../../../src/data/tables/typedTable';
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
    expect(await leftOut()).to.deep.equal({ 0: 'a running number from 1', 3: 'every value is 5' });
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
    expect((await typed({}, zip)).table.columns[0]).to.include({ kind: 'number', exact: false });
  });
});
