import { plain } from './text';

// Columns two spaces apart, without lines: easy to read, and to parse with awk.
const NO_LINES = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
  ].map((name) => [name, '']),
);

/**
 * Formats rows under a heading, in aligned columns.
 * @param align one letter per column: l, r or c
 * @param options.width the width that the table should fit into; columns are left out for it in the order of `drop`
 */
export function table(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  align: string,
  { width = Infinity, drop = [] }: { readonly width?: number; readonly drop?: readonly number[] } = {},
): string {
  const columns = fitting(heading, rows, width, drop);
  return drawn(
    columns.map((i) => heading[i]!),
    rows.map((row) => columns.map((i) => row[i]!)),
    columns.map((i) => align[i]!).join(''),
  );
}

/** The columns that fit into a width, by their positions. */
function fitting(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
  drop: readonly number[],
): number[] {
  const widths = heading.map((name, i) =>
    rows.reduce((most, row) => Math.max(most, [...plain(row[i]!)].length), name.length),
  );
  let columns = heading.map((_, i) => i);
  for (const next of drop) {
    if (columns.reduce((sum, i) => sum + widths[i]! + 2, -2) <= width) break;
    columns = columns.filter((i) => i !== next);
  }
  return columns;
}

function drawn(heading: readonly string[], rows: readonly (readonly string[])[], align: string): string {
  const sides = { l: 'left', r: 'right', c: 'center' } as const;
  const Table = require('cli-table3') as typeof import('cli-table3');
  const grid = new Table({
    head: [...heading],
    colAligns: [...align].map((letter) => sides[letter as keyof typeof sides]),
    chars: { ...NO_LINES, middle: '  ' },
    // cli-table3 colors headings and lines even without color support.
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) grid.push([...row]);
  return grid
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
