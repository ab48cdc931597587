import type { Preparation } from '../data/samples';
import type { Column, Table } from '../data/tables/table';
import { HandgradError } from '../errors';
import { plural, quoted } from '../words';

/** A cell of a row: a number, a text, true or false, a date; null, undefined or NaN where it is missing. */
export type Cell = number | string | boolean | Date | null | undefined;

/** A row for a model of a table: its input columns in the order of `Classifier.inputs`, or cells by column. */
export type TableRow = ArrayLike<Cell> | { readonly [column: string]: Cell };

/**
 * Rows in memory as a table of a model's input columns.
 * @throws HandgradError 'usage' for a row of another length or with infinity, or without a column
 */
export function tableOfRows({ inputs }: Pick<Preparation, 'inputs'>, rows: readonly TableRow[]): Table {
  const byPosition = rows.map((row, i) => (isList(row) ? row : cellsByName(row, i, inputs)));
  byPosition.forEach((row, i) => {
    if (row.length === inputs.length) return;
    const expected = `${plural(inputs.length, 'cell')}, one for each input column`;
    throw new HandgradError('usage', `Row ${i} must have ${expected}; it has ${row.length}.`);
  });
  return {
    ...{ name: 'rows', path: 'the rows', digest: '', count: rows.length, hasHeader: true },
    columns: inputs.map(({ name, type }, at) => {
      const cells = byPosition.map((row) => row[at]);
      const infinite = cells.findIndex((cell) => cell === Infinity || cell === -Infinity);
      if (infinite < 0) return columnOf(name, cells, type === 'number');
      throw new HandgradError(
        'usage',
        `Row ${infinite} has ${String(cells[infinite])} in ${quoted(name)}; use null, or a number.`,
      );
    }),
    lineOf: String,
  };
}

const isList = (row: TableRow): row is ArrayLike<Cell> => Array.isArray(row) || ArrayBuffer.isView(row);

function cellsByName(row: { readonly [column: string]: Cell }, i: number, inputs: Preparation['inputs']): Cell[] {
  return inputs.map(({ name }) => {
    if (Object.hasOwn(row, name)) return row[name];
    throw new HandgradError('usage', `Row ${i} has no ${quoted(name)}, an input of the model; add it, or null.`);
  });
}

function columnOf(name: string, cells: readonly Cell[], asNumbers: boolean): Column {
  if (asNumbers && cells.every((cell) => typeof cell === 'number' || cell === null || cell === undefined)) {
    const values = Float64Array.from(cells, (cell) => cell ?? NaN);
    const missing = values.reduce((sum, value) => sum + Number(Number.isNaN(value)), 0);
    return { kind: 'number', name, values, missing, exact: true };
  }
  const codes = new Map<string, number>();
  const codeOf = (text: string) => codes.get(text) ?? (codes.set(text, codes.size), codes.size - 1);
  return {
    kind: 'text',
    name,
    codes: Int32Array.from(cells, (cell) => codeOf(textOf(cell))),
    texts: [...codes.keys()],
  };
}

function textOf(cell: Cell): string {
  if (cell instanceof Date) return Number.isNaN(cell.getTime()) ? '' : cell.toISOString();
  return cell === null || cell === undefined ? '' : String(cell).trim();
}
