import { expect } from 'chai';
import fc from 'fast-check';
import { join } from 'node:path';
import { type CsvOptions, loadCsv } from '../../../src/data/formats/csv';
import { failure } from '../../failure';
import { fill, temporaryFolder } from '../tinyDataset';

describe('loadCsv', () => {
  const folder = temporaryFolder();
  const load = (text: string | Uint8Array, options?: CsvOptions) =>
    loadCsv(join(fill(folder(), { 'data.csv': text }), 'data.csv'), options);
  const refusal = (text: string | Uint8Array, options?: CsvOptions) => failure('data', () => load(text, options));

  /** All rows, test rows too, as [label text, ...values], sorted. */
  const rowsOf = async (text: string | Uint8Array, options?: CsvOptions) => {
    const { train, test, classNames, numInputs } = await load(text, options);
    const rows = [train, test].flatMap(({ features, labels, scale }) =>
      Array.from(labels, (label, i) => [
        classNames[label]!,
        ...Array.from(features.subarray(i * numInputs, (i + 1) * numInputs), (value) => value * scale),
      ]),
    );
    return rows.sort((a, b) => (a.join() < b.join() ? -1 : 1));
  };
  const TABLE = [
    ['cat', -1, 0.5],
    ['cat', 3, 1e-3],
    ['dog', 2.5, -7],
  ];

  it('reads labels and numbers, with a header or none, quoted or not, from any line ending', async () => {
    const body = 'dog,2.5,-7\ncat,-1,.5\ncat,3,1e-3\n';
    for (const text of [
      body,
      `kind,a,b\n${body}`,
      `\ufeffkind,a,b\n${body}`,
      body.replaceAll('\n', '\r\n'),
      `"kind","a","b"\n${body.replaceAll(/[^,\n]+/g, '"$&"')}`,
      body.replaceAll(',', ' , ').trimEnd(),
      body.replaceAll('\n', '\n\n'),
    ]) {
      expect(await rowsOf(text), JSON.stringify(text)).to.deep.equal(
        TABLE.map(([label, a, b]) => [label, Math.fround(a as number), Math.fround(b as number)]),
      );
    }
  });

  it('takes the labels from the column that is named', async () => {
    const rows = await rowsOf('a,kind,b\n2.5,dog,-7\n-1,cat,0.5\n3,cat,0.25\n', { labelColumn: 'kind' });
    expect(rows).to.deep.equal([
      ['cat', -1, 0.5],
      ['cat', 3, 0.25],
      ['dog', 2.5, -7],
    ]);
    const unknown = await refusal('a,b\n1,2\n', { labelColumn: 'kind' });
    expect(unknown).to.contain('no column "kind"').and.to.contain('"a", "b"');
  });

  it('knows a header of numbers by its label', async () => {
    expect(await rowsOf('label,0,1\n7,0.5,1\n8,1,0.5\n', { testFraction: 0.5 })).to.deep.equal([
      ['7', 0.5, 1],
      ['8', 1, 0.5],
    ]);
  });

  it('orders integer labels by value and texts by their characters', async () => {
    const numbers = await load('10,1\n9,1\n-1,2\n9.0,1\n2,3\n+2,3\n', { testFraction: 0.5 });
    expect(numbers.classNames).to.deep.equal(['-1', '2', '9', '10']);
    const texts = await load('b,1\nZ,1\na,2\n10,2\n', { testFraction: 0.5 });
    expect(texts.classNames).to.deep.equal(['10', 'Z', 'a', 'b']);
  });

  it('takes whole numbers in 0 … 255 as bytes of images, scaled by 1/255, and others as they are', async () => {
    const { train } = await load('1,0,255\n0,3,4\n1,5,6\n');
    expect(train.features).to.be.instanceOf(Uint8Array);
    expect(train.scale).to.equal(1 / 255);
    for (const text of ['1,0,256\n0,3,4\n', '1,0,-1\n0,3,4\n', '1,0,0.5\n0,3,4\n', '1,0,1\n0,1,1\n']) {
      const { train } = await load(text, { testFraction: 0.5 });
      expect(train.features).to.be.instanceOf(Float32Array);
      expect(train.scale).to.equal(1);
    }
  });

  it('splits off the test rows by the seed: disjoint, complete, and the same again', async () => {
    const text = Array.from({ length: 100 }, (_, i) => `${i % 2},${i}.5\n`).join('');
    const one = await load(text, { testFraction: 0.25, seed: 1 });
    expect([one.train.count, one.test.count]).to.deep.equal([75, 25]);
    expect(new Set([...one.train.features, ...one.test.features]).size).to.equal(100);
    expect(await load(text, { testFraction: 0.25, seed: 1 })).to.deep.equal(one);
    const other = await load(text, { testFraction: 0.25, seed: 2 });
    expect([...other.test.features]).not.to.deep.equal([...one.test.features]);
    expect(other.digest).to.equal(one.digest);
    expect((await load(text.replace('99.5', '98.5'))).digest).not.to.equal(one.digest);
  });

  it('reads back any table of numbers that is written as text', async () => {
    const table = fc
      .integer({ min: 1, max: 5 })
      .chain((width) =>
        fc.array(
          fc.tuple(
            fc.constantFrom('a', 'b', 'c d', 'e,f', 'g"h', 'i\nj'),
            fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: width, maxLength: width }),
          ),
          { minLength: 2, maxLength: 20 },
        ),
      );
    await fc.assert(
      fc.asyncProperty(table, async (rows) => {
        const text = rows.map(([label, values]) => `"${label.replace('"', '""')}",${values.join()}\n`).join('');
        const { train, test, classNames } = await load(text, { testFraction: 0.5 });
        const count = (values: readonly string[]) => [...values].sort();
        const read = [train, test].flatMap(({ labels }) => Array.from(labels, (label) => classNames[label]!));
        expect(count(read)).to.deep.equal(count(rows.map(([label]) => label)));
        const numbers = [train, test].flatMap(({ features, scale }) =>
          Array.from(features, (value) => String(scale === 1 ? value + 0 : value)),
        );
        expect(count(numbers)).to.deep.equal(count(rows.flatMap(([, values]) => values.map((v) => String(v + 0)))));
      }),
      { numRuns: 50 },
    );
  });

  it('F30 ragged rows: line and column', async () => {
    expect(await refusal('1,2,3\n1,2,3\n1,2\n'))
      .to.contain('line 3, column 3')
      .and.to.contain('2 columns, where 3');
    expect(await refusal('1,2,3\n1,2,3,4\n'))
      .to.contain('line 2, column 4')
      .and.to.contain('4 columns, where 3');
  });

  it('F30 text in numbers, NaN, infinities, nothing: line and column', async () => {
    for (const bad of [
      'x',
      'NaN',
      'nan',
      'inf',
      '-Infinity',
      '1e999',
      '1e39',
      '',
      '0x10',
      '1_000',
      '1;2',
      '12px',
      '--1',
    ]) {
      expect(await refusal(`1,2,3\n0,1,1\n1,2,${bad}\n`), bad)
        .to.contain('line 3, column 3')
        .and.to.contain(`"${bad}"`);
    }
    expect(await refusal('1,2,nan\n0,1,2\n')).to.contain('line 1, column 3');
    expect(await refusal('1,nan\n0,1\n')).to.contain('line 1, column 2');
    expect(await refusal('1,2,x\n0,1,2\n')).to.contain('line 1, column 3');
    expect(await refusal('1,2\n,2\n')).to.contain('line 2, column 1');
    expect(await refusal('1,2\nNaN,2\n')).to.contain('line 2, column 1');
  });

  it('F30 empty file, only a header, only one column, only one row', async () => {
    for (const text of ['', '\n\n', '\ufeff', 'label,a,b\n']) expect(await refusal(text)).to.contain('no samples');
    expect(await refusal('1\n2\n')).to.contain('only one column');
    expect(await refusal('1;2\n3;4\n')).to.contain('commas');
    expect(await refusal('1,2\n')).to.contain('splits 1 samples');
  });

  it('F30 an open quote: line and column, however long the file', async () => {
    expect(await refusal(`1,2\n1,"2\n${'1,2\n'.repeat(10)}`)).to.match(/data\.csv.*quote/i);
    expect(await refusal(`1,2\n1,"2\n${'1,2\n'.repeat(200_000)}`)).to.contain('longer than');
    expect(await refusal('1,2\n1,2"3\n')).to.contain('line 2, column 2');
  });

  it('F30 a million columns: refused with line and column and without the memory', async () => {
    for (const cell of ['1,', '123456,', ',', '"1",']) {
      const wide = Buffer.from(`0,1\n`.repeat(3) + cell.repeat(1e6));
      const before = process.memoryUsage().rss;
      expect(await refusal(wide)).to.contain('line 4, column 1: the line is longer than 524288 bytes');
      expect(process.memoryUsage().rss - before).to.be.lessThan(150e6);
      expect(await refusal(wide.subarray(12))).to.contain('line 1, column 1: the line is longer than 524288 bytes');
    }
    const columns = await refusal(`0${',1'.repeat(100_000)}\n`);
    expect(columns).to.contain('line 1, column 65538: there are more than 65537 columns');
  });

  it('F30 binary data', async () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i * 31 + i) % 256);
    expect(await refusal(bytes)).to.match(/line \d+, column \d+|no samples/);
  });

  it('a label column that holds something else: refused', async () => {
    const text = Array.from({ length: 10_001 }, (_, i) => `${i}.5,1\n`).join('');
    expect(await refusal(text))
      .to.contain('10001 different labels')
      .and.to.contain('`labelColumn`');
  });
});
