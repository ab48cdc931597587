import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { run } from '../../../cli/run';
import { shortest } from '../../../cli/screens/predictedRows';
import { temporaryFolder } from '../../data/tinyDataset';
import { useBackend } from '../../backend';
import { saveTableModel } from '../../inference/tableModel';
import { collector, session } from '../session';

describe('predict on tables', function () {
  this.timeout(60_000);
  useBackend('cpu');
  const folder = temporaryFolder();
  const path = (name: string) => join(folder(), name);
  const table = Array.from({ length: 40 }, (_, i) => `${i * 1.5},${i % 4 ? 'a "b", c' : 'plain'}`);
  const quoted = (line: string) => line.replace('a "b", c', '"a ""b"", c"');
  const predict = async (argv: readonly string[], stdin?: string, isTTY = false, columns = 100) => {
    const [stdout, stderr] = [Object.assign(collector(isTTY), isTTY && { columns }), collector()];
    const io = {
      stdout,
      stderr,
      stdin: stdin === undefined ? undefined : Readable.from([Buffer.from(stdin)]),
      env: {},
    };
    const code = await run(['predict', path('m.safetensors'), ...argv, '--backend', 'cpu'], {
      ...io,
      signal: new AbortController().signal,
    });
    return { code, lines: stdout.text().split('\n').slice(0, -1), stderr: stderr.text() };
  };
  beforeEach(async () => {
    writeFileSync(path('t.csv'), `size,kind\n${table.map(quoted).join('\n')}\n`);
    await saveTableModel(path('m.safetensors'), path('t.csv'), { labelColumn: 'kind' });
  });

  it('prints CSV with the number, the class and the probabilities of each row', async () => {
    const { code, lines } = await predict([path('t.csv')]);
    expect([code, lines.length, lines[0]]).to.deep.equal([
      0,
      41,
      'row,class,"probability_a ""b"", c",probability_plain',
    ]);
    const found = /^40,("a ""b"", c"|plain),(0\.\d{1,9}),(0\.\d{1,9})$/.exec(lines[40]!)!;
    expect(found[1] === 'plain').to.equal(Number(found[3]) > Number(found[2]));
    expect(Number(found[2]) + Number(found[3])).to.be.closeTo(1, 1e-6);
  });

  it('numbers the rows of several files as of one, and reads stdin', async () => {
    const whole = await predict([path('t.csv')]);
    writeFileSync(
      path('a.csv'),
      `size\n${table
        .slice(0, 9)
        .map((line) => line.split(',')[0])
        .join('\n')}\n`,
    );
    writeFileSync(
      path('b.csv'),
      `kind,size\n${table
        .slice(9)
        .map((line) => `x,${line.split(',')[0]}`)
        .join('\n')}\n`,
    );
    expect((await predict([path('a.csv'), path('b.csv')])).lines).to.deep.equal(whole.lines);
    expect((await predict(['-'], `size\n${table.map((line) => line.split(',')[0]).join('\n')}\n`)).lines).to.deep.equal(
      whole.lines,
    );
  });

  it('prints JSON lines, aligned text on a terminal, and applies a threshold', async () => {
    const { lines } = await predict([path('t.csv'), '--json']);
    const one = JSON.parse(lines[3]!) as { row: number; class: string; probabilities: Record<string, number> };
    expect(one.row).to.equal(4);
    expect(Object.keys(one)).to.deep.equal(['row', 'class', 'probabilities']);
    expect(Object.keys(one.probabilities)).to.deep.equal(['a "b", c', 'plain']);
    const text = await predict([path('t.csv')], undefined, true);
    expect(text.lines[0]).to.match(/^ +Row {2}Class {4,}a "b", c {3}plain$/);
    expect(new Set(text.lines.map(({ length }) => length)).size).to.equal(1);
    const narrow = await predict([path('t.csv')], undefined, true, 34);
    expect(narrow.lines[0]).to.match(/^ +Row {2}Class {4,}Probability$/);
    expect(narrow.lines[1]).to.match(/^ +1 {2}(a "b", c|plain) +(0\.[5-9]\d{3}|1\.0000)$/);
    const classes = async (threshold: string) => {
      const rows = (await predict([path('t.csv'), '--json', '--threshold', threshold])).lines;
      return new Set(rows.map((line) => (JSON.parse(line) as typeof one).class));
    };
    expect([...(await classes('0'))]).to.deep.equal(['plain']);
    expect([...(await classes('1'))]).to.deep.equal(['a "b", c']);
  });

  it('shows the cells of test samples, and refuses what does not go together', async () => {
    const { lines } = await predict(['--index', '0', '--dataset', path('t.csv')]);
    expect(lines[0]).to.match(/^0: .*\(label: /);
    expect(lines[1]).to.match(/^ {4}size=[\d.]+, kind=/);
    const [json] = (await predict(['--index', '0', '--json', '--dataset', path('t.csv')])).lines;
    expect(JSON.parse(json!)).to.have.nested.property('cells.size').that.is.a('number');
    expect(await predict([path('t.csv'), '--top', '1'])).to.include({ code: 2 });
    expect((await predict([])).stderr).to.match(/needs images or a table, or --index N/);
    writeFileSync(path('bad.csv'), 'kind\nplain\nplain\n');
    const bad = await predict([path('bad.csv')]);
    expect([bad.code, bad.lines]).to.deep.equal([3, []]);
    expect(bad.stderr).to.match(/bad\.csv has no column "size"/);
  });

  it('refuses images before it prints anything, and names what it takes', async () => {
    writeFileSync(path('shoe.png'), Buffer.from('89504e470d0a1a0a', 'hex'));
    const image = await predict([path('t.csv'), path('shoe.png')]);
    expect([image.code, image.lines]).to.deep.equal([2, []]);
    expect(image.stderr).to.match(/shoe\.png is an image, and \S+ was trained on a table; give a table such as .+\n$/);
    const inverted = await predict([path('t.csv'), '--invert', 'yes']);
    expect(inverted)
      .to.include({ code: 2 })
      .and.have.property('stderr')
      .that.matches(/--invert is for images/);
    // Whatever it is called.
    writeFileSync(path('shoe.csv'), Buffer.from('ffd8ffe000104a46', 'hex'));
    const named = await predict([path('shoe.csv')]);
    expect([named.code, named.lines]).to.deep.equal([3, []]);
    expect(named.stderr).to.contain('shoe.csv is an image, not a table; name a CSV or Parquet file.');
    const { code, stderr } = await session(['train', path('shoe.png')]);
    expect([code, stderr]).to.deep.equal([
      3,
      `Error: ${path('shoe.png')} is an image, not a table; name a CSV or Parquet file.\n`,
    ]);
  });

  it('prints the values of a regression', async () => {
    writeFileSync(
      path('t.csv'),
      `size,other,price\n${table.map((_, i) => `${(i * i) % 7},${i % 5},${i * 10}`).join('\n')}\n`,
    );
    await saveTableModel(path('m.safetensors'), path('t.csv'), { labelColumn: 'price', task: 'regression' });
    const { lines } = await predict([path('t.csv')]);
    expect(lines[0]).to.equal('row,price');
    const json = (await predict([path('t.csv'), '--json'])).lines.map((line) => JSON.parse(line) as object);
    expect(json[7]).to.deep.equal({ row: 8, value: Number(lines[8]!.split(',')[1]) });
    expect((await predict(['--index', '1', '--dataset', path('t.csv')])).lines[0]).to.match(
      /^1: price -?[\d.]+ \(label: \d+[\d.]*\)$/,
    );
    await saveTableModel(path('m.safetensors'), path('t.csv'), { labelColumn: 'price,size', task: 'regression' });
    const [first] = (await predict([path('t.csv'), '--json'])).lines;
    expect(JSON.parse(first!)).to.have.keys('row', 'values').and.nested.include({ row: 1 });
    expect((await predict([path('t.csv'), '--threshold', '0.5'])).code).to.equal(2);
  });

  it('writes a probability with the fewest digits that are its float32', () => {
    for (let i = 0; i < 20_000; i++) {
      const value = Math.fround(Math.random() ** (1 + (i % 12)));
      expect(Math.fround(shortest(value))).to.equal(value);
    }
    expect([0.9, 0.1, 1, 0, 1e-9].map((value) => shortest(Math.fround(value)))).to.deep.equal([0.9, 0.1, 1, 0, 1e-9]);
  });
});
