import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../../cli/run';
import { histogramBars } from '../../../cli/terminal/sparkline';
import { fill, temporaryFolder, tinyContents } from '../../data/tinyDataset';
import { collector, session } from '../session';

const report = (name: string) => join(__dirname, '../../data/tables/reports', name);

/** What a terminal of some columns shows; it never redraws. */
async function onTerminal(columns: number, argv: readonly string[]): Promise<string> {
  const [stdout, stderr] = [Object.assign(collector(true), { columns }), collector()];
  const env = { NO_COLOR: '1' };
  expect(await run(['describe', ...argv], { stdout, stderr, env, signal: new AbortController().signal })).to.equal(0);
  expect(stderr.text()).to.equal('');
  return stdout.text();
}

const PENGUINS = [report('penguins_NA.csv'), '--label-column', 'species'];

describe('handgrad describe', () => {
  const folder = temporaryFolder();

  it('prints the columns of a table, the balance of its classes, and what training would do', async () => {
    const { code, stdout, stderr } = await session(['describe', ...PENGUINS, '--drop', 'sex']);
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout.split('\n')).to.deep.equal([
      'penguins_NA: 344 rows, 7 columns',
      '',
      'Column             Type      Missing  Unique  Values                                In training',
      'species            category        0       3  Adelie 152, Gentoo 124, Chinstrap 68  the label',
      'island             category        0       3  Biscoe 165, Dream 131, Torgersen 48   one-hot: 3 categories',
      'bill_length_mm     number          4     153  ▁▂▆█▅▅▇██▂ 31.4 to 53.9               ' +
        'standardized; missing as the median 44.45',
      'bill_depth_mm      number          4      78  ▁▁▄▅▅▅██▇▃ 11.5 to 20.7               ' +
        'standardized; missing as the median 17.6',
      'flipper_length_mm  number          4      54  ▂▅█▇▄▄▆▅▃▁ 175 to 233                 ' +
        'standardized; missing as the median 197',
      'body_mass_g        number          4     324  ▂▆▇█▇▄▆▅▄▁ 2692 to 6023               ' +
        'standardized; missing as the median 4033.5',
      'sex                category       15       2  male 178, female 151                  left out: as asked',
      '',
      'Class      Share  Training  Test',
      'Adelie     44.2%       122    30  ████████████████████',
      'Chinstrap  19.8%        54    14  █████████',
      'Gentoo     36.0%        99    25  █████████████████',
      '',
      'Training with these settings:',
      'Data:    penguins_NA, 275 training and 69 test samples',
      'Task:    classification, 3 classes',
      'Split:   20% for testing, stratified by class',
      'Label:   species',
      'Columns: 4 numbers (bill_length_mm, bill_depth_mm, flipper_length_mm, body_mass_g), 1 category (island) ' +
        'as 7 inputs',
      '         left out: sex (as asked)',
      'Model:   7-128-3, relu, 1,411 parameters',
      'Train:   21 epochs of 9 steps, batch size 32, adamw, learning rate 0.01, seed 0',
      'With:    normalize, weight-decay 0.3, schedule cosine',
      '',
    ]);
  });

  it('fits into the window, whatever its width', async () => {
    for (const columns of [40, 60, 72, 80, 100, 130, 200]) {
      for (const argv of [PENGUINS, [report('house.csv'), '--label-column', 'price', '--task', 'regression']]) {
        const lines = (await onTerminal(columns, argv)).split('\n');
        expect(lines.filter(({ length }) => length > columns)).to.deep.equal([]);
        expect(lines.join('\n')).to.match(/standardized/);
      }
    }
    expect(await onTerminal(40, PENGUINS)).to.contain(
      '\nisland\n  category, 3 unique, 0 missing\n  Biscoe 165, Dream 131, Torgersen 48\n  one-hot: 3 categories\n',
    );
  });

  it('breaks a refusal as it is shown, with flags for settings', async () => {
    for (let columns = 40; columns <= 100; columns++) {
      const lines = (await onTerminal(columns, [report('penguins_NA.csv')])).split('\n');
      const first = lines.findIndex((line) => line.startsWith('Training would be refused'));
      expect(lines.slice(first).join(' ')).to.include('--label-column');
      // A single word, such as a path, is not broken.
      const widest = Math.max(...lines.slice(first).map((line) => (line.includes(' ') ? line.length : 0)));
      expect(widest, `${columns} columns`).to.be.at.most(columns);
    }
  });

  it('says that a label must be named, with the columns, where none suggests itself', async () => {
    const { code, stdout } = await session(['describe', report('penguins.csv')]);
    expect(code).to.equal(0);
    expect(stdout).to.match(/^bill_length_mm +number .* 31\.4 to 53\.9$/m);
    expect(stdout).to.match(/^Training would be refused: .* name it with --label-column: "species" \(3 classes\), /m);
    expect(stdout).to.not.match(/Training with these settings/);
  });

  it('says which columns repeated rows differ in, and how to name columns without a header', async () => {
    const file = join(folder(), 'rows.csv');
    const headlineOf = async (...rows: string[]) => {
      writeFileSync(file, rows.join('\n'));
      return (await session(['describe', file])).stdout.split('\n')[0];
    };
    const rows = Array.from({ length: 20 }, (_, i) => `${i},${i % 6},${'ab'[i % 2]}`);
    expect(await headlineOf('id,x,label', ...rows)).to.equal(
      'rows: 20 rows (14 repeat an earlier one, apart from "id"), 3 columns',
    );
    expect(await headlineOf('x,label', '1.5,a', '2.5,b', '1.5,a', '4.5,b')).to.equal(
      'rows: 4 rows (1 repeats an earlier one), 2 columns',
    );
    expect(await headlineOf('0.5,1.5', '2.5,3.5')).to.equal(
      'rows: 2 rows, 2 columns; no header, so name columns by position, from 0',
    );
  });

  it('notes what training would note, and names flags', async () => {
    const { stdout } = await session(['describe', report('rare.csv'), '--epochs', '2']);
    expect(stdout).to.match(/^Note: There is no test sample of class "cedar": its only sample is for training\.$/m);
    expect(stdout).to.match(/^Note: The run has only 6 steps; more --epochs, or a smaller --batch-size,/m);
  });

  it('shows names from outside harmlessly', async () => {
    const { stdout } = await session(['describe', report('escapes.csv')]);
    expect(stdout).to.contain('\\u{1b}[31mred').and.to.contain('two\\nlines');
    // eslint-disable-next-line no-control-regex
    expect(stdout).to.not.match(/[\x00-\x09\x0b-\x1f]/);
  });

  it('lists the first of many columns, and the most frequent of many classes; JSON has all', async () => {
    const names = Array.from({ length: 60 }, (_, i) => `x${i}`);
    const rows = Array.from({ length: 90 }, (_, i) => [...names.map((_, j) => (i * j) % 7), `class ${i % 30}`].join());
    const file = join(folder(), 'many.csv');
    writeFileSync(file, [`${names.join()},label`, ...rows].join('\n'));
    const { stdout } = await session(['describe', file]);
    expect(stdout).to.match(
      /^x38 [^]*^label +category .*the label\nand 21 more: 18 numbers, 3 constants \(--json lists all\)$/m,
    );
    expect(stdout).to.match(/^and 10 more, of 3 rows each \(--json lists all\)$/m);
    const { stdout: json } = await session(['describe', file, '--json']);
    const { table, training } = JSON.parse(json) as { table: { columns: object[] }; training: { classes: object[] } };
    expect([table.columns.length, training.classes.length]).to.deep.equal([61, 30]);
  });

  it('shows images: their shape, pixels, repeats and classes', async () => {
    const dataset = fill(join(folder(), 'tiny'), tinyContents());
    const { stdout } = await session(['describe', dataset, '--val-fraction', '0.1']);
    expect(stdout).to.match(
      /^tiny: images of 5x4 pixels, 3 classes\n\nPixels: {2}mean 0\.\d{4}, standard deviation 0\./,
    );
    expect(stdout).to.match(/^Repeats: no training image repeats an earlier one; none of the test images are among/m);
    expect(stdout).to.match(/^Class {2}Share {2}Training {2}Validation {2}Test\n0 /m);
    expect(stdout).to.match(/^Data: {4}tiny, 270 training, 30 validation and 40 test samples$/m);
  });

  it('refuses what is no flag or no data set, with the exit code of train', async () => {
    expect((await session(['describe', 'nope.csv'])).code).to.equal(2);
    expect((await session(['describe', ...PENGUINS, '--backend', 'cpu'])).stderr).to.match(/has no flag --backend/);
    expect((await session(['describe', report('dup_label.csv')])).code).to.equal(3);
    expect((await session(['describe'])).stderr).to.match(/describe needs DATASET: the data set, .* FILE\.csv/);
  });
});

describe('the bars of a histogram', () => {
  it('are scaled to the largest count; one is never nothing', () => {
    expect(histogramBars([0, 1, 500, 1000])).to.equal(' ▁▄█');
  });
});
