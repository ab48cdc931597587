import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readTable } from '../../src/data/tables/readTable';
import { openTableSource } from '../../src/data/tables/source';
import { tableDataset } from '../../src/data/tables/tableDataset';
import type { Table } from '../../src/data/tables/table';
import { encodeModel } from '../../src/model/modelFile';
import { resolveConfig } from '../../src/runs/config';
import { modelConfig } from '../../src/runs/modelConfig';
import { lines, open } from '../data/tables/read';

const small = Buffer.from('label,x,"y ""z"""\r\ncat,1,2.5\r\ndog,-3e2,.5\r\n\r\n"c\nd",NA,7\r\n');
const stored = (name: string) => readFileSync(join(__dirname, '../data/tables', name));

/** Small tables of every form, by name. */
export const TABLES: Readonly<Record<string, Buffer>> = {
  file: small,
  text: small,
  semicolons: Buffer.from('\ufeffa;b\n0,5;é\n1,25;"x"\n'),
  utf16: Buffer.from('\ufeffa\tb\n1\t2\n', 'utf16le'),
  gzip: gzipSync(small),
  zstd: stored('plain.csv.zst'),
  parquet: stored('parquet/snappy.parquet'),
};

/** A folder of real files: a table is read by streams. */
export function createTableFile() {
  const folder = mkdtempSync(join(tmpdir(), 'handgrad-tables-'));
  const path = join(folder, 'table.csv');
  return {
    async read(bytes: Buffer): Promise<Table> {
      writeFileSync(path, bytes);
      return readTable(await openTableSource(path), {});
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** That a table is whole. */
export function assertWhole({ count, columns, lineOf }: Table): void {
  if (count < 1 || columns.length < 1) throw new Error('empty');
  if (new Set(columns.map(({ name }) => name)).size < columns.length) throw new Error('names');
  for (const column of columns) {
    const length = column.kind === 'number' ? column.values.length : column.codes.length;
    if (length !== count) throw new Error(`column ${column.name}`);
    if (column.kind === 'text' && Math.max(...column.codes) >= column.texts.length) throw new Error(column.name);
    if (column.kind === 'number' && [...column.values].filter(Number.isNaN).length !== column.missing) {
      throw new Error(`missing values of ${column.name}`);
    }
  }
  if (!/^\d+$/.test(lineOf(count - 1))) throw new Error('line');
}

/** The file of a model of a table, with columns of each type. */
export async function modelOfTable(): Promise<Buffer> {
  const text = lines('x,d,c,y', 30, (i) => [i % 7, `2024-01-${10 + (i % 20)}`, 'abc'[i % 3]!, i % 2]);
  const dataset = tableDataset(await open(text, { labelColumn: 'y', task: 'classification' }));
  const shape = [dataset.numInputs, dataset.numOutputs];
  const { config } = resolveConfig([{ values: { dataset: 'some.csv', hidden: [] }, from: 'options' }]);
  const parameters = [
    { name: 'W1', shape, data: new Float32Array(shape[0]! * shape[1]!) },
    { name: 'b1', shape: [shape[1]!], data: new Float32Array(shape[1]!) },
  ];
  return Buffer.from(encodeModel({ parameters, config: modelConfig(config, dataset) }));
}
