import { HandgradError } from '../../errors';

/** A table in memory, as its file has it: columns of numbers or of texts, by name. */
export interface Table {
  /** The base name of its file, without extensions; `stdin` for a table read from there. */
  readonly name: string;
  /** The file, or whatever stands for it in messages. */
  readonly path: string;
  /** As `Dataset.digest`, over the decompressed bytes of its files in order. */
  readonly digest: string;
  /** Rows. */
  readonly count: number;
  /** Whether the first line names the columns. Without a header they are called column 1, column 2, …. */
  readonly hasHeader: boolean;
  readonly columns: readonly Column[];
  /** The line of a row in its file, from 1, for messages; with several files also which: `5 of part-2.csv`. */
  readonly lineOf: (row: number) => string;
}

/** A column of a table. */
export type Column = NumberColumn | TextColumn;

interface NamedColumn {
  /** Unique in its table. */
  readonly name: string;
  /** Why its values cannot be used: see `assertUsable`. */
  readonly fault?: ColumnFault;
}

/** What is wrong with a column, where, and what to do about it: the parts of a sentence. */
export interface ColumnFault {
  readonly where: string;
  readonly what: string;
  readonly remedy: string;
}

/** A column whose cells are numbers or missing; at least one is a number. */
export interface NumberColumn extends NamedColumn {
  readonly kind: 'number';
  /**
   * [count], in the smallest type that holds them; NaN where the cell stands for a missing value
   * (`isMissing`), and infinity only in a column with a fault.
   */
  readonly values: Uint8Array | Int32Array | Float64Array;
  /** How many are NaN. */
  readonly missing: number;
  /** Whether each cell is its number's shortest text, so that the texts can be restored: not for "1.50". */
  readonly exact: boolean;
}

/**
 * A column with a cell that is neither a number nor missing, or with missing cells only, or of whole numbers with
 * leading zeros, or asked for as text.
 */
export interface TextColumn extends NamedColumn {
  readonly kind: 'text';
  /** [count]: positions in `texts`. */
  readonly codes: Int32Array;
  /**
   * The distinct cells in order of first appearance, without blanks around them that are not in quotes. Empty cells and
   * texts such as "NA" are among them.
   */
  readonly texts: readonly string[];
  /**
   * All cells are whole numbers or missing, and some have leading zeros, as postal codes and account numbers do: as
   * numbers, "01" and "1" would be one.
   */
  readonly leadingZeros?: true;
  /** What separates the fraction of numbers among them, where that is not a point. */
  readonly decimal?: ',';
}

/**
 * Refuses a column whose values cannot be used. A column may have any values as long as nothing uses them, so this is
 * called where a column comes into use, not where it is read.
 * @param alternative what else to do about it
 * @throws HandgradError 'data'
 */
export function assertUsable({ fault }: Column, alternative?: string): void {
  if (fault === undefined) return;
  const { where, what, remedy } = fault;
  throw new HandgradError('data', `${where} ${what}; ${remedy}${alternative ? `, or ${alternative}` : ''}.`);
}

const MISSING = new Set(['', 'na', 'n/a', '#n/a', '<na>', 'nan', '+nan', '-nan', 'null', 'none', '?']);

/** Whether a cell stands for a missing value. A label is never missing for its text: Namibia's country code is NA. */
export function isMissing(cell: string): boolean {
  return cell.length <= 4 && MISSING.has(cell.toLowerCase());
}

/** All the texts that stand for a missing value, in every spelling: nan, naN, nAn, …. */
export function missingTexts(): string[] {
  return [...MISSING].flatMap((word) =>
    [...word].reduce(
      (starts, letter) =>
        starts.flatMap((start) => [...new Set([letter, letter.toUpperCase()])].map((one) => start + one)),
      [''],
    ),
  );
}

/** Some rows of a table, in their order. @param rows positions in the table */
export function rowsOfTable(table: Table, rows: Int32Array): Table {
  return {
    ...table,
    count: rows.length,
    columns: table.columns.map((column) => rowsOfColumn(column, rows)),
    lineOf: (row) => table.lineOf(rows[row]!),
  };
}

function rowsOfColumn(column: Column, rows: Int32Array): Column {
  if (column.kind === 'number') {
    const { fault, ...found } = column;
    const values = column.values.slice(0, rows.length);
    rows.forEach((row, i) => (values[i] = column.values[row]!));
    let [missing, isFaulty] = [0, false];
    for (const value of values) {
      if (Number.isNaN(value)) missing++;
      isFaulty ||= Math.abs(value) === Infinity;
    }
    return { ...found, values, missing, ...(isFaulty && fault && { fault }) };
  }
  // Texts of the other rows are none of its.
  const position = new Map<number, number>();
  const codes = Int32Array.from(rows, (row) => {
    const code = column.codes[row]!;
    if (!position.has(code)) position.set(code, position.size);
    return position.get(code)!;
  });
  return { ...column, codes, texts: [...position.keys()].map((code) => column.texts[code]!) };
}

/** The cells of a row by column: numbers, or texts as they are in the file; null where a number is missing. */
export function cellsOf({ columns }: Pick<Table, 'columns'>, row: number): Record<string, number | string | null> {
  return Object.fromEntries(
    columns.map((column): [string, number | string | null] => {
      if (column.kind === 'text') return [column.name, column.texts[column.codes[row]!]!];
      const value = column.values[row]!;
      return [column.name, Number.isNaN(value) ? null : value];
    }),
  );
}
