import { HandgradError } from '../../errors';
import { firstOf, plural, quoted } from '../../words';
import type { Task } from '../samples';
import { asNumbers, asTexts, COLUMN_TYPES, type ColumnType, columnType, type TypedColumn } from './columnTypes';
import { dateFormatOf, firstUndated } from './dates';
import { assertClasses, type Label, labelColumns, labeledRows, type MissingLabels } from './label';
import { numberIn } from './number';
import { oddCells } from './oddCells';
import { columnNamed, columnsNamed } from './pickColumns';
import { assertUsable, isMissing, rowsOfTable, type Table } from './table';

/** What is learned from which columns of a table. */
export interface ColumnChoice {
  /** The label columns: a name, a position, or several of them separated by commas; found when left out. */
  readonly labelColumn?: string;
  /** Classification when left out, unless the label looks like measurements: that is then refused. */
  readonly task?: Task;
  /** What happens to rows without a label: refused when left out. */
  readonly missingLabels?: MissingLabels;
  /** The input columns, by name or position; all that are of use when left out. */
  readonly columns?: readonly string[];
  /** Columns that are no inputs. */
  readonly drop?: readonly string[];
  /** `name=type` for columns whose type is not as it looks. */
  readonly types?: readonly string[];
  /** Weighs the samples in the loss; no input. */
  readonly sampleWeightColumn?: string;
  /** Its rows stay together in a split; no input. */
  readonly groupColumn?: string;
  /** The latest rows are for testing, and of the others the latest for validation; no input. */
  readonly timeColumn?: string;
}

/** A table with the type of each column, and its label. */
export interface TypedTable {
  /** Without the rows that are left out for want of a label. */
  readonly table: Table;
  readonly types: readonly TypedColumn[];
  readonly label: Label;
  /** Positions of the columns that are neither inputs nor labels, and why. */
  readonly leftOut: ReadonlyMap<number, string>;
  readonly roles: { readonly weight?: number; readonly group?: number; readonly time?: number };
  /** What to say about the table, in sentences: what a person would not expect. */
  readonly notes: readonly string[];
}

/** The types asked for, by name of column. */
export function typesAsked(types: readonly string[] = []): Map<string, ColumnType> {
  return new Map(
    types.map((text) => {
      const [, name, type] = /^(.+)=([a-z]+)$/.exec(text) ?? [];
      const known = COLUMN_TYPES.find((one) => one === type);
      if (name !== undefined && known !== undefined) return [name, known];
      const form = `name=type, where the type is one of ${COLUMN_TYPES.join(', ')}`;
      throw new HandgradError('usage', `\`types\` must be a list of ${form}, not ${quoted(text)}.`);
    }),
  );
}

/**
 * Decides what each column of a table is.
 * @param types `name=type` for columns whose type is not as it looks
 * @throws HandgradError 'usage' for a type that does not fit its column
 */
export function columnTypes(table: Table, types?: readonly string[]): TypedColumn[] {
  const asked = typesOfColumns(table, types);
  return table.columns.map((column, index) => withType(columnType(column), asked.get(index), table));
}

/** The types asked for, by position. */
function typesOfColumns(table: Table, types?: readonly string[]): Map<number, ColumnType> {
  return new Map([...typesAsked(types)].map(([name, type]) => [columnNamed(table, name, 'types'), type]));
}

/**
 * Decides what each column of a table is, and which is the label.
 * @throws HandgradError 'usage' for a choice that does not fit the table; 'data' for a label that cannot be learned, a
 *   row without one, or a column in use whose values cannot be used
 */
export function typeTable(given: Table, choice: ColumnChoice = {}): TypedTable {
  const allTypes = columnTypes(given, choice.types);
  const role = (key: 'sampleWeightColumn' | 'groupColumn' | 'timeColumn') =>
    choice[key] === undefined ? undefined : columnNamed(given, choice[key], key);
  const roles = { weight: role('sampleWeightColumn'), group: role('groupColumn'), time: role('timeColumn') };
  const wanted = choice.columns && new Set(columnsNamed(given, choice.columns, 'columns'));
  const dropped = new Set(choice.drop && columnsNamed(given, choice.drop, 'drop'));
  const other = [roles.weight, roles.group, roles.time].filter((index) => index !== undefined);
  const noLabels = new Set([...(wanted ?? []), ...dropped, ...other]);
  const columns = labelColumns(given, allTypes, choice, noLabels);
  const { rows, note } = labeledRows(given, columns, choice.missingLabels);
  const labeled = rows.length === given.count ? given : rowsOfTable(given, rows);
  const types = labeled === given ? allTypes : columnTypes(labeled, choice.types);
  const { task = 'classification' } = choice;
  if (task === 'classification') assertClasses(labeled, columns[0]!, choice.task);
  const label = { columns, task };
  const table = withNumbers(labeled, [...(label.task === 'regression' ? label.columns : []), roles.weight]);
  const leftOut = new Map<number, string>();
  const used = types.map((found, index): TypedColumn => {
    const column = table.columns[index]!;
    const typed = column === found.column ? found : ({ column, type: 'number' } as const);
    if (label.columns.includes(index)) return typed;
    if (dropped.has(index)) leftOut.set(index, 'as asked');
    else if (wanted) {
      if (!wanted.has(index)) leftOut.set(index, 'not asked for');
      else if (typed.why !== undefined) return { column: typed.column, type: plainType(typed) };
    } else if (roles.weight === index) leftOut.set(index, 'it weighs the samples');
    else if (roles.group === index) leftOut.set(index, 'it groups the samples');
    else if (roles.time === index) leftOut.set(index, 'it orders the samples');
    else if (typed.why !== undefined) leftOut.set(index, typed.why);
    return typed;
  });
  for (const index of label.columns) {
    const uses = {
      columns: wanted?.has(index),
      drop: dropped.has(index),
      sampleWeightColumn: roles.weight === index,
      groupColumn: roles.group === index,
      timeColumn: roles.time === index,
    };
    const found = Object.entries(uses).find(([, uses]) => uses === true);
    if (!found) continue;
    const name = quoted(table.columns[index]!.name);
    throw new HandgradError(
      'usage',
      `Column ${name} is the label and cannot be in \`${found[0]}\`, too; leave it out.`,
    );
  }
  const isRole = (index: number) => other.includes(index);
  used.forEach(({ column, type }, index) => {
    // Numbers that are categories are read again, as texts.
    if (type === 'category' && column.kind === 'number') return;
    if (isRole(index)) assertUsable(column);
    else if (!leftOut.has(index)) assertUsable(column, 'leave the column out with `drop`');
  });
  const asked = typesOfColumns(table, choice.types);
  // Those that were decided by their cells alone.
  const found = used.filter(
    ({ why }, index) => !label.columns.includes(index) && !asked.has(index) && (leftOut.get(index) ?? why) === why,
  );
  const notes = [...(note === undefined ? [] : [note]), ...leadingZerosNote(found), ...found.flatMap(oddCellsNote)];
  return { table, types: used, label, leftOut, roles, notes };
}

/** A table with columns as numbers that are texts for their leading zeros only. */
function withNumbers(table: Table, numeric: readonly (number | undefined)[]): Table {
  const columns = table.columns.map((column, index) =>
    numeric.includes(index) ? (asNumbers(column) ?? column) : column,
  );
  return { ...table, columns };
}

/** What to say about inputs that look like numbers and are not taken for some. */
function leadingZerosNote(inputs: readonly TypedColumn[]): string[] {
  const names = inputs.flatMap(({ column, type }) =>
    column.kind === 'text' && column.leadingZeros && type === 'category' ? [column.name] : [],
  );
  const [first] = names;
  if (first === undefined) return [];
  const [what, them, one] =
    names.length === 1
      ? ['is a category, because its', `Column ${quoted(first)}`, 'it']
      : ['are categories, because their', `Columns ${firstOf(names.map(quoted), 5)}`, 'the first'];
  return [`${them} ${what} numbers have leading zeros; \`types\` ${first}=number makes ${one} a number.`];
}

/** What to say about a column of numbers but for a few cells. */
function oddCellsNote({ column, type }: TypedColumn): string[] {
  if (column.kind === 'number' || (type !== 'category' && type !== 'identifier')) return [];
  const odd = oddCells(column);
  if (odd === undefined) return [];
  const what = type === 'category' ? 'is a category' : 'is left out';
  const cells = `${plural(odd.rows, 'cell')} such as ${quoted(odd.text)}`;
  const remedy = 'change or empty such cells if it is to be a number';
  return [`Column ${quoted(column.name)} ${what} because of ${cells}; ${remedy}.`];
}

const plainType = ({ column }: TypedColumn): ColumnType => (column.kind === 'number' ? 'number' : 'category');

function withType(found: TypedColumn, asked: ColumnType | undefined, table: Table): TypedColumn {
  if (asked === undefined || asked === found.type) return found;
  const { column } = found;
  if (asked === 'identifier' || asked === 'constant') return { column, type: asked, why: 'as asked' };
  const { codes, texts, decimal } = asTexts(column);
  const present = texts.filter((text) => !isMissing(text));
  // Nothing is of any type.
  if (present.length === 0) return found;
  const refuse = (text: string) =>
    new HandgradError(
      'usage',
      `\`types\` says that column ${quoted(column.name)} holds ${asked}s, but ${quoted(text)} in line ` +
        `${table.lineOf(codes.indexOf(texts.indexOf(text)))} of ${table.path} is none` +
        `${asked === 'date' ? ' in the form of those above it' : ''}; choose another type.`,
    );
  if (asked === 'date') {
    const bad = firstUndated(present);
    if (bad !== undefined) throw refuse(bad);
    return { column, type: asked, format: dateFormatOf(present)! };
  }
  const bad = asked === 'number' ? present.find((text) => numberIn(text, decimal) === undefined) : undefined;
  if (bad !== undefined) throw refuse(bad);
  return { column, type: asked };
}
