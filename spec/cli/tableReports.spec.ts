import { expect } from 'chai';
import { appendFileSync, copyFileSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Preparation } from '../../src/data/samples';
import type { StartEvent } from '../../src/runs/events';
import { openModel } from '../../src/runs/modelConfig';
import { temporaryFolder } from '../data/tinyDataset';
import { type Ended, session } from './session';

// Tables that were refused, misread or learned wrongly, each after a public report on tools of this kind. (How their
// cells are read: spec/data/tables/reports.spec.ts.)

const report = (name: string) => join(__dirname, '../data/tables/reports', name);
const EVALUATE = ['--backend', 'cpu', '--json'];
const TRAIN = [...EVALUATE, '--no-tensorboard', '--checkpoint-every', 'never'];
/** For what is not about accuracy, or easy to learn. */
const QUICK = ['--hidden', '16', '--epochs', '30', '--lr', '0.03'];
/** For what shows after one epoch. */
const ONE_EPOCH = ['--hidden', '4', '--epochs', '1'];

const rounded = (value: number) => value.toFixed(2);

interface Trained {
  readonly accuracy: number;
  readonly start: StartEvent;
  readonly end: Record<string, number>;
  readonly stderr: string;
  readonly classNames: readonly string[];
  readonly preparation: Preparation;
}

describe('the tables that failed, trained and evaluated', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const path = (...names: string[]) => join(folder(), ...names);
  const answer = ({ code, stdout, stderr }: Ended) => {
    expect(code, stderr).to.equal(0);
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };

  const startIn = (dir: string, file: string, ...args: string[]) =>
    session(['train', '--dataset', file, '--run-dir', path(dir), ...TRAIN, ...args]);
  const start = startIn.bind(undefined, 'run');

  async function train(file: string, ...args: string[]): Promise<Trained> {
    rmSync(path('run'), { recursive: true, force: true });
    const ended = await start(file.includes('/') ? file : report(file), ...args);
    const events = answer(ended);
    const end = events.at(-1) as Record<string, number>;
    const { config } = await openModel(path('run'));
    return {
      ...{ accuracy: end['testAccuracy']!, start: events[0] as unknown as StartEvent, end, stderr: ended.stderr },
      ...{ classNames: config!.classNames, preparation: config!.preparation! },
    };
  }
  const evaluate = (...args: string[]) => session(['evaluate', path('run'), ...EVALUATE, ...args]);
  const evaluated = async (file: string) => answer(await evaluate('--dataset', report(file)))[0]!;

  /** Refused: the exit code, one sentence, and no run folder. */
  async function refused(code: number, file: string, sentence: RegExp, ...args: string[]) {
    const ended = await start(report(file), ...args);
    expect(ended).to.include({ code, stdout: '' });
    expect(ended.stderr)
      .to.match(/^Error: [^\n]+\n$/)
      .and.match(sentence);
    expect(readdirSync(folder())).to.deep.equal([]);
  }

  describe('classes are known by name', () => {
    it('two_a.csv, two_b.csv: a dog is a dog, a zebra is said and refused', async () => {
      expect((await train('two_a.csv', ...QUICK)).accuracy).to.equal(1);
      const { code, stderr } = await evaluate('--dataset', report('two_b.csv'));
      expect(code, stderr).to.equal(3);
      expect(stderr).to.match(/40 rows of \S+two_b\.csv have a class that the model does not know: "zebra" \(line 2\)/);
    });

    it('two_b.csv: without the zebras where that is asked for', async () => {
      await train('two_a.csv', ...QUICK);
      const ended = await evaluate('--dataset', report('two_b.csv'), '--skip-unknown-classes');
      expect(answer(ended)[0]).to.include({ accuracy: 1, samples: 40 });
      expect(ended.stderr).to.match(
        /40 rows of \S+ have a class .* does not know: "zebra" \(line 2\); they are left out\./,
      );
    });

    it('three_only_two.csv: fewer classes are evaluated', async () => {
      await train('three.csv', ...QUICK);
      const found = await evaluated('three_only_two.csv');
      expect(found).to.include({ accuracy: 1, samples: 80 });
      const supports = (found['perClass'] as { name: string; support: number }[]).map(({ name, support }) => [
        name,
        support,
      ]);
      expect(supports).to.deep.equal([
        ['ash', 40],
        ['birch', 0],
        ['cedar', 40],
      ]);
    });

    it('bigint.csv: numbers that share a float64 are two classes', async () => {
      const { classNames, accuracy } = await train('bigint.csv', '--label-column', 'label', ...QUICK);
      expect(classNames).to.deep.equal(['9007199254740992', '9007199254740993']);
      expect(accuracy).to.equal(1);
      expect(answer(await evaluate())[0]).to.include({ accuracy: 1 });
    });

    it('utf16.csv: café and cafè are two classes', async () => {
      expect((await train('utf16.csv', ...QUICK)).classNames).to.deep.equal(['cafè', 'café']);
    });

    it('namibia.csv: NA, None and null are classes', async () => {
      const { classNames, accuracy } = await train('namibia.csv', ...QUICK);
      expect(classNames).to.deep.equal(['NA', 'None', 'null']);
      expect(accuracy).to.equal(1);
      expect(answer(await evaluate())[0]).to.include({ accuracy: 1 });
    });

    it('escapes.csv: what would move the cursor is made visible', async () => {
      await train('escapes.csv', ...QUICK);
      const { code, stdout } = await session(['evaluate', path('run'), '--backend', 'cpu']);
      expect(code).to.equal(0);
      expect(stdout).to.include('\\u{1b}[31mred').and.include('two\\nlines').and.not.include('\u001b[31m');
    });
  });

  describe('columns are known by name', () => {
    it('three_cols_swapped.csv: their order does not matter', async () => {
      await train('three.csv', ...QUICK);
      expect(await evaluated('three_cols_swapped.csv')).to.include({ accuracy: 1, samples: 120 });
    });

    it('new_rows.csv: every row is predicted, without labels', async () => {
      await train('three.csv', ...QUICK);
      const rows = answer(await session(['predict', path('run'), report('new_rows.csv'), ...EVALUATE]));
      expect(rows.map((row) => row['class'])).to.deep.equal(['ash', 'ash', 'cedar', 'ash', 'ash']);
      for (const [i, { row, probabilities }] of rows.entries()) {
        expect(row).to.equal(i + 1);
        expect(Object.keys(probabilities as object)).to.have.members(['ash', 'birch', 'cedar']);
      }
    });

    it('one_row.csv: all rows of another file are evaluated', async () => {
      await train('three.csv', ...QUICK);
      expect(await evaluated('one_row.csv')).to.include({ accuracy: 1, samples: 1 });
    });
  });

  describe('scaling belongs to the model', () => {
    it('bytes_train.csv, bytes_new.csv', async () => {
      expect((await train('bytes_train.csv', ...QUICK)).accuracy).to.equal(1);
      expect(await evaluated('bytes_new.csv')).to.include({ accuracy: 1 });
    });

    it('decimals_train.csv, decimals_new.csv, decimals_new_b.csv', async () => {
      expect((await train('decimals_train.csv', ...QUICK)).accuracy).to.equal(1);
      for (const name of ['decimals_new.csv', 'decimals_new_b.csv']) {
        expect(await evaluated(name), name).to.include({ accuracy: 1 });
      }
    });

    it('ints.csv, ints_one_decimal.csv: whole numbers are scaled as others are', async () => {
      const [whole, decimal] = [await train('ints.csv', ...QUICK), await train('ints_one_decimal.csv', ...QUICK)];
      expect([whole.accuracy, decimal.accuracy]).to.deep.equal([1, 1]);
      const scales = ({ preparation }: Trained) =>
        preparation.inputs.map((column) => (column.type === 'category' ? 0 : [column.mean, column.std].map(rounded)));
      expect(scales(decimal)).to.deep.equal(scales(whole));
    });

    it('timestamps.csv: large numbers that differ little', async () => {
      expect((await train('timestamps.csv')).accuracy).to.equal(1);
    });

    it('timestamps_minus.csv: the same, less their mean', async () => {
      expect((await train('timestamps_minus.csv')).accuracy).to.equal(1);
    });

    it('large.csv: numbers of hundreds of thousands do not diverge', async () => {
      expect((await train('large.csv', ...QUICK)).accuracy).to.equal(1);
    });
  });

  it('grows.csv: a file that changed after the training is not split again', async () => {
    copyFileSync(report('plain.csv'), path('plain.csv'));
    await train(path('plain.csv'), ...QUICK);
    expect(answer(await evaluate())[0]).to.include({ samples: 24 });
    copyFileSync(report('grows.csv'), path('plain.csv'));
    const { code, stdout, stderr } = await evaluate();
    expect({ code, stdout }, stderr).to.deep.equal({ code: 3, stdout: '' });
    expect(stderr).to.match(/plain\.csv has changed since the training, .*; name a file with --dataset to evaluate/);
    const all = await evaluate('--dataset', path('plain.csv'));
    expect(answer(all)[0]).to.include({ samples: 123 });
    expect(all.stderr).to.match(/called like the training data but differs: training rows may be among its rows/);
  });

  it('a moved file is the same: a run is evaluated on its test rows, and resumed', async () => {
    copyFileSync(report('plain.csv'), path('plain.csv'));
    await train(path('plain.csv'), ...QUICK);
    const { accuracy } = answer(await evaluate())[0]!;
    renameSync(path('plain.csv'), path('moved.csv'));
    expect(answer(await evaluate('--dataset', path('moved.csv')))[0]).to.include({ samples: 24, accuracy });
    const resume = ['train', '--resume', path('run'), '--json', '--epochs', '31'];
    expect(answer(await session([...resume, '--dataset', path('moved.csv')])).at(-1)).to.include({ epochs: 31 });
    appendFileSync(path('moved.csv'), 'ash,1,1\n');
    const grown = await session([...resume.slice(0, -1), '32']);
    expect(grown.code).to.equal(8);
    expect(grown.stderr).to.match(/belongs to another run: datasetDigest is /);
  });

  describe('the label', () => {
    it('index_num.csv: is found, and an index is no input', async () => {
      const { start, stderr } = await train('index_num.csv', ...QUICK);
      expect(start.table!.labels).to.deep.equal(['label']);
      expect(start.table!.leftOut).to.deep.equal([{ name: 'column 1', why: 'consecutive numbers from 0' }]);
      expect(stderr).to.include('left out: column 1 (consecutive numbers from 0)');
    });

    for (const name of ['index_text.csv', 'label_last_num.csv', 'years.csv']) {
      it(`${name}: is found`, async () => {
        const { start, accuracy } = await train(name, ...QUICK);
        expect(start.table!.labels).to.deep.equal(['label']);
        expect(accuracy).to.equal(1);
      });
    }

    for (const [name, column] of [
      ['label_last_nohead.csv', '-1'],
      ['label_last_nohead.csv', '2'],
      ['wine_nohdr.csv', '0'],
    ] as const) {
      it(`${name}: is column ${column}`, async () => {
        const { classNames, accuracy } = await train(name, '--label-column', column, ...QUICK);
        expect(classNames).to.have.length(3);
        expect(accuracy).to.be.at.least(name.startsWith('wine') ? 0.9 : 1);
        expect(answer(await evaluate())[0]).to.include({ accuracy });
      });
    }

    it('single.csv: one class is refused', () =>
      refused(3, 'single.csv', /column "label" of \S+single\.csv has one class only, "ash"/));

    it('index_text.csv: nearly as many classes as rows are refused', () =>
      refused(2, 'index_text.csv', /holds 120 different values in 120 rows/, '--label-column', '0'));

    it('wine_nohdr.csv, penguins.csv: is asked for where none or several suggest themselves', async () => {
      await refused(2, 'wine_nohdr.csv', /does not say which column is the label; name it with --label-column: 0 \(/);
      const listed = /"species" \(3 classes\), "island" \(3 classes\), .*"sex" \(2 classes\)/;
      await refused(2, 'penguins.csv', listed);
    });

    it('dup_label.csv: a doubled name is refused', () => refused(3, 'dup_label.csv', /line 1: .* two columns "label"/));
    it('latin1.csv: another encoding is refused', () => refused(3, 'latin1.csv', /latin1\.csv, line 2: .*not UTF-8/));
  });

  describe('columns of any kind', () => {
    for (const name of ['penguins.csv', 'penguins_NA.csv']) {
      it(`${name}: 0.97 or more with the default settings`, async () => {
        const { start, accuracy } = await train(name, '--label-column', 'species');
        expect(accuracy).to.be.at.least(0.97);
        const { inputs } = start.table!;
        expect(inputs.map(({ name, type }) => `${name} ${type}`).slice(0, 2)).to.deep.equal([
          'island category',
          'bill_length_mm number',
        ]);
        expect(answer(await evaluate())[0]).to.include({ accuracy });
      });
    }

    it('mixed.csv: dates and booleans become numbers, a constant is left out', async () => {
      const { start, accuracy } = await train('mixed.csv', '--label-column', 'churn', ...QUICK);
      expect(accuracy).to.be.at.least(0.9);
      const { inputs, leftOut } = start.table!;
      expect(inputs.map(({ name, type }) => `${name} ${type}`)).to.deep.equal([
        ...['date date', 'member category', 'amount number'],
      ]);
      expect(leftOut.map(({ name }) => name)).to.deep.equal(['const']);
    });

    it('house.csv: many numbers are refused as classes, and learned as numbers', async () => {
      const price = ['--label-column', 'price'];
      await refused(
        2,
        'house.csv',
        /396 different values in 400 rows: .* with --task regression, or classes/,
        ...price,
      );
      const { end } = await train('house.csv', ...price, '--task', 'regression', ...QUICK);
      expect(end['testR2']).to.be.above(0.9);
    });

    for (const name of ['missing.csv', 'missing_na.csv']) {
      it(`${name}: a missing cell is filled in, in training and after it`, async () => {
        const { accuracy, preparation } = await train(name, ...QUICK);
        expect(preparation.inputs[1]).to.include({ name: 'y', indicator: false });
        // The row of that cell is one of 24 for testing, and has lost what tells its class.
        expect(accuracy).to.equal(23 / 24);
        expect(answer(await evaluate())[0]).to.include({ accuracy });
      });
    }

    for (const name of ['trailing_rows.csv', 'trailing_all.csv', 'semi.csv']) {
      it(`${name}: is learned`, async () => {
        expect((await train(name, ...QUICK)).accuracy).to.be.at.least(0.95);
      });
    }

    it('quoted.csv: separators in quotes', async () => {
      const { start } = await train('quoted.csv', ...QUICK);
      expect(start.table!.leftOut).to.deep.equal([{ name: 'name', why: '300 different texts in 300 rows' }]);
      expect(start.table!.inputs.map(({ name }) => name)).to.deep.equal(['weight, kg', 'height "cm"']);
    });
  });

  it('the same table in any form gives the same model', async () => {
    const models = new Set<string>();
    const names = ['plain.csv', 'trailing_all.csv', 'semicolon.csv', 'decimal_comma.csv', 'tabs.tsv', 'plain.csv.gz'];
    for (const [i, name] of names.entries()) {
      const { testLoss } = answer(await startIn(String(i), report(name), ...ONE_EPOCH)).at(-1)!;
      models.add(String(testLoss));
    }
    expect(models.size).to.equal(1);
  });

  it('rare.csv: splits are stratified, and a class that a part lacks is said', async () => {
    for (const seed of ['0', '1', '2']) {
      const split = ['--val-fraction', '0.2', '--seed', seed];
      const { stderr, stdout, code } = await startIn(seed, report('rare.csv'), ...ONE_EPOCH, ...split);
      expect(code, stderr).to.equal(0);
      const absent = stderr.match(
        /There is no (validation|test) sample .* "cedar": its only sample is for training\./g,
      );
      expect(absent).to.have.length(2);
      const start = JSON.parse(stdout.split('\n')[0]!) as StartEvent;
      expect([start.trainSamples, start.valSamples, start.testSamples]).to.deep.equal([52, 13, 16]);
    }
  });

  it('a file that does not exist leaves no run behind', async () => {
    const ended = await start(path('nothing.csv'));
    expect(ended.code).to.equal(2);
    expect(existsSync(path('run'))).to.equal(false);
  });
});
