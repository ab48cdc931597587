import { expect } from 'chai';
import fc from 'fast-check';
import { readTable } from '../../../src/data/tables/readTable';
import { MAX_COLUMNS } from '../../../src/data/tables/records';
import type { TableSource } from '../../../src/data/tables/source';
import type { NumberColumn } from '../../../src/data/tables/table';
import { MAX_LINE_BYTES } from '../../../src/data/tables/text';
import { cells, contents, read, refusal } from './read';

describe('readTable', () => {
  it('reads columns of numbers and of texts by name', async () => {
    const table = await read('label,x,y\nash,0.751,1\nbirch,-3e2,\nash,.5,255\n');
    expect(contents(table)).to.deep.equal({ label: ['ash', 'birch', 'ash'], x: [0.751, -300, 0.5], y: [1, NaN, 255] });
    expect(table).to.include({ name: 'stdin', path: 'the standard input', count: 3, hasHeader: true });
  });

  it('refuses a line that is too short or too long: line, column and both counts', async () => {
    expect(await refusal('a,b,c\n1,2,3\n1,2\n'))
      .to.contain('the standard input, line 3, column 3')
      .and.to.contain('2 columns, where 3');
    expect(await refusal('1,2,3\n1,2,3,4\n'))
      .to.contain('line 2, column 4')
      .and.to.contain('4 columns, where 3');
  });

  it('reads columns as texts that are asked for', async () => {
    const table = await read('id,x\n0123,1\n123,1.50\n', { texts: ['id', 'nobody'] });
    expect(contents(table)).to.deep.equal({ id: ['0123', '123'], x: [1, 1.5] });
  });

  describe('separators', () => {
    for (const separator of [',', ';', '\t', '|']) {
      it(`reads ${JSON.stringify(separator)}`, async () => {
        const table = await read('label,x,y\nash,0.5,1\nbirch,2.25,3'.replaceAll(',', separator));
        expect(contents(table)).to.deep.equal({ label: ['ash', 'birch'], x: [0.5, 2.25], y: [1, 3] });
      });
    }

    it('prefers the one that splits all lines alike, then the one that gives more numbers', async () => {
      const genres = await read('genre,stars\ndrama;comedy,3\nwar;drama,4\n');
      expect(contents(genres)).to.deep.equal({ genre: ['drama;comedy', 'war;drama'], stars: [3, 4] });
      expect(contents(await read('a\tb\nx, y\t1\nu, v\t2\n'))).to.deep.equal({ a: ['x, y', 'u, v'], b: [1, 2] });
      expect(contents(await read('"a;b","c"\n"1;2","3"\n'))).to.deep.equal({ 'a;b': ['1;2'], c: [3] });
      expect(contents(await read('ash;0,5\nelm;1,25\nash;2\n'))).to.deep.equal({
        ...{ 'column 1': ['ash', 'elm', 'ash'], 'column 2': [0.5, 1.25, 2] },
      });
    });

    it('refuses a first line unlike all others: a title, or a header that lacks a column', async () => {
      const expected = (columns: string, below: number) =>
        `the standard input, line 1: the line has ${columns}, where those below it have ${below}; ` +
        'correct or remove it.';
      expect(await refusal('Sales\na,b,c\n1,2,3\n')).to.equal(expected('1 column', 3));
      expect(await refusal('|1x3 Cross validator\n1, a, x\n2, b, y\n')).to.equal(expected('2 columns', 3));
      expect(await refusal('x;y\n1;2;3\n4;5;6\n')).to.equal(expected('2 columns', 3));
      expect(await refusal('x,y\n1,2,3\n4,5\n')).to.contain('line 2, column 3: the line has 3 columns');
      expect(contents(await read('name\nDoe, Ann\nRoe, Bob\n', { oneColumn: true }))).to.deep.equal({
        name: ['Doe, Ann', 'Roe, Bob'],
      });
    });

    it('refuses one column, unless it is accepted', async () => {
      expect(await refusal('x\n1\n2\n')).to.contain('line 1, column 1: there is only one column; separate');
      expect(contents(await read('x\n1\n2\n', { oneColumn: true }))).to.deep.equal({ x: [1, 2] });
      expect(contents(await read('x y\n1 2\n""\n', { oneColumn: true }))).to.deep.equal({ 'x y': ['1 2', ''] });
    });

    it('accepts an empty last cell of any line, and nothing else beyond the columns', async () => {
      expect(contents(await read('a,b,\n1,2\n3,4,\n'))).to.deep.equal({ a: [1, 3], b: [2, 4] });
      expect(contents(await read('1,2,\n3,4,\n'))).to.deep.equal({ 'column 1': [1, 3], 'column 2': [2, 4] });
      expect(contents(await read('a,b,\n1,2,3\n4,5,\n'))).to.deep.equal({ a: [1, 4], b: [2, 5], 'column 3': [3, NaN] });
      expect(await refusal('a,b\n1,2,\n1,2,3\n')).to.contain('line 3, column 3: the line has 3 columns, where 2');
      expect(await refusal('a,b\n1,2,,\n1,2\n')).to.contain('line 2, column 3: the line has 4 columns, where 2');
    });
  });

  describe('numbers', () => {
    const tableOf = (texts: readonly string[], separator = ',') =>
      read(`a${separator}b\n${texts.map((text) => `${text}${separator}z\n`).join('')}`);
    const valuesOf = async (texts: readonly string[], separator?: string) =>
      cells((await tableOf(texts, separator)).columns[0]!);

    it('are decimals as Number() reads them', async () => {
      const texts = ['1', '-1', '+1', '.5', '5.', '1e3', '1E-3', '0.1', '123456789012345678', '0.30000000000000004'];
      texts.push('5e-324', '1.7976931348623157e308', '4.35', '0.000001', '9007199254740993', '00.10', '" 7 "');
      expect(await valuesOf(texts)).to.deep.equal(texts.map((text) => Number(text.replaceAll('"', ''))));
    });

    it('are the nearest float64 of any decimal, and exact if they are its shortest text', () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.oneof(
              fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
              fc.integer({ min: -300, max: 300 }).map(String),
              fc.tuple(fc.bigInt(-(10n ** 18n), 10n ** 18n), fc.nat(25)).map(([digits, places]) => {
                const text = String(digits < 0n ? -digits : digits).padStart(places + 1, '0');
                const point = text.length - places;
                return `${digits < 0n ? '-' : ''}${text.slice(0, point)}${places ? '.' : ''}${text.slice(point)}`;
              }),
            ),
            { minLength: 1, maxLength: 8 },
          ),
          async (texts) => {
            const [numbers] = (await read(texts.map((text) => `${text},z\n`).join(''), { hasHeader: false }))
              .columns as [NumberColumn];
            expect([...numbers.values].map((value) => value + 0)).to.deep.equal(texts.map((text) => Number(text) + 0));
            expect(numbers.exact).to.equal(texts.every((text) => String(Number(text)) === text));
          },
        ),
        { numRuns: 300 },
      ));

    it('are nothing else: hexadecimal, underscores, units, two points', async () => {
      for (const text of ['0x10', '0b1', '1_000', '1 000', '5%', '1.2.3', '--1', '1e', 'e5', '.', '-', '1,5', '½']) {
        expect(await valuesOf(['7', `"${text}"`]), text).to.deep.equal(['7', text]);
      }
      const digits = '1'.repeat(500);
      expect(await valuesOf(['7', digits])).to.deep.equal(['7', digits]);
    });

    it('cannot be used where one among them is infinite or too large, and are texts without others', async () => {
      for (const [text, value] of [
        ['inf', Infinity],
        ['-Infinity', -Infinity],
        ['1e999', Infinity],
      ] as const) {
        const { columns } = await tableOf(['1', text, '2', 'inf']);
        expect(cells(columns[0]!)).to.deep.equal([1, value, 2, Infinity]);
        expect(columns[0]).to.deep.include({
          ...{ missing: 0, exact: false },
          fault: {
            where: 'the standard input, line 3, column 1:',
            what: `"${text}" is not a number that can be used`,
            remedy: 'correct the file',
          },
        });
        expect(columns[1]).to.not.have.property('fault');
        expect(await valuesOf(['', text])).to.deep.equal(['', text]);
        expect(await valuesOf(['1', text, 'x'])).to.deep.equal(['1', text, 'x']);
      }
    });

    it('have a comma as decimal mark where that is certain', async () => {
      expect(await valuesOf(['0,5', '12,25', '7', '-1,5e3'], ';')).to.deep.equal([0.5, 12.25, 7, -1500]);
      expect(await valuesOf(['0,5', '12,25'], '\t')).to.deep.equal([0.5, 12.25]);
      expect(await valuesOf(['1,234', '2,345'], ';')).to.deep.equal([1.234, 2.345]);
      expect(await valuesOf(['1.234', '2.345'], ';')).to.deep.equal([1.234, 2.345]);
      expect(await valuesOf(['1,234,567', '0,5'], ';')).to.deep.equal(['1,234,567', '0,5']);
      expect(await valuesOf(['0,5', '1.5.5', '3'], ';')).to.deep.equal(['0,5', '1.5.5', '3']);
    });

    it('may have thousands in groups of three', async () => {
      const quoted = (texts: readonly string[]) => texts.map((text) => `"${text}"`);
      expect(await valuesOf(quoted(['1,234.50', '-1,000', '7', '12,345,678', '0.5']))).to.deep.equal([
        ...[1234.5, -1000, 7, 12345678, 0.5],
      ]);
      expect(await valuesOf(quoted(['1\u00a0234.5', '1\u202f000', "1'000'000", '5']))).to.deep.equal([
        ...[1234.5, 1000, 1e6, 5],
      ]);
      expect(await valuesOf(['1.234,56', '1.234', '12,5', '1.000.000'], ';')).to.deep.equal([1234.56, 1234, 12.5, 1e6]);
      expect(await valuesOf(['1.234', '12,5'], ';')).to.deep.equal([1234, 12.5]);
      expect(await valuesOf(['1\u00a0234,56', '7'], ';')).to.deep.equal([1234.56, 7]);
      expect(await valuesOf(['1,234', '2,345'], '\t')).to.deep.equal([1234, 2345]);
      expect(await valuesOf(['1,234', '0.5'], ';')).to.deep.equal([1234, 0.5]);
      for (const text of [
        '1,23',
        '01,234',
        '1,2345',
        '1234,567',
        '1,234 567',
        '0,123',
        ',123',
        '1,234,56',
        '1,234e5',
      ]) {
        expect(await valuesOf(['7', `"${text}"`]), text).to.deep.equal(['7', text]);
      }
    });

    it('may be missing in several ways', async () => {
      const texts = ['1', '', 'NA', 'n/a', '#N/A', '<NA>', 'NaN', '-nan', 'null', 'None', '?', '" "'];
      const table = await tableOf(texts);
      expect(table.columns[0]).to.include({ kind: 'number', missing: texts.length - 1 });
      expect(cells(table.columns[0]!)).to.deep.equal([1, ...texts.slice(1).map(() => NaN)]);
    });

    it('are read again as texts if a text comes late, in one more pass for all such columns', async () => {
      const texts = [...Array.from({ length: 5000 }, (_, i) => `0${i}`), 'A1'];
      let passes = 0;
      const bytes = Buffer.from(`id,x,y\n${texts.map((text) => `${text},${text},1\n`).join('')}`);
      // eslint-disable-next-line @typescript-eslint/require-await
      async function* content(part?: object) {
        if (part === undefined) passes++;
        yield bytes;
      }
      const source: TableSource = { name: 'n', path: 'p', files: [{ path: 'p', read: content }] };
      const table = await readTable(source);
      expect(passes).to.equal(2);
      expect(contents(table)).to.deep.equal({ id: texts, x: texts, y: texts.map(() => 1) });
    });

    it('are stored in as few bytes as will hold them', async () => {
      const typeOf = async (...texts: string[]) => {
        const [column] = (await tableOf(texts)).columns as [NumberColumn];
        expect([...column.values]).to.deep.equal(texts.map((text) => (text === '' ? NaN : Number(text))));
        return column.values.constructor;
      };
      expect(await typeOf('0', '255')).to.equal(Uint8Array);
      expect(await typeOf('0', '256', '-1')).to.equal(Int32Array);
      expect(await typeOf('0', '', '1')).to.equal(Float64Array);
      expect(await typeOf('3', '-5', '2147483648')).to.equal(Float64Array);
      expect(await typeOf('3', '300', '0.5')).to.equal(Float64Array);
      expect(await typeOf(...Array.from({ length: 200 }, (_, i) => String(i)), '0.5')).to.equal(Float64Array);
    });
  });

  describe('the header', () => {
    const hasHeader = async (text: string) => (await read(text)).hasHeader;

    it('has texts above numbers, or a text that its column of few texts does not hold', async () => {
      const tables = ['x,y\n1,2\n', 'name,x\nann,1\n', ',x\na,1\n', 'class,odor\np,a\ne,b\np,a\n'];
      tables.push('x,label\nNA,a\nNA,b\n', 'label,1960,1961,1962,1963\nDE,5,6,9,7\nFR,4,8,2,1\n');
      tables.push(
        '0,1,2,3,4\n0.5,0.1,0.3,1,0\n2,1,2,1,5\n',
        'label,400.5,401,401.5,402\na,.3,.2,.1,.4\nb,.2,.5,.3,.3\n',
      );
      for (const text of tables) expect(await hasHeader(text), text).to.be.true;
    });

    it('is missing where the first line is like the others', async () => {
      const tables = ['1,2\n3,4\n', '0.5,1\n3,4\n', 'p,a\ne,b\np,a\n', 'ash,1\nbirch,2\nash,3\n'];
      tables.push('rare,0.5\nash,2\nash,3\nash,1\n', '1,2,3,4,9\n3,4,5,6,7\n', '-,0.5,ash\n3,4,ash\n');
      for (const text of tables) expect(await hasHeader(text), text).to.be.false;
    });

    it('is what the caller knows', async () => {
      expect(contents(await read('1,2\n3,4\n', { hasHeader: true }))).to.deep.equal({ 1: [3], 2: [4] });
      expect(contents(await read('a,b\n3,4\n', { hasHeader: false }))).to.deep.equal({
        ...{ 'column 1': ['a', '3'], 'column 2': ['b', '4'] },
      });
    });
  });

  describe('text', () => {
    it('is UTF-8 or UTF-16, with or without a byte order mark, cut anywhere', async () => {
      const text = 'label,x\n"é, ü",1\nπ😀,2\n"",3\n';
      for (const marked of [text, `\ufeff${text}`]) {
        const wide = Buffer.from(marked, 'utf16le');
        for (const bytes of [Buffer.from(marked), wide, Buffer.from(wide).swap16()]) {
          for (const size of [1, 2, 3, 1000]) {
            const table = await read(bytes, {}, size);
            expect(contents(table)).to.deep.equal({ label: ['é, ü', 'π😀', ''], x: [1, 2, 3] });
          }
        }
      }
    });

    it('is refused in other encodings: line and remedy', async () => {
      expect(await refusal(Buffer.from('label,x\na,1\ncafé,2\n', 'latin1'))).to.match(/, line 3: .* iconv /);
      expect(await refusal(Buffer.from('label,x\ra,1\rcafé,2\r', 'latin1'))).to.match(/, line 3: .* iconv /);
      expect(await refusal(Buffer.from('label,x\na,1\nb,\0\n'))).to.match(/, line 3: there is a zero byte/);
      expect(await refusal(Buffer.from('\ufefflabel,x\na,1\n\ud800,2\n', 'utf16le'))).to.match(/, line 3: .*UTF-16/);
      expect(await refusal(Buffer.from('\ufefflabel,x\na,1\n', 'utf16le').subarray(0, -1))).to.contain('ends within');
      expect(await refusal(Buffer.from('PK\u0003\u0004abc'))).to.contain('save its table as CSV');
    });

    it('may be quoted: separators, doubled quotes and line ends in a cell, blanks around it', async () => {
      const text = 'a,b\n"x,""y""", "1" \n  u v\t,2\n"line 1\r\nline 2" ,"3"\n5" disk,4\n" kept ",5\n';
      expect(contents(await read(text))).to.deep.equal({
        ...{ a: ['x,"y"', 'u v', 'line 1\r\nline 2', '5" disk', ' kept '], b: [1, 2, 3, 4, 5] },
      });
    });

    it('is refused where a quote is not closed, or has text behind it: line and column', async () => {
      expect(await refusal('a,b\n1,"x\n2,y\n')).to.contain('line 2, column 2: a quote is opened and not closed');
      expect(await refusal('a,b\n1,x\n2,"y"z\n')).to.contain('line 3, column 2: there is text behind a closing quote');
      expect(await refusal('"a,b\n1,2\n')).to.contain('line 1, column 1: a quote is opened and not closed');
      expect(await refusal('a,b\n"1\n\n",2\n3,"\n\n\n"x\n')).to.contain('line 8, column 2: there is text behind');
      const long = `a,b\n1,2\n1,"${'x\n'.repeat(MAX_LINE_BYTES)}`;
      expect(await refusal(long)).to.contain('line 3, column 2: a quote is opened and not closed');
    });

    it('has any line ends, blank lines, and perhaps no line end at its end', async () => {
      for (const end of ['\n', '\r\n', '\r']) {
        for (const size of [1, 2, 7, 1000]) {
          const table = await read(['a,b', '', '1,2', '  ', '"3",4'].join(end), {}, size);
          expect(contents(table)).to.deep.equal({ a: [1, 3], b: [2, 4] });
          expect([table.lineOf(0), table.lineOf(1)]).to.deep.equal(['3', '5']);
        }
      }
    });

    it('is refused with a line or a number of columns beyond all bounds', async () => {
      expect(await refusal(`a,b\n1,2\n${'x'.repeat(MAX_LINE_BYTES)},1\n`)).to.match(/line 3.* is longer than/);
      expect(await refusal(`a,b\n1,${','.repeat(70_000)}\n`)).to.contain('line 2, column');
      expect(await refusal(`${','.repeat(70_000)}\n`)).to.contain('there are more than 65537 columns');
      const names = Array.from({ length: MAX_COLUMNS }, (_, i) => `c${i}`).join();
      const widest = await read(`${names}\n${'x,'.repeat(MAX_COLUMNS - 1)}x\n`, {}, 1 << 16);
      expect(widest.columns).to.have.length(MAX_COLUMNS);
    });

    it('is refused if it is empty, blank, or a header only', async () => {
      for (const text of ['', '\n\n', '   \n', 'a,b\n', '\ufeff'])
        expect(await refusal(text)).to.contain('has no rows');
    });
  });
});
