import { expect } from 'chai';
import fc from 'fast-check';
import { contents, read } from './read';

/** A table, and how it is written. */
interface Written {
  names: string[];
  /** [rows][columns]; a number's text or any text. */
  rows: string[][];
  numeric: boolean[];
  separator: string;
  end: string;
  endsWithEnd: boolean;
  quoteAll: boolean;
  decimalComma: boolean;
  blankAfter: number;
  bom: boolean;
  chunk: number;
}

const MISSING = ['', 'NA', 'NaN', 'null', '?'];
const anyText = fc.oneof(
  fc.string({
    unit: fc.constantFrom('a', 'b', 'é', '😀', ' ', ',', ';', '\t', '|', '"', '\n', '\r', '1', '.'),
    maxLength: 6,
  }),
  fc.constantFrom('ash', 'birch', 'cedar', '0123', '', 'NA'),
);
const aNumber = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 300 }).map(String) },
  { weight: 2, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String) },
  { weight: 2, arbitrary: fc.integer({ min: -99999, max: 99999 }).map((n) => (n / 100).toFixed(2)) },
  { weight: 1, arbitrary: fc.constantFrom(...MISSING) },
);

const written: fc.Arbitrary<Written> = fc
  .tuple(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 1, max: 12 }))
  .chain(([columns, count]) =>
    fc.record({
      names: fc.constant(Array.from({ length: columns }, (_, i) => `name ${i}`)),
      columns: fc.array(
        fc.oneof(
          fc.array(aNumber, { minLength: count, maxLength: count }).map((cells) => ({ cells, numeric: true })),
          fc.array(anyText, { minLength: count, maxLength: count }).map((cells) => ({ cells, numeric: false })),
        ),
        { minLength: columns, maxLength: columns },
      ),
      separator: fc.constantFrom(',', ';', '\t', '|'),
      end: fc.constantFrom('\n', '\r\n', '\r'),
      endsWithEnd: fc.boolean(),
      quoteAll: fc.boolean(),
      comma: fc.boolean(),
      blankAfter: fc.nat(15),
      bom: fc.boolean(),
      chunk: fc.constantFrom(1, 2, 3, 7, 64, 10_000),
    }),
  )
  .map(({ columns, comma, ...rest }) => {
    const rows = columns[0]!.cells.map((_, row) => columns.map(({ cells }) => cells[row]!));
    // A comma is the decimal mark only if some number says so for certain, and no text contradicts.
    const numbers = columns.filter(({ numeric }) => numeric).flatMap(({ cells }) => cells);
    const certain = numbers.some((text) => /\.\d\d?$/.test(text));
    const texts = columns.filter(({ numeric }) => !numeric).flatMap(({ cells }) => cells);
    const decimalComma = comma && rest.separator !== ',' && certain && !texts.some((text) => /\d|\./.test(text));
    return { ...rest, rows, numeric: columns.map(({ numeric }) => numeric), decimalComma };
  });

function textOf(table: Written): string {
  const { names, rows, numeric, separator, end, decimalComma } = table;
  const quote = (cell: string) => {
    const needed = /^[\s"]|\s$/.test(cell) || [...`${separator}"\n\r`].some((mark) => cell.includes(mark));
    return needed || table.quoteAll ? `"${cell.replaceAll('"', '""')}"` : cell;
  };
  const lines = [names, ...rows].map((cells, row) =>
    cells
      .map((cell, i) => quote(row > 0 && numeric[i] && decimalComma ? cell.replace('.', ',') : cell))
      .join(separator),
  );
  if (table.blankAfter < lines.length) lines.splice(table.blankAfter, 0, '');
  return (table.bom ? '\ufeff' : '') + lines.join(end) + (table.endsWithEnd ? end : '');
}

/** What a column of these texts is read as. */
function expected(cells: string[]): (string | number)[] {
  const isMissing = (text: string) => MISSING.includes(text.trim()) || /^(na|nan|null)$/i.test(text.trim());
  const isNumber = (text: string) => /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text);
  if (!cells.every((text) => isMissing(text) || isNumber(text)) || cells.every(isMissing)) return cells;
  const values = cells.map((text) => (isMissing(text) ? NaN : Number(text) + 0));
  const areWhole = values.every((value) => Number.isNaN(value) || Number.isInteger(value));
  return areWhole && cells.some((text) => /^0\d+$/.test(text)) ? cells : values;
}

describe('tables of any text', function () {
  this.timeout(60_000);

  it('are read as they were written: separators, quotes, missing values, line ends, chunks', () =>
    fc.assert(
      fc.asyncProperty(written, async (table) => {
        const text = textOf(table);
        const found = await read(text, { hasHeader: true }, table.chunk);
        const columns = table.names.map((name, i) => [name, expected(table.rows.map((row) => row[i]!))] as const);
        const shown = contents(found);
        for (const cells of Object.values(shown)) for (const [i, cell] of cells.entries()) if (cell === 0) cells[i] = 0;
        expect(shown, text).to.deep.equal(Object.fromEntries(columns));
      }),
      { numRuns: 500 },
    ));
});
