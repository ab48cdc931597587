import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openClassifier } from '../../src/inference/classifier';
import { predict } from '../../src/inference/predict';
import { rowsOf } from '../../src/inference/predictRows';
import { temporaryFolder } from '../data/tinyDataset';
import { useBackend } from '../backend';
import { failure } from '../failure';
import { saveTableModel } from './tableModel';

const CITIES = ['Oslo', 'Rome', 'Bern'];
const ROWS = Array.from({ length: 60 }, (_, i) => ({
  height: i % 7 === 0 ? '' : String(150 + ((i * 37) % 40) + 0.5),
  city: CITIES[i % 3]!,
  born: `2001-0${1 + (i % 9)}-1${i % 9}`,
  price: String(1e9 + i * 3),
  answer: i % 2 ? 'yes' : 'no',
}));
type Row = (typeof ROWS)[number];

const csvOf = (rows: readonly Row[], columns: readonly (keyof Row)[]) =>
  `${columns.join(',')}\n${rows.map((row) => columns.map((name) => row[name]).join(',')).join('\n')}\n`;

describe('predicting the rows of a table', function () {
  this.timeout(60_000);
  useBackend('cpu');
  const folder = temporaryFolder();
  const path = (name: string) => join(folder(), name);
  const options = { env: {} };
  const cpu = { backend: 'cpu' } as const;
  const write = (name: string, text: string | Buffer) => (writeFileSync(path(name), text), path(name));
  const model = path.bind(undefined, 'model.safetensors');
  const notices: string[] = [];
  const open = () =>
    openClassifier(
      model(),
      { ...cpu, dataset: path('train.csv') },
      {
        ...options,
        onEvent: (event) => event.type === 'notice' && notices.push(event.message),
      },
    );
  /** All outputs for a table, a list a row. */
  const outputsFor = async (spec: string) => {
    const classifier = await open();
    const all: number[][] = [];
    for await (const batch of classifier.table(spec)) {
      expect(batch.first).to.equal(all.length);
      all.push(...rowsOf(batch));
    }
    classifier.close();
    return all;
  };
  const inputs = ['height', 'city', 'born', 'price'] as const;
  beforeEach(async () => {
    notices.length = 0;
    write('train.csv', csvOf(ROWS, [...inputs, 'answer']));
    await saveTableModel(model(), path('train.csv'), { labelColumn: 'answer', types: ['price=number'] });
  });

  it('gives the same with and without labels, in any order of columns, compressed, and in several files', async () => {
    const expected = await outputsFor(path('train.csv'));
    expect(expected).to.have.length(60);
    expect(expected[0]!.reduce((sum, p) => sum + p)).to.be.closeTo(1, 1e-6);
    expect(new Set(expected.map(String)).size).to.be.above(40);
    const others = csvOf(ROWS, ['price', 'born', 'city', 'height']);
    expect(await outputsFor(write('other.csv', others))).to.deep.equal(expected);
    expect(await outputsFor(write('other.csv.gz', gzipSync(others)))).to.deep.equal(expected);
    write('part-1.csv', csvOf(ROWS.slice(0, 25), ['city', 'height', 'price', 'born']));
    write('part-2.csv', csvOf(ROWS.slice(25), ['city', 'height', 'price', 'born']));
    expect(await outputsFor(path('part-*.csv'))).to.deep.equal(expected);
    expect(await outputsFor(write('one.csv', csvOf(ROWS.slice(4, 5), inputs)))).to.deep.equal([expected[4]]);
    expect(notices).to.deep.equal([]);
  });

  it('gives rows in memory what it gives the file: lists and records of numbers, texts, dates and null', async () => {
    const expected = await outputsFor(path('train.csv'));
    const classifier = await open();
    expect(classifier.inputs!.map(({ name }) => name)).to.deep.equal(inputs);
    const lists = ROWS.map(({ height, city, born, price }) => [height || null, city, new Date(born), Number(price)]);
    expect(await classifier.rows(lists)).to.deep.equal(expected);
    const records = ROWS.map((row) => ({ ...row, height: row.height === '' ? NaN : Number(row.height) }));
    expect(await classifier.rows(records)).to.deep.equal(expected);
    expect(await classifier.rows([])).to.deep.equal([]);
    const { predictions } = await predict(model(), { table: path('train.csv') }, cpu, options);
    expect(predictions[5]!.top.map(({ probability }) => probability)).to.have.members(expected[5]!);
    const [sample] = await classifier.samples([2]);
    expect(ROWS.filter(({ price }) => Number(price) === sample!.cells!['price'])).to.deep.equal([
      { ...sample!.cells, price: String(sample!.cells!['price']), height: String(sample!.cells!['height'] ?? '') },
    ]);
    classifier.close();
  });

  it('refuses a column that is missing or of another type by name', async () => {
    const refused = (text: string) => failure('data', () => outputsFor(write('bad.csv', text)));
    expect(await refused(csvOf(ROWS, ['height', 'city', 'born']))).to.match(
      /bad\.csv has no column "price", which the/,
    );
    const tall = ROWS.map((row, i) => (i === 1 ? { ...row, height: 'tall' } : row));
    expect(await refused(csvOf(tall, inputs))).to.match(
      /bad\.csv, line 3: "tall" in column "height" is no number, and the model was trained with numbers there/,
    );
    expect(await refused(csvOf(ROWS, inputs).replace('2001-02-11', 'in May'))).to.match(
      /line 3: "in May" in column "born" is no date/,
    );
    const far = ROWS.map((row, i) => (i === 2 ? { ...row, height: '1e300' } : row));
    expect(await refused(csvOf(far, inputs))).to.match(/bad\.csv, line 4: the values are too far from those of the tr/);
    // A file without a header, for a model that knows its columns by name.
    expect(await refused(csvOf(ROWS, inputs).replace(/^.*\n/, ''))).to.match(/has no column "height"/);
    const classifier = await open();
    const refusedRow = (row: object) => failure('usage', () => classifier.rows([row as never]));
    expect(await refusedRow([1, 'Oslo'])).to.equal('Row 0 must have 4 cells, one for each input column; it has 2.');
    expect(await refusedRow({ height: 1, city: 'Oslo', born: null })).to.match(/Row 0 has no "price"/);
    expect(await refusedRow([Infinity, 'Oslo', null, 1])).to.match(/Row 0 has Infinity in "height"/);
    expect(await failure('data', () => classifier.rows([['tall', 'Oslo', null, 1]]))).to.match(/"tall" in column "he/);
    classifier.close();
  });

  it('reports categories that the training did not meet, by column', async () => {
    const rows = ROWS.map((row, i) => ({ ...row, city: i < 3 ? 'Lima' : i === 3 ? 'Kyiv' : row.city }));
    await outputsFor(write('new.csv', csvOf(rows, inputs)));
    expect(notices).to.have.length(1);
    expect(notices[0]).to.match(
      /^Column "city" of .*new\.csv: 4 rows have categories that are rare or unseen in training: "Lima", "Kyiv"\.$/,
    );
  });

  it('predicts numbers in the units of the labels, to the last digit of a float64', async () => {
    const labelColumn = 'price,height';
    const full = ROWS.map((row) => ({ ...row, height: row.height || '170' }));
    write('train.csv', csvOf(full, [...inputs, 'answer']));
    const { targets } = await saveTableModel(model(), path('train.csv'), { labelColumn, task: 'regression' });
    const outputs = await outputsFor(path('train.csv'));
    const classifier = await open();
    const [one] = await classifier.samples([0]);
    expect(one!.probabilities).to.deep.equal([]);
    expect(one!.labels![0]).to.be.closeTo(Number(one!.cells!['price']), targets![0]!.std * 1e-6);
    const row = full.findIndex(({ price }) => Number(price) === one!.cells!['price']);
    expect(one!.values).to.deep.equal(outputs[row]);
    expect(Math.abs(outputs[row]![0]! - targets![0]!.mean)).to.be.below(10 * targets![0]!.std);
    classifier.close();
    const { predictions } = await predict(model(), { rows: [full[row]!] }, cpu, options);
    expect(predictions).to.deep.equal([{ top: [], values: { price: outputs[row]![0], height: outputs[row]![1] } }]);
  });

  it('ends when the signal says so', async () => {
    const stop = new AbortController();
    const classifier = await openClassifier(model(), cpu, { ...options, signal: stop.signal });
    stop.abort(new Error('enough'));
    const ended = await classifier
      .table(path('train.csv'))
      .next()
      .catch((error: unknown) => error);
    expect(ended).to.have.property('message', 'enough');
    classifier.close();
  });
});
