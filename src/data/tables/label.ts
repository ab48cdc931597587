import { HandgradError } from '../../errors';
import { firstOf, formatCount, plural, quoted } from '../../words';
import type { Task } from '../samples';
import { asNumbers, asTexts, type TypedColumn } from './columnTypes';
import { numberIn } from './number';
import { columnsNamed } from './pickColumns';
import { assertUsable, type Column, isMissing, type NumberColumn, type Table } from './table';

/** What is learned from a table, and from which columns. */
export interface Label {
  /** Positions in the table: one column for classification, one or more for regression. */
  readonly columns: readonly number[];
  readonly task: Task;
}

/** Names that a label column has by convention. */
const USUAL_NAME = /^(label|labels|class|target|outcome)$/i;

/** More classes than this means that the label column holds something else. */
const MAX_CLASSES = 10_000;

/** Numbers with more distinct values than this may be measurements. */
const FEW_VALUES = 20;

/** What happens to rows without a label. */
export type MissingLabels = 'refuse' | 'drop';

/**
 * The label columns of a table: those asked for, or the one that suggests itself.
 * @param asked.labelColumn names or positions, as given
 * @param noLabels positions of columns that do not suggest themselves: they are for something else
 * @returns positions: one column for classification, one or more for regression
 * @throws HandgradError 'usage' when none or several suggest themselves, or one does not fit the task; 'data' when one
 *   cannot be used
 */
export function labelColumns(
  table: Table,
  types: readonly TypedColumn[],
  { labelColumn, task }: { readonly labelColumn?: string; readonly task?: Task },
  noLabels: ReadonlySet<number> = new Set(),
): number[] {
  const columns =
    labelColumn === undefined
      ? [suggestedLabel(table, types, task, noLabels)]
      : columnsNamed(table, labelColumn, 'labelColumn');
  for (const index of columns) {
    assertUsable(table.columns[index]!);
    if (task === 'regression') assertNumbers(table, index);
  }
  if (columns.length === 1 || task === 'regression') return columns;
  const why = 'several label columns need `task` regression';
  throw new HandgradError('usage', `\`labelColumn\` names ${columns.length} columns; ${why}.`);
}

/**
 * The rows of a table that have a label: positions in the table.
 * @param missingLabels what happens to the others
 * @returns also what to say about the others, in a sentence, if there are any
 * @throws HandgradError 'data' for a row without a label, unless such rows are dropped; and when no row has one
 */
export function labeledRows(
  table: Table,
  columns: readonly number[],
  missingLabels: MissingLabels = 'refuse',
): { readonly rows: Int32Array; readonly note?: string } {
  const { path, lineOf } = table;
  const labels = columns.map((index) => table.columns[index]!);
  const areUnlabeled = labels.map(isUnlabeled);
  const isWithout = (row: number) => areUnlabeled.some((isUnlabeled) => isUnlabeled(row));
  const all = Int32Array.from({ length: table.count }, (_, row) => row);
  const without = all.filter(isWithout);
  const first = without[0];
  if (first === undefined) return { rows: all };
  const others = without.length - 1;
  if (missingLabels === 'refuse') {
    const { name } = labels[areUnlabeled.findIndex((isUnlabeled) => isUnlabeled(first))]!;
    const also = others === 0 ? '' : `, nor in ${plural(others, 'other row')}`;
    const [it, rows] = others === 0 ? ['it', 'row'] : ['them', 'rows'];
    throw new HandgradError(
      'data',
      `${path}, line ${lineOf(first)}: there is no label in column ${quoted(name)}${also}; fill ${it} in, or ` +
        `leave the ${rows} out with \`missingLabels\` drop.`,
    );
  }
  const names = labels.map(({ name }) => quoted(name)).join(' or ');
  if (without.length === table.count) throw new HandgradError('data', `${path} has no row with a label in ${names}.`);
  const [some, where] =
    others === 0
      ? ['1 row has', `line ${lineOf(first)}`]
      : [`${formatCount(without.length)} rows have`, `line ${lineOf(first)} is the first`];
  const note = `${some} no label in ${names} of ${path} (${where}): left out.`;
  return { rows: all.filter((row) => !isWithout(row)), note };
}

/**
 * The column with a usual name; else the one column of words among numbers; else y, which may be a coordinate.
 * @throws HandgradError 'usage' when none or several suggest themselves
 */
export function suggestedLabel(
  table: Table,
  types: readonly TypedColumn[],
  task: Task | undefined,
  noLabels: ReadonlySet<number> = new Set(),
): number {
  const all = table.columns.map((_, index) => index).filter((index) => !noLabels.has(index));
  const candidates = [
    all.filter((index) => USUAL_NAME.test(table.columns[index]!.name)),
    all.filter((index) => task !== 'regression' && isWords(types[index]!)),
    all.filter((index) => /^y$/i.test(table.columns[index]!.name)),
  ].find(({ length }) => length > 0);
  if (candidates?.length === 1) return candidates[0]!;
  const described = all.map((index) => describe(types[index]!, index, table));
  throw new HandgradError(
    'usage',
    `${table.path} does not say which column is the label; name it with \`labelColumn\`: ` +
      `${firstOf(described, 12)}.`,
  );
}

/** A column without values suggests nothing. */
const isWords = ({ type, column }: TypedColumn) => type === 'category' && column.fault === undefined;

/** What to type to name a column, and what is in it. Without a header, that is its position. */
function describe({ type, column }: TypedColumn, index: number, { hasHeader }: Table): string {
  const classes = () => asTexts(column).texts.filter((text) => !isNoLabel(text)).length;
  const what = type === 'category' ? `${formatCount(classes())} classes` : type;
  return hasHeader ? `${quoted(column.name)} (${what})` : `${index} (${quoted(column.name)}, ${what})`;
}

const isNoLabel = (text: string) => text === '' || /^[+-]?nan$/i.test(text);

/** Whether a row has no label: among numbers, whatever stands for a missing value; among words, "NA" may be one. */
function isUnlabeled(column: Column): (row: number) => boolean {
  if (column.kind === 'number') return (row) => Number.isNaN(column.values[row]!);
  const { codes, texts } = column;
  const areNumbers = asNumbers(column) !== undefined;
  const areNone = texts.map((text) => (areNumbers ? isMissing(text) : isNoLabel(text)));
  return (row) => areNone[codes[row]!]!;
}

function assertNumbers({ columns, path, lineOf }: Table, index: number): void {
  const column = columns[index]!;
  if (column.kind === 'number' || asNumbers(column)) return;
  const { name, codes, texts, decimal } = column;
  const row = codes.findIndex((code) => !isMissing(texts[code]!) && numberIn(texts[code]!, decimal) === undefined);
  const such = row < 0 ? '' : `, such as ${quoted(texts[codes[row]!])} in line ${lineOf(row)}`;
  throw new HandgradError(
    'usage',
    `The label column ${quoted(name)} of ${path} holds texts${such}, and \`task\` regression needs numbers; ` +
      'correct the file, or leave `task` out to learn classes.',
  );
}

/**
 * Checks that the texts of a label column are classes.
 * @throws HandgradError 'usage' when they look like something else; 'data' for a single class
 */
export function assertClasses(table: Table, index: number, task: Task | undefined): void {
  const { path, count } = table;
  const column = table.columns[index]!;
  const { texts } = asTexts(column);
  const name = `The label column ${quoted(column.name)} of ${path}`;
  // Labels such as 9007199254740993, read as numbers, may be one number only; openTable reads them again, as texts.
  if (texts.length === 1 && (column.kind === 'text' || column.exact)) {
    throw new HandgradError('data', `${name} has one class only, ${quoted(texts[0])}; nothing can be learned from it.`);
  }
  const classes = `${formatCount(texts.length)} different values in ${formatCount(count)} rows`;
  if (task === undefined && column.kind === 'number' && isMeasurement(column, texts.length)) {
    throw new HandgradError(
      'usage',
      `${name} holds ${classes}: predict the number with \`task\` regression, or classes with \`task\` classification.`,
    );
  }
  if (texts.length <= Math.min(MAX_CLASSES, Math.max(2, count / 2))) return;
  const remedy = column.kind === 'number' ? 'use `task` regression, or name another column' : 'name another column';
  throw new HandgradError('usage', `${name} holds ${classes}, too many for classes; ${remedy} with \`labelColumn\`.`);
}

/** Whether numbers measure something instead of naming classes. Class numbers are whole, without gaps, and repeat. */
function isMeasurement({ values }: NumberColumn, distinct: number): boolean {
  if (distinct <= FEW_VALUES) return false;
  let [least, most, whole] = [Infinity, -Infinity, true];
  for (const value of values) {
    whole &&= Number.isInteger(value);
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return !whole || most - least + 1 !== distinct || values.length < 5 * distinct;
}

/**
 * The classes of a label column: its distinct texts, in the order of their numbers if all are whole numbers, else of
 * their character codes, so that no locale changes them. "3.0" is "3": some programs write every number with a point.
 * @param known the classes of a model, in its order
 * @returns labels [count]; -1 for a class that is not known
 */
export function classesOf(
  { codes, texts }: { readonly codes: Int32Array; readonly texts: readonly string[] },
  known?: readonly string[],
): { readonly classNames: readonly string[]; readonly labels: Int32Array } {
  const numbered = texts.every((text) => WHOLE_NUMBER.test(text));
  const names = numbered ? texts.map(withoutPoint) : texts;
  const classNames = known ?? [...new Set(names)].sort(numbered ? byNumber : byCode);
  const position = new Map(classNames.map((name, i) => [name, i]));
  const classOf = texts.map((text) => position.get(text) ?? position.get(withoutPoint(text)) ?? -1);
  return { classNames, labels: codes.map((code) => classOf[code]!) };
}

const WHOLE_NUMBER = /^-?\d{1,400}(\.0*)?$/;
const withoutPoint = (text: string) => (WHOLE_NUMBER.test(text) ? text.replace(/\.0*$/, '') : text);

const byCode = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
/** Numbers of any length; "7" comes before "07". */
const byNumber = (a: string, b: string) => {
  const difference = BigInt(a) - BigInt(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : a.length - b.length || byCode(a, b);
};
