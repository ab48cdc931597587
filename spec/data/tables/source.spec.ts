import { expect } from 'chai';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { decompressed } from '../../../src/data/tables/decompress';
import { readTable, type ReadTableOptions } from '../../../src/data/tables/readTable';
import { openTableSource } from '../../../src/data/tables/source';
import { contents, read, refusal, refusalOf } from './read';

describe('the sources of tables', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'handgrad-tables-'))));
  after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const table = async (spec: string, options: ReadTableOptions = {}) => readTable(await openTableSource(spec), options);

  describe('several files', () => {
    before(() => {
      mkdirSync(join(folder, 'parts'));
      write('parts/part-2.csv', 'x,label\n3,c\n\n4,"d\n"\n5,e\n');
      write('parts/part-1.csv', 'x,label\n1,a\n2,b\n');
      write('parts/part-3.csv', '');
      write('parts/part-4.csv', 'x,label\n');
      write('parts/_SUCCESS', '');
      write('parts/.part-1.csv.crc', '\0');
    });
    const right = { x: [1, 2, 3, 4, 5], label: ['a', 'b', 'c', 'd\n', 'e'] };

    it('match a pattern or are the parts in a folder: in the order of their names, each with its header', async () => {
      for (const spec of ['parts/part-*.csv', 'parts', 'parts/part-?.csv', 'p*s/part-{1,2}.csv']) {
        const found = await table(join(folder, spec));
        expect(contents(found), spec).to.deep.equal(right);
        expect(found.path).to.equal(join(folder, spec));
        const lines = [0, 1, 2, 3, 4].map(found.lineOf);
        expect(lines).to.deep.equal(['2', '3', '2', '4', '6'].map((l, i) => `${l} of part-${i < 2 ? 1 : 2}.csv`));
      }
      expect((await table(join(folder, 'parts'))).name).to.equal('parts');
      expect((await table(join(folder, 'parts/part-*.csv'))).name).to.equal('parts');
      expect((await table(join(folder, 'parts/part-1.csv'))).lineOf(1)).to.equal('3');
    });

    it('have one digest, which depends on their contents and order', async () => {
      const { digest } = await table(join(folder, 'parts/part-[12].csv'));
      expect(digest).to.equal((await table(join(folder, 'parts/part-{2,1}.csv'))).digest);
      expect(digest).to.not.equal((await table(join(folder, 'parts/part-[1-3].csv'))).digest);
    });

    it('without headers are read from their first lines', async () => {
      write('n-1.csv', '1,2\n3,4\n');
      write('n-2.csv', '5,6');
      expect(contents(await table(join(folder, 'n-*.csv')))).to.deep.equal({
        ...{ 'column 1': [1, 3, 5], 'column 2': [2, 4, 6] },
      });
    });

    it('are refused if a header or a number of columns differs, naming the file', async () => {
      write('d-1.csv', 'x,label\n1,a\n');
      write('d-2.csv', 'label,x\na,1\n');
      expect(await refusalOf(table(join(folder, 'd-*.csv')))).to.match(
        /d-2\.csv, line 1, column 1: the header names "label", where .*d-1\.csv has "x"; /,
      );
      write('d-2.csv', 'x,label,y\n1,a,1\n');
      expect(await refusalOf(table(join(folder, 'd-*.csv')))).to.contain('d-2.csv, line 1, column 3');
    });

    it('that are Parquet need the same columns', async () => {
      for (const name of ['snappy', 'zstd']) {
        write(`q-${name}.parquet`, readFileSync(join(__dirname, `parquet/${name}.parquet`)));
      }
      const both = await table(join(folder, 'q-*.parquet'));
      expect(both.count).to.equal(8);
      expect(both.lineOf(5)).to.equal('2 of q-zstd.parquet');
      write('q-zz.parquet', readFileSync(join(__dirname, 'parquet/infinite.parquet')));
      expect(await refusalOf(table(join(folder, 'q-*.parquet')))).to.contain('q-zz.parquet, column 1 is "a", where');
      rmSync(join(folder, 'q-zz.parquet'));
      write('q-zz.parquet', 'label,small\n1,2\n');
      expect(await refusalOf(table(join(folder, 'q-*.parquet')))).to.contain('q-zz.parquet cannot be read as Parquet');
    });

    it('that do not exist are refused', async () => {
      expect(await refusalOf(table(join(folder, 'none.csv')))).to.contain('There is no file');
      expect(await refusalOf(table(join(folder, 'none-*.csv')))).to.contain('No file matches');
      mkdirSync(join(folder, 'empty'));
      expect(await refusalOf(table(join(folder, 'empty')))).to.contain('holds no table');
      expect(await refusalOf(table('-'))).to.contain('no standard input');
    });

    it('include one whose name looks like a pattern', async () => {
      expect(contents(await table(write('odd[1].csv', 'a,b\n1,2\n')))).to.deep.equal({ a: [1], b: [2] });
    });
  });

  describe('compressed files', () => {
    const text = readFileSync(join(__dirname, 'reports/plain.csv'));
    const zstd = readFileSync(join(__dirname, 'plain.csv.zst'));

    it('in gzip and zstd are recognized by their contents, cut anywhere', async () => {
      const right = await read(text);
      for (const bytes of [gzipSync(text), zstd]) {
        for (const size of [1, 100, 5000]) {
          const found = await read(bytes, {}, size);
          expect(contents(found)).to.deep.equal(contents(right));
          expect(found.digest).to.equal(right.digest);
        }
      }
    });

    it('may have several parts', async () => {
      const twice = await read(Buffer.concat([text, text.subarray(text.indexOf('\n') + 1)]));
      const [head, tail] = [text, text.subarray(text.indexOf('\n') + 1)].map((part) => gzipSync(part));
      expect(contents(await read(Buffer.concat([head!, tail!])))).to.deep.equal(contents(twice));
      const doubled = await read(Buffer.concat([text, text]));
      expect(contents(await read(Buffer.concat([zstd, zstd]), {}, 50))).to.deep.equal(contents(doubled));
    });

    it('that are damaged or cut off are refused', async () => {
      for (const bytes of [gzipSync(text), zstd]) {
        expect(await refusal(bytes.subarray(0, bytes.length >> 1))).to.contain('is damaged: its ');
        const changed = Buffer.from(bytes);
        changed.fill(0x55, 20, 60);
        expect(await refusal(changed)).to.contain('the standard input');
      }
    });

    it('that grow beyond all tables are refused, and a window that no memory has', async () => {
      // 4 GiB - 1 as the size of the only segment.
      const frame = Buffer.from('28b52ffda0ffffffff0100001000000000000000', 'hex');
      expect(await refusal(frame)).to.contain('its window is too large');
      const part = gzipSync(Buffer.alloc(1 << 24, '\n'));
      const inflate = async () => {
        // eslint-disable-next-line @typescript-eslint/require-await
        async function* parts() {
          for (let i = 0; i < 20; i++) yield part;
        }
        for await (const chunk of decompressed(parts(), 'bomb')) void chunk;
      };
      expect(await refusalOf(inflate())).to.equal('bomb inflates to more than 500 times its size; check the file.');
    });
  });

  it('report how much is read, of how much if that is known, and stop when asked to', async () => {
    const path = write('long.csv', `a,b\n${'1,2\n'.repeat(1 << 20)}`);
    const seen: { bytes: number; total?: number }[] = [];
    await table(path, { onProgress: (progress) => seen.push(progress) });
    expect(seen.length).to.be.above(3);
    expect(seen.at(-1)).to.deep.equal({ bytes: 4 + (1 << 22), total: 4 + (1 << 22) });
    const controller = new AbortController();
    const reason = new Error('enough');
    const stopped = table(path, {
      signal: controller.signal,
      onProgress: ({ bytes }) => bytes > 1 << 20 && controller.abort(reason),
    });
    expect(await stopped.catch((error: unknown) => error)).to.equal(reason);
    await read('a,b\n1,2\n', { onProgress: ({ total }) => expect(total).to.equal(undefined) });
  });

  it('may be a pipe, which is read once', async function () {
    if (process.platform === 'win32') this.skip();
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    spawn('sh', ['-c', `printf 'id,x\\n${'0\\n'.length}1,2\\n' > "$1"`, 'sh', path]);
    expect((await table(path, { texts: ['id'] })).count).to.equal(1);
  });
});
