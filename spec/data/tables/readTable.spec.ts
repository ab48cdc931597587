import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HandgradError } from '../../../src/errors';
import { readTable, type ReadTableOptions } from '../../../src/data/tables/readTable';
import { openTableSource } from '../../../src/data/tables/source';
import type { Column, Table } from '../../../src/data/tables/table';

/** A table from text or bytes, in chunks of a few bytes. */
async function read(text: string | Buffer, options: ReadTableOptions = {}, chunkBytes = 7): Promise<Table> {
  const bytes = Buffer.from(text);
  // eslint-disable-next-line @typescript-eslint/require-await
  async function* stdin() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  return readTable(await openTableSource('-', { stdin: stdin() }), options);
}

/** The message of the refusal, which is of kind 'data'. */
async function refusal(text: string | Buffer, options: ReadTableOptions = {}): Promise<string> {
  try {
    await read(text, options);
  } catch (error) {
    expect(error).to.be.instanceOf(HandgradError).with.property('kind', 'data');
    return (error as Error).message;
  }
  throw new Error(`read: ${text.toString()}`);
}

/** The cells of a column: numbers, NaN where one is missing, or texts. */
function cells(column: Column): (number | string)[] {
  return column.kind === 'number' ? [...column.values] : Array.from(column.codes, (code) => column.texts[code]!);
}

/** The names and cells of a table. */
function contents({ columns }: Table): Record<string, (number | string)[]> {
  return Object.fromEntries(columns.map((column) => [column.name, cells(column)]));
}

const report = (name: string) => join(__dirname, 'reports', name);
const readReport = async (name: string, options: ReadTableOptions = {}) =>
  readTable(await openTableSource(report(name)), options);
const readBack = async (name: string) => contents(await read(readFileSync(report(name))));

describe('readTable', () => {
  it('reads columns of numbers and of texts by name', async () => {
    const table = await read('label,x,y\nash,0.751,1\nbirch,-3e2,\nash,.5,255\n');
    expect(contents(table)).to.deep.equal({ label: ['ash', 'birch', 'ash'], x: [0.751, -300, 0.5], y: [1, NaN, 255] });
    expect(table).to.include({ name: 'stdin', path: 'the standard input', count: 3, hasHeader: true });
  });

  it('gives the same from a file and from the standard input', async () => {
    const table = await readReport('plain.csv');
    expect(contents(table)).to.deep.equal(await readBack('plain.csv'));
    expect(table).to.include({ name: 'plain', path: report('plain.csv'), count: 120 });
  });

  it('refuses a line that is too short or too long: line, column and both counts', async () => {
    expect(await refusal('a,b,c\n1,2,3\n1,2\n'))
      .to.contain('the standard input, line 3, column 3')
      .and.to.contain('2 columns, where 3');
    expect(await refusal('1,2,3\n1,2,3,4\n'))
      .to.contain('line 2, column 4')
      .and.to.contain('4 columns, where 3');
  });
});
