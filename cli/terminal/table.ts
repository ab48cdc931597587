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
 */
export function table(heading: readonly string[], rows: readonly (readonly string[])[], align: string): string {
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
