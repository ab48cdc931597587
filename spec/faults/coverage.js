'use strict';

// Lists the rows of docs/faults.md that no test is named after, and fails when there is one. Tests are looked for in
// the sources: a row that is written F01 has its number at the beginning of the name of an `it`, a `describe`, or a
// fault in a table of cases.

const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '../..');
const rows = [...fs.readFileSync(path.join(root, 'docs/faults.md'), 'utf8').matchAll(/^\| (F\d{2,3}) \| (.*?) \|/gm)];
const sources = fs
  .readdirSync(path.join(root, 'spec'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.spec.ts') || name.endsWith('malformed.ts'))
  .map((name) => fs.readFileSync(path.join(root, 'spec', name), 'utf8'))
  .join('\n');
const named = new Set([...sources.matchAll(/['"`](F\d{2,3})[ ,:]/g)].map(([, row]) => row));

const missing = rows.filter(([, row]) => !named.has(row));
const unknown = [...named].filter((row) => !rows.some(([, one]) => one === row));
for (const [, row, what] of missing) console.log(`${row} has no test: ${what}`);
for (const row of unknown) console.log(`${row} is named by a test and is no row of docs/faults.md`);
console.log(`${rows.length - missing.length} of ${rows.length} rows of docs/faults.md have a test`);
process.exitCode = rows.length === 0 || missing.length + unknown.length > 0 ? 1 : 0;
