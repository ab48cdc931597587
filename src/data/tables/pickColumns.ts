import { HandgradError } from '../../errors';
import { firstOf, quoted } from '../../words';
import type { Table } from './table';

/**
 * Finds a column by its name, or by its position: from 0, or from the end with -1 for the last. A name wins over a
 * position.
 * @param asked by which setting, for the message
 * @throws HandgradError 'usage' when there is no such column
 */
export function columnNamed({ columns, path }: Pick<Table, 'columns' | 'path'>, text: string, asked: string): number {
  const exact = columns.findIndex(({ name }) => name === text);
  if (exact >= 0) return exact;
  const position = /^-?\d+$/.test(text) ? Number(text) : NaN;
  const index = position < 0 ? columns.length + position : position;
  if (index >= 0 && index < columns.length) return index;
  const near = columns.find(({ name }) => name.toLowerCase() === text.toLowerCase());
  const hint = near ? `did you mean ${quoted(near.name)}?` : `it has ${listed(columns.map(({ name }) => name))}.`;
  throw new HandgradError('usage', `\`${asked}\` names ${quoted(text)}, but ${path} has no such column; ${hint}`);
}

/** Several columns: a list whose parts are names or positions; a name that holds commas is found as a whole. */
export function columnsNamed(table: Pick<Table, 'columns' | 'path'>, texts: string | readonly string[], asked: string) {
  const whole = typeof texts === 'string' && table.columns.some(({ name }) => name === texts);
  const parts = typeof texts === 'string' ? (whole ? [texts] : texts.split(',').map((part) => part.trim())) : texts;
  const found = parts.map((part) => columnNamed(table, part, asked));
  const twice = found.find((column, i) => found.indexOf(column) < i);
  if (twice === undefined) return found;
  throw new HandgradError('usage', `\`${asked}\` names ${quoted(table.columns[twice]!.name)} twice; leave one out.`);
}

/** The first of some names, quoted, for a message. */
export function listed(names: readonly string[], most = 12): string {
  return firstOf(names.map(quoted), most);
}
