import { expect } from 'chai';
import { HandgradError } from '../../../src/errors';
import { openTable } from '../../../src/data/tables/openTable';
import { readTable, type ReadTableOptions } from '../../../src/data/tables/readTable';
import { openTableSource } from '../../../src/data/tables/source';
import type { Column, Table } from '../../../src/data/tables/table';
import type { ColumnChoice, TypedTable } from '../../../src/data/tables/typedTable';

/** A table from text or bytes, in chunks of a few bytes. */
export async function read(text: string | Buffer, options: ReadTableOptions = {}, chunkBytes = 7): Promise<Table> {
  const bytes = Buffer.from(text);
  // eslint-disable-next-line @typescript-eslint/require-await
  async function* stdin() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  return readTable(await openTableSource('-', { stdin }), options);
}

/** A typed table from text or bytes. */
export async function open(text: string | Buffer, choice: ColumnChoice = {}): Promise<TypedTable> {
  // eslint-disable-next-line @typescript-eslint/require-await
  async function* stdin() {
    yield Buffer.from(text);
  }
  return openTable('-', choice, { stdin });
}

/** A table as text: its header, and a line for each row. */
export function lines(
  header: string,
  count: number,
  row: (i: number) => string | readonly (string | number)[],
): string {
  const rows = Array.from({ length: count }, (_, i) => [row(i)].flat().join(','));
  return [header, ...rows, ''].join('\n');
}

/** The message of the refusal, which is of kind 'data' and one sentence. */
export async function refusalOf(reading: Promise<unknown>): Promise<string> {
  const found = await reading.then(
    () => new Error('it was read'),
    (error: unknown) => error,
  );
  expect(found).to.be.instanceOf(HandgradError).with.property('kind', 'data');
  const { message } = found as HandgradError;
  expect(message).to.match(/^[^\n]+\.$/);
  return message;
}

/** `refusalOf` reading a text. */
export async function refusal(text: string | Buffer, options: ReadTableOptions = {}): Promise<string> {
  return refusalOf(read(text, options, 1 << 16));
}

/** The cells of a column: numbers, NaN where one is missing, or texts. */
export function cells(column: Column): (number | string)[] {
  return column.kind === 'number' ? [...column.values] : Array.from(column.codes, (code) => column.texts[code]!);
}

/** The names and cells of a table. */
export function contents({ columns }: Table): Record<string, (number | string)[]> {
  return Object.fromEntries(columns.map((column) => [column.name, cells(column)]));
}
