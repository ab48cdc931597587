import { HandgradError } from '../../errors';
import { readTable, type ReadTableOptions } from './readTable';
import { openTableSource } from './source';
import { columnTypes, type ColumnChoice, typeTable, type TypedTable } from './typedTable';
import type { TypedColumn } from './columnTypes';
import type { Table } from './table';

/** How a table is opened. */
export interface OpenTableOptions extends Pick<ReadTableOptions, 'signal' | 'onProgress'> {
  /** Opens what `-` stands for. */
  readonly stdin?: () => AsyncIterable<Buffer>;
}

/** A table that was read, whether or not it can be learned from. */
export interface InspectedTable {
  readonly table: Table;
  /** What each column is. */
  readonly types: readonly TypedColumn[];
  /** Undefined when the choice does not fit the table. */
  readonly typed?: TypedTable;
  /** Why it does not: no column suggests itself as the label, say. */
  readonly fault?: HandgradError;
}

/**
 * Reads a table, and decides what each column is and which is the label.
 * @param spec a file, a pattern, or `-`
 * @throws HandgradError 'data' when it cannot be read; 'usage' for a choice that does not fit it
 */
export async function openTable(
  spec: string,
  choice: ColumnChoice = {},
  how: OpenTableOptions = {},
): Promise<TypedTable> {
  const { typed, fault } = await inspectTable(spec, choice, how);
  if (!typed) throw fault!;
  return typed;
}

/**
 * `openTable` that also returns a table which cannot be learned from. Labels and categories keep their texts: a column
 * of numbers that becomes one, and writes some of them otherwise than the shortest way, is read again as texts.
 * @param spec a file, a pattern, or `-`
 * @throws HandgradError 'data' when it cannot be read
 */
export async function inspectTable(
  spec: string,
  choice: ColumnChoice = {},
  { stdin, ...how }: OpenTableOptions = {},
): Promise<InspectedTable> {
  const source = await openTableSource(spec, { stdin });
  const first = inspected(await readTable(source, how), choice);
  const { label } = first.typed ?? {};
  const texts = first.table.columns.filter((column, index) => {
    const isLabel = label?.task === 'classification' && label.columns.includes(index);
    return column.kind === 'number' && !column.exact && (isLabel || first.types[index]!.type === 'category');
  });
  if (texts.length === 0) return first;
  return inspected(await readTable(source, { ...how, texts: texts.map(({ name }) => name) }), choice);
}

function inspected(table: Table, choice: ColumnChoice): InspectedTable {
  try {
    const typed = typeTable(table, choice);
    return { table: typed.table, types: typed.types, typed };
  } catch (error) {
    if (!(error instanceof HandgradError)) throw error;
    return { table, types: typesAnyway(table, choice), fault: error };
  }
}

/** The types asked for, if they fit. */
function typesAnyway(table: Table, { types }: ColumnChoice): TypedColumn[] {
  try {
    return columnTypes(table, types);
  } catch (error) {
    if (!(error instanceof HandgradError)) throw error;
    return columnTypes(table, []);
  }
}
