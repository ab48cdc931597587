import { expect } from 'chai';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
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
    expect(refusal).to.match(/^bad +number +7 +2 +█ {8}█ 1\.5 to 2; "inf" is not a number that can be used$/m);
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

describe('rows without a label', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const path = (name: string) => join(folder(), name);
  const write = (name: string, label: (i: number) => string | number) => {
    writeFileSync(
      path(name),
      lines('x,z,label', 40, (i) => [(i % 10) / 4, i % 3, label(i)]),
    );
    return path(name);
  };
  const word = (i: number) => (i % 8 === 5 ? '' : i % 10 < 5 ? 'low' : 'high');
  const number = (i: number) => (i % 8 === 5 ? 'NA' : i * 2.5);
  const DROP = ['--missing-labels', 'drop'];
  const evaluate = (...args: string[]) => session(['evaluate', path('run'), ...HOW, ...args]);

  for (const [task, label] of Object.entries({ classification: word, regression: number })) {
    it(`are refused, or left out and counted: train, folds, describe and evaluate, ${task}`, async () => {
      const file = write('train.csv', label);
      const how = ['--task', task];
      const found = /train\.csv, line 7: there is no label in column "label", nor in 4 other rows; fill them in, or /;
      const refusal = new RegExp(`${found.source}leave the rows out with --missing-labels drop\\.`);
      refused(await trainIn(path('run'), file, ...how), refusal);
      refused(await trainIn(path('run'), file, ...how, '--folds', '2'), refusal);
      const described = ['describe', file, '--label-column', 'label', ...how];
      expect(succeeded(await session(described))).to.match(refusal);

      const note = '5 rows have no label in "label" of';
      const ended = await trainIn(path('run'), file, ...how, ...DROP);
      const [start] = succeeded(ended).split('\n');
      expect(JSON.parse(start!)).to.include({ trainSamples: 28, testSamples: 7 });
      expect(ended.stderr.split(note)).to.have.length(2);
      const shown = succeeded(await session([...described, ...DROP]));
      expect(shown).to.contain(note).and.contain('train: 35 rows').and.contain('28 training and 7 test samples');
      const folds = await trainIn(path('folds'), file, ...how, ...DROP, '--folds', '5');
      succeeded(folds);
      expect(folds.stderr.split(note)).to.have.length(2);

      // The training file has its test rows, of whatever settings; another file all that have a label.
      const of = await evaluate();
      expect(JSON.parse(succeeded(of))).to.include({ samples: 7 });
      expect(of.stderr).to.contain(note);
      expect(succeeded(await evaluate('--dataset', file))).to.equal(of.stdout);
      const other = write('new.csv', (i) => (i < 2 ? '' : label(i)));
      refused(
        await evaluate('--dataset', other),
        /new\.csv, line 2: there is no label in column "label", nor in 6 other/,
      );
      const dropped = await evaluate('--dataset', other, ...DROP);
      expect(JSON.parse(succeeded(dropped))).to.include({ samples: 33 });
      expect(dropped.stderr).to.match(
        /7 rows have no label in "label" of \S+new\.csv \(line 2 is the first\): left out\./,
      );
      expect(
        succeeded(await session(['predict', path('run'), other, ...HOW]))
          .trim()
          .split('\n'),
      ).to.have.length(40);
    });
  }

  it('are left out when a run is resumed, and of a table of pixels', async () => {
    const file = write('train.csv', word);
    succeeded(await trainIn(path('run'), file, ...DROP, '--stop-after', '1'));
    const resumed = await session(['train', '--resume', path('run'), '--stop-after', '2', '--json']);
    expect(succeeded(resumed)).to.contain('"epoch":2');
    const pixels = (name: string, label: (i: number) => string) => {
      writeFileSync(
        path(name),
        lines('a,b,label', 40, (i) => [(i % 10) * 20, 255, label(i)]),
      );
      return path(name);
    };
    const images = pixels('images.csv', word);
    rmSync(path('run'), { recursive: true });
    succeeded(await trainIn(path('run'), images, ...DROP, '--image-shape', '1x2'));
    expect(JSON.parse(succeeded(await evaluate()))).to.include({ samples: 7 });
    const other = pixels('others.csv', (i) => (i < 2 ? '' : word(i)));
    refused(await evaluate('--dataset', other), /others\.csv, line 2: there is no label/);
    expect(JSON.parse(succeeded(await evaluate('--dataset', other, ...DROP)))).to.include({ samples: 33 });
  });
});
