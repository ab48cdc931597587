import { expect } from 'chai';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../data/tinyDataset';
import { lines } from '../data/tables/read';
import { type Ended, session } from './session';

/** Numbers that no network can use, in the rows from the third on that have the column `bad`. */
const CELLS = ['1.5', '', 'inf', '2', '-Infinity', '1e999'];

const HOW = ['--backend', 'cpu', '--json'];
const succeeded = ({ code, stdout, stderr }: Ended) => {
  expect(code, stderr).to.equal(0);
  return stdout;
};
const refused = ({ code, stderr }: Ended, found: RegExp) => {
  expect(code).to.equal(3);
  expect(stderr).to.match(/^(Backend: [^\n]+\n)?Error: [^\n]+\n$/);
  expect(stderr).to.match(found);
};
/** Trains in the folder `dir`; on `label`, unless another column is named. */
const trainIn = (dir: string, file: string, ...args: string[]) =>
  session([
    ...['train', '--dataset', file, '--run-dir', dir, '--no-tensorboard', '--hidden', '4', ...HOW, ...args],
    ...(args.includes('--label-column') ? [] : ['--label-column', 'label']),
    ...(args.includes('--epochs') ? [] : ['--epochs', '2']),
  ]);

describe('infinity in a column of a table', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const path = (name: string) => join(folder(), name);
  const write = (
    name: string,
    header = 'x,bad,label',
    bad: (i: number) => string = (i) => CELLS[i % CELLS.length]!,
  ) => {
    const cells = (i: number) => ({
      x: (i % 10) / 4,
      bad: bad(i),
      label: i % 10 < 5 ? 'low' : 'high',
      id: 1000 + 7 * i,
    });
    const columns = header.split(',') as (keyof ReturnType<typeof cells>)[];
    writeFileSync(
      path(name),
      lines(header, 40, (i) => columns.map((column) => cells(i)[column])),
    );
    return path(name);
  };
  const train = (file: string, ...args: string[]) => trainIn(path('run'), file, ...args);

  it('is refused with line and column where the column is in use, and nothing is written', async () => {
    const file = write('train.csv');
    const found = /train\.csv, line 4, column 2: "inf" is not a number that can be used; correct the file/;
    refused(await train(file), new RegExp(`${found.source}, or leave the column out with --drop\\.`));
    const regression = ['--label-column', 'bad', '--task', 'regression'];
    refused(await train(file, ...regression), new RegExp(`${found.source}\\.`));
    for (const role of ['--sample-weight-column', '--group-column', '--time-column']) {
      refused(await train(file, role, 'bad'), new RegExp(`${found.source}\\.`));
    }
    expect(existsSync(path('run'))).to.equal(false);
  });

  it('does not matter where the column is left out: in training, evaluate and predict', async () => {
    const file = write('train.csv');
    const choices = { drop: 'bad', columns: 'x', types: 'bad=identifier' };
    for (const [name, value] of Object.entries(choices)) {
      succeeded(await trainIn(path(`folds-${name}`), file, `--${name}`, value, '--folds', '2'));
      succeeded(await trainIn(path(name), file, `--${name}`, value));
      const run = path(name);
      expect(JSON.parse(succeeded(await session(['evaluate', run, ...HOW])))).to.include({ samples: 8 });
      const others = await session(['evaluate', run, ...HOW, '--dataset', write('new.csv', 'bad,label,x')]);
      expect(JSON.parse(succeeded(others))).to.include({ samples: 40 });
      expect(
        succeeded(await session(['predict', run, path('new.csv'), ...HOW]))
          .trim()
          .split('\n'),
      ).to.have.length(40);
    }
  });

  it('does not matter in a column that the model does not have', async () => {
    succeeded(await train(write('train.csv', 'x,label')));
    for (const command of ['evaluate', 'predict']) {
      const file = write('new.csv', 'label,bad,x');
      const args = command === 'predict' ? [file] : ['--dataset', file];
      succeeded(await session([command, path('run'), ...args, ...HOW]));
    }
  });

  it('is refused by evaluate and predict in a column of the model', async () => {
    succeeded(await train(write('train.csv', undefined, (i) => String(i % 7))));
    const file = write('new.csv', 'label,bad,x');
    const found = /new\.csv, line 4, column 2: "inf" is not a number that can be used; correct the file\./;
    refused(await session(['evaluate', path('run'), '--dataset', file, ...HOW]), found);
    refused(await session(['predict', path('run'), file, ...HOW]), found);
  });

  it('is a text like any other in a category', async () => {
    const file = write('train.csv', undefined, (i) => ['1', '2', 'inf'][i % 3]!);
    const stdout = succeeded(await train(file, '--types', 'bad=category'));
    const { table } = JSON.parse(stdout.split('\n')[0]!) as { table: { inputs: { categories?: string[] }[] } };
    expect(table.inputs[1]!.categories).to.deep.equal(['1', '2', 'inf']);
    succeeded(await session(['predict', path('run'), file, ...HOW]));
  });

  it('is said by describe, with the range of the other numbers', async () => {
    const file = write('train.csv');
    const refusal = succeeded(await session(['describe', file, '--label-column', 'label']));
    expect(refusal).to.match(/^bad +number +7 +2 +█        █ 1\.5 to 2; "inf" is not a number that can be used$/m);
    expect(refusal).to.match(/^Training would be refused: .*line 4, column 2: "inf"/m);
    const dropped = succeeded(await session(['describe', file, '--label-column', 'label', '--drop', 'bad', '--json']));
    const { table, training } = JSON.parse(dropped) as { table: { columns: object[] }; training: object };
    expect(training).to.include({ trainSamples: 32 });
    expect(table.columns[1]).to.include({ role: 'left out', missing: 7, unique: 2 });
  });
});

describe('whole numbers with leading zeros', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const path = (name: string) => join(folder(), name);
  const ZIPS = ['01', '1', '02', '2'];
  const write = (name: string, zip: (i: number) => string) => {
    writeFileSync(
      path(name),
      lines('zip,x,label', 80, (i) => [zip(i % 4), (i % 7) / 2, i % 4 < 3 && i % 2 ? 'a' : 'b']),
    );
    return path(name);
  };
  const classesOf = async (file: string) =>
    succeeded(await session(['predict', path('run'), file, ...HOW]))
      .trim()
      .split('\n')
      .slice(0, 4)
      .map((line) => (JSON.parse(line) as { class: string }).class);

  it('are categories: 01 and 1 differ in training and in predict, and a note says so', async () => {
    const file = write('train.csv', (i) => ZIPS[i]!);
    const ended = await trainIn(path('run'), file, '--epochs', '40', '--optimizer', 'adam', '--lr', '0.05');
    expect(JSON.parse(succeeded(ended).trim().split('\n').at(-1)!)).to.include({ testAccuracy: 1 });
    const note =
      'Column "zip" is a category, because its numbers have leading zeros; --types zip=number makes it a number.';
    expect(ended.stderr).to.contain(note);
    expect(await classesOf(file)).to.deep.equal(['b', 'a', 'b', 'b']);
    const described = await session(['describe', file, '--label-column', 'label']);
    expect(succeeded(described))
      .to.match(/^zip +category +0 +4 .*one-hot: 4 categories$/m)
      .and.contain(note);
  });

  it('are numbers where that is asked for, in files that write them otherwise, too', async () => {
    const file = write('train.csv', (i) => ZIPS[i]!);
    const ended = await trainIn(path('run'), file, '--types', 'zip=number');
    expect(succeeded(ended)).to.contain('"name":"zip","type":"number"');
    expect(ended.stderr).to.not.contain('leading zeros');
    expect(await classesOf(file)).to.deep.equal(await classesOf(write('other.csv', (i) => `${Number(ZIPS[i])}.0`)));
    expect(JSON.parse(succeeded(await session(['evaluate', path('run'), ...HOW])))).to.include({ samples: 16 });
  });
});
