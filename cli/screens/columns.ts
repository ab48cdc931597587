import type { StartEvent } from '../../src/runs/events';
import { firstOf, plural, visible } from '../../src/words';

/** The most names that are listed of each kind. */
const MOST_NAMES = 5;

/** What a run does with the columns of a table, in lines for its start. */
export function columnLines({ table, widths }: Pick<StartEvent, 'table' | 'widths'>): string[] {
  if (!table) return [];
  const { labels, inputs, leftOut } = table;
  const named = (names: readonly string[]) =>
    names.slice(0, MOST_NAMES).map(visible).join(', ') + (names.length > MOST_NAMES ? ', …' : '');
  const kinds = (['number', 'date', 'category'] as const).flatMap((type) => {
    const names = inputs.filter((column) => column.type === type).map(({ name }) => name);
    if (names.length === 0) return [];
    const what = type === 'category' ? (names.length === 1 ? '1 category' : `${names.length} categories`) : undefined;
    return `${what ?? plural(names.length, type)} (${named(names)})`;
  });
  const filled = inputs.filter((column) => (column.type === 'category' ? column.missing : column.indicator)).length;
  const reasons = leftOut.map(({ name, why }) => `${visible(name)} (${why})`);
  return [
    `Label:   ${named(labels)}`,
    `Columns: ${kinds.join(', ')} as ${plural(widths[0]!, 'input')}` +
      (filled > 0 ? `; missing cells are filled in, and marked in ${plural(filled, 'column')}` : ''),
    ...(leftOut.length > 0 ? [`         left out: ${firstOf(reasons, MOST_NAMES)}`] : []),
  ];
}
