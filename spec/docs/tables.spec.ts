import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { columnTypes } from '../../src/data/tables/typedTable';
import { cells, read } from '../data/tables/read';

const page = readFileSync(path.join(__dirname, '../../docs/tables.md'), 'utf8');
const section = page.split('## What is a number')[1]!.split('\n## ')[0]!;

/** The rows of its table: the cells of a CSV file, and what they are. */
const rows = [...section.matchAll(/^\| (.*`.*) \| (\w+)/gm)].map(([, texts, what]) => ({
  texts: [...texts!.matchAll(/`([^`]*)`/g)].map(([, text]) => text!),
  what: what!,
}));

describe('docs/tables.md', () => {
  it('has a table of what a number is', () => expect(rows).to.have.length(10));

  for (const { texts, what } of rows) {
    it(`${texts.join(' ')} are ${what}`, async () => {
      for (const text of texts) {
        // Below numbers, or other dates.
        const other = what === 'dates' ? text.replace('31', '30') : '7';
        const separator = /,\d+$/.test(text) && text !== '1,000' ? ';' : ',';
        const table = await read(`x,y\n${other},1\n`.replaceAll(',', separator) + `"${text}"${separator}2\n`);
        const column = table.columns[0]!;
        const isNumber = column.kind === 'number' && column.missing === 0;
        const found = {
          numbers: isNumber,
          missing: column.kind === 'number' && column.missing === 1,
          texts: column.kind === 'text' && cells(column)[1] === text,
          dates: columnTypes(table)[0]!.type === 'date',
        };
        expect(found, text).to.have.property(what, true);
        expect(column.fault !== undefined, text).to.equal(/inf|999/i.test(text));
      }
    });
  }
});
