import { expect } from 'chai';
import { classesOf } from '../../../src/data/tables/label';
import { failure } from '../../failure';
import type { ColumnChoice } from '../../../src/data/tables/typedTable';
import { contents, lines, open } from './read';

const ten = (header: string, ...columns: ((i: number) => string | number)[]) =>
  lines(header, 40, (i) => columns.map((cell) => cell(i)));
const x = (i: number) => ((i * 29) % 41) / 8;
const word = (i: number) => ['ash', 'birch'][i % 2]!;
const labelOf = async (text: string, choice = {}) => {
  const { label, table } = await open(text, choice);
  return { task: label.task, names: label.columns.map((index) => table.columns[index]!.name) };
};
const found = (name: string) => ({ task: 'classification', names: [name] });

describe('the label', () => {
  it('is the column with a usual name, wherever it is and whatever it holds', async () => {
    for (const name of ['label', 'Class', 'TARGET', 'labels', 'outcome']) {
      expect(await labelOf(ten(`x,${name},city`, x, (i) => i % 3, word))).to.deep.equal(found(name));
    }
  });

  it('is else the one column of words among numbers, else y', async () => {
    expect(await labelOf(ten('x,species,y', x, word, x))).to.deep.equal(found('species'));
    expect(await labelOf(ten('x,y,z', x, (i) => i % 3, x))).to.deep.equal(found('y'));
    // Names of rows are no label.
    expect(
      await labelOf(
        ten(
          'name,x,y',
          (i) => `row ${i}`,
          x,
          (i) => i % 3,
        ),
      ),
    ).to.deep.equal(found('y'));
  });

  it('is asked for, with the columns listed, when none or several suggest themselves', async () => {
    const several = ten('x,sex,species', x, word, (i) => ['a', 'b', 'c'][i % 3]!);
    expect(await failure('usage', () => open(several))).to.equal(
      'the standard input does not say which column is the label; name it with `labelColumn`: ' +
        '"x" (number), "sex" (2 classes), "species" (3 classes).',
    );
    // Empty cells are no class.
    const empty = ten(
      'x,sex,species',
      x,
      (i) => ['', 'f', 'm'][i % 3]!,
      (i) => ['a', 'b', 'nan'][i % 3]!,
    );
    expect(await failure('usage', () => open(empty))).to.match(/"sex" \(2 classes\), "species" \(2 classes\)\.$/);
    expect(await failure('usage', () => open(ten('a,b', x, x)))).to.match(/: "a" \(number\), "b" \(number\)\.$/);
    expect(await failure('usage', () => open(ten('label,class', word, word)))).to.include('which column is the label');
    const many = ten(Array.from({ length: 15 }, (_, i) => `c${i}`).join(','), ...new Array<typeof x>(15).fill(x));
    expect(await failure('usage', () => open(many))).to.match(/"c11" \(number\), and 3 more\.$/);
    const noHeader = lines('0.5,1.5', 40, (i) => [x(i), x(i + 1)]);
    expect(await failure('usage', () => open(noHeader))).to.match(
      /: 0 \("column 1", number\), 1 \("column 2", number\)\.$/,
    );
  });

  it('does not suggest itself from columns that are for something else', async () => {
    const two = ten('x,clinic,disease', x, word, (i) => ['a', 'b', 'c'][i % 3]!);
    for (const choice of [{ groupColumn: 'clinic' }, { drop: ['clinic'] }, { columns: ['x', 'clinic'] }]) {
      expect(await labelOf(two, choice)).to.deep.equal(found('disease'));
    }
    for (const key of ['groupColumn', 'timeColumn', 'sampleWeightColumn', 'columns', 'drop'] as const) {
      const value = key === 'columns' || key === 'drop' ? ['x'] : 'x';
      expect(await failure('usage', () => open(two, { labelColumn: 'x', task: 'regression', [key]: value }))).to.equal(
        `Column "x" is the label and cannot be in \`${key}\`, too; leave it out.`,
      );
    }
  });

  it('is found by name or position', async () => {
    const text = ten('x,sex,species', x, word, (i) => ['a', 'b', 'c'][i % 3]!);
    for (const asked of ['species', '-1', '2']) {
      expect(await labelOf(text, { labelColumn: asked })).to.deep.equal(found('species'));
    }
    expect(await failure('usage', () => open(text, { labelColumn: 'Species' }))).to.match(/did you mean "species"\?$/);
    expect(await failure('usage', () => open(text, { labelColumn: '3' }))).to.match(/it has "x", "sex", "species"\.$/);
  });

  it('has more than one class, and far fewer than rows', async () => {
    expect(await failure('data', () => open(ten('label,x', () => 'ash', x)))).to.equal(
      'The label column "label" of the standard input has one class only, "ash"; nothing can be learned from it.',
    );
    expect(await failure('usage', () => open(ten('label,x', (i) => `n${i % 21}`, x)))).to.equal(
      'The label column "label" of the standard input holds 21 different values in 40 rows, too many for classes; ' +
        'name another column with `labelColumn`.',
    );
    expect(await labelOf(ten('label,x', (i) => `n${i % 20}`, x))).to.deep.equal(found('label'));
    expect(await labelOf('label,x\na,1\nb,2\n')).to.deep.equal(found('label'));
  });

  it('of numbers with many values needs a task: regression, or classification', async () => {
    const price = lines('x,price', 400, (i) => [x(i), 100 + ((i * 7) % 50) / 2]);
    const choice = { labelColumn: 'price' };
    expect(await failure('usage', () => open(price, choice))).to.equal(
      'The label column "price" of the standard input holds 50 different values in 400 rows: predict the number ' +
        'with `task` regression, or classes with `task` classification.',
    );
    expect((await labelOf(price, { ...choice, task: 'regression' })).task).to.equal('regression');
    expect((await labelOf(price, { ...choice, task: 'classification' })).task).to.equal('classification');
    // Numbers of classes are whole, have no gaps, and repeat.
    expect(await labelOf(lines('x,label', 400, (i) => [x(i), i % 50]))).to.deep.equal(found('label'));
    expect(await labelOf(lines('x,label', 40, (i) => [x(i), (i % 20) * 1.5]))).to.deep.equal(found('label'));
    const fewRows = lines('x,label', 40, (i) => [x(i), (i * 7) % 40]);
    expect(await failure('usage', () => open(fewRows))).to.include('`task` regression');
    expect(await failure('usage', () => open(fewRows, { task: 'classification' }))).to.match(
      /too many for classes; use `task` regression, or name another column with `labelColumn`\.$/,
    );
  });

  it('of regression is one column of numbers, or several; words do not suggest themselves', async () => {
    const text = ten('x,y,z,city', x, x, x, word);
    const regression = { task: 'regression' };
    expect(await labelOf(text, regression)).to.deep.equal({ ...regression, names: ['y'] });
    expect(await labelOf(text, { ...regression, labelColumn: 'z, y' })).to.deep.equal({
      ...regression,
      names: ['z', 'y'],
    });
    expect(await failure('usage', () => open(text, { labelColumn: 'y,z' }))).to.equal(
      '`labelColumn` names 2 columns; several label columns need `task` regression.',
    );
    expect(await failure('usage', () => open(text, { labelColumn: 'z,z', task: 'regression' }))).to.include(
      '"z" twice',
    );
    expect(await failure('usage', () => open(text, { labelColumn: 'city', task: 'regression' }))).to.match(
      /^The label column "city" of the standard input holds texts, such as "ash" in line 2, and `task` regr/,
    );
  });

  it('is in every row: a missing one is refused with its line; NA is a class among texts', async () => {
    const there = 'there is no label in column "label"; fill it in, or leave the row out with `missingLabels` drop.';
    const others = (count: string) =>
      `there is no label in column "label", nor in ${count}; fill them in, ` +
      'or leave the rows out with `missingLabels` drop.';
    expect(await failure('data', () => open('x,label\n1,a\n2,\n3,b\n'))).to.equal(
      `the standard input, line 3: ${there}`,
    );
    expect(await failure('data', () => open('x,label\n1,0\n2,1\n3,NA\n'))).to.equal(
      `the standard input, line 4: ${there}`,
    );
    const missing = lines('x,label', 40, (i) => [x(i), i === 30 ? '' : x(i)]);
    expect(await failure('data', () => open(missing, { task: 'regression' }))).to.equal(
      `the standard input, line 32: ${there}`,
    );
    expect(await failure('data', () => open('x,label\n1,a\n2,nan\n3,b\n4,\n'))).to.equal(
      `the standard input, line 3: ${others('1 other row')}`,
    );
    for (const task of ['classification', 'regression'] as const) {
      const some = lines('x,label', 40, (i) => [x(i), i > 30 ? '' : i % 3]);
      expect(await failure('data', () => open(some, { task }))).to.equal(
        `the standard input, line 33: ${others('8 other rows')}`,
      );
    }
    // What is missing among numbers is missing however they are written.
    expect(await failure('data', () => open('x,label\n1,01\n2,2\n3,NA\n'))).to.equal(
      `the standard input, line 4: ${there}`,
    );
    const { table } = await open('x,label\n1,NA\n2,US\n3,NA\n4,None\n5,US\n6,None\n');
    expect(table.columns[1]).to.deep.include({ texts: ['NA', 'US', 'None'] });
  });

  it('may be missing where that is asked for: the rows are left out, and counted', async () => {
    const dropped = (text: string, choice: ColumnChoice = {}) => open(text, { ...choice, missingLabels: 'drop' });
    const { table, notes, label } = await dropped('x,c,label\n1,p,a\n2,q,\n3,p,b\n4,p,nan\n5,,a\n6,p,b\n');
    expect(label).to.deep.equal({ columns: [2], task: 'classification' });
    expect(table).to.deep.include({ count: 4 });
    expect(contents(table)).to.deep.equal({
      ...{ x: [1, 3, 5, 6], c: ['p', 'p', '', 'p'], label: ['a', 'b', 'a', 'b'] },
    });
    expect([0, 1, 2, 3].map(table.lineOf)).to.deep.equal(['2', '4', '6', '7']);
    expect(table.columns[1]).to.deep.include({ texts: ['p', ''] });
    expect(notes).to.deep.equal([
      '2 rows have no label in "label" of the standard input (line 3 is the first): left out.',
    ]);
    const one = await dropped('x,label\n1,01\n2,1\n3,NA\n4,01\n');
    expect(one.notes).to.deep.equal(['1 row has no label in "label" of the standard input (line 4): left out.']);
    expect(contents(one.table)).to.deep.equal({ x: [1, 2, 4], label: ['01', '1', '01'] });
    const big = await dropped('x,label\n1,1.0\n2,2.0\n3,NA\n4,1.0\n');
    expect(contents(big.table)).to.deep.equal({ x: [1, 2, 4], label: ['1.0', '2.0', '1.0'] });
    // Infinity in a row that is left out does not matter; of several labels, one that is missing does.
    const several = await dropped('x,y,z\n1,1.5,2\ninf,2.5,\n3,,3\n4,4,4\n', {
      ...{ labelColumn: 'y,z', task: 'regression' },
    });
    expect(contents(several.table)).to.deep.equal({ x: [1, 4], y: [1.5, 4], z: [2, 4] });
    expect(several.table.columns[1]).to.include({ missing: 0 });
    expect(several.notes[0]).to.match(/^2 rows have no label in "y" or "z" of/);
    const full = await dropped('x,label\n1,a\n2,b\n3,a\n');
    expect([full.notes, full.table.count]).to.deep.equal([[], 3]);
    expect(await failure('data', () => dropped('x,label\n1,\n2,nan\n3,\n'))).to.equal(
      'the standard input has no row with a label in "label".',
    );
    // NA is a class among texts, and a column that does not differ among the rows that are left is left out.
    expect((await dropped('x,label\n1,NA\n2,US\n3,NA\n4,\n5,US\n')).table.count).to.equal(4);
    expect([...(await dropped('x,c,label\n1,5,a\n2,5,b\n3,6,\n4,5,a\n')).leftOut]).to.deep.equal([
      [1, 'every value is 5'],
    ]);
  });

  it('is text: "0123" is not 123, and big numbers stay apart', async () => {
    const classes = async (...labels: string[]) => {
      const { table, label } = await open(
        lines('x,label', 4 * labels.length, (i) => [x(i), labels[i % labels.length]!]),
      );
      const column = table.columns[label.columns[0]!]!;
      return column.kind === 'text' ? classesOf(column).classNames : [...column.values];
    };
    expect(await classes('0123', '123')).to.deep.equal(['123', '0123']);
    const big = ['9007199254740992', '9007199254740993'];
    expect(await classes(...big)).to.deep.equal(big);
    expect(await classes('1.50', '1.5')).to.deep.equal(['1.5', '1.50']);
    expect(await classes('+1', '1')).to.deep.equal(['+1', '1']);
    expect(await failure('data', () => open(lines('x,label', 4, (i) => [i, '007'])))).to.include(
      'one class only, "007"',
    );
  });
});

describe('classesOf', () => {
  const of = (...cells: string[]) => {
    const texts = [...new Set(cells)];
    return { codes: Int32Array.from(cells, (cell) => texts.indexOf(cell)), texts };
  };

  it('sorts whole numbers by value and texts by character codes; "3.0" is "3"', () => {
    expect(classesOf(of('10', '9', '-1'))).to.deep.equal({
      classNames: ['-1', '9', '10'],
      labels: Int32Array.of(2, 1, 0),
    });
    expect(classesOf(of('b', 'é', 'B', 'b')).classNames).to.deep.equal(['B', 'b', 'é']);
    expect(classesOf(of('3.0', '12', '3', '3.'))).to.deep.equal({
      classNames: ['3', '12'],
      labels: Int32Array.of(0, 1, 0, 0),
    });
    expect(classesOf(of('007', '7', '07')).classNames).to.deep.equal(['7', '07', '007']);
  });

  it('finds the classes of a model by name, in its order', () => {
    expect(classesOf(of('b', 'zebra', 'a'), ['b', 'a'])).to.deep.equal({
      classNames: ['b', 'a'],
      labels: Int32Array.of(0, -1, 1),
    });
    // Also where other rows are no numbers.
    expect([...classesOf(of('3.0', 'zebra'), ['1', '3']).labels]).to.deep.equal([1, -1]);
    expect([...classesOf(of('3.0', '3'), ['3', '3.0', 'x']).labels]).to.deep.equal([1, 0]);
  });
});
