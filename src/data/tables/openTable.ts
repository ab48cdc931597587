import { readTable, type ReadTableOptions } from './readTable';
import { openTableSource } from './source';
import { type ColumnChoice, typeTable, type TypedTable } from './typedTable';

/** How a table is opened. */
export interface OpenTableOptions extends Pick<ReadTableOptions, 'signal' | 'onProgress'> {
  /** Opens what `-` stands for. */
  readonly stdin?: () => AsyncIterable<Buffer>;
}

/**
 * Reads a table, and decides what each column is and which is the label. Labels and categories keep their texts: a
 * column of numbers that becomes one, and writes some of them otherwise than the shortest way, is read again as texts.
 * @param spec a file, a pattern, or `-`
 * @throws HandgradError 'data' when it cannot be read; 'usage' for a choice that does not fit it
 */
export async function openTable(
  spec: string,
  choice: ColumnChoice = {},
  { stdin, ...how }: OpenTableOptions = {},
): Promise<TypedTable> {
  const source = await openTableSource(spec, { stdin });
  const typed = typeTable(await readTable(source, how), choice);
  const { columns } = typed.table;
  const texts = columns.filter((column, index) => {
    const isLabel = typed.label.task === 'classification' && typed.label.columns.includes(index);
    return column.kind === 'number' && !column.exact && (isLabel || typed.types[index]!.type === 'category');
  });
  if (texts.length === 0) return typed;
  return typeTable(await readTable(source, { ...how, texts: texts.map(({ name }) => name) }), choice);
}
