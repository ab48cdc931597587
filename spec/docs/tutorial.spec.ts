import { expect } from 'chai';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { firstMissing, shownCommands, testShownCommands } from './shownCommands';

const root = path.join(__dirname, '../..');
const tables = path.join(root, 'examples/tables');

describe('docs/tutorial-tables.md', function () {
  this.timeout(120_000);
  const page = readFileSync(path.join(root, 'docs/tutorial-tables.md'), 'utf8');
  let folder = '';
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'handgrad-tutorial-'));
    for (const name of readdirSync(tables).filter((one) => one.endsWith('.csv'))) {
      copyFileSync(path.join(tables, name), path.join(folder, name));
    }
    mkdirSync(path.join(folder, 'bin'));
    const program = `#!/bin/sh\nexec '${process.execPath}' '${path.join(root, 'bin/handgrad.js')}' "$@"\n`;
    writeFileSync(path.join(folder, 'bin/handgrad'), program, { mode: 0o755 });
  });
  after(() => rmSync(folder, { recursive: true }));

  it('has ten commands', () => {
    const commands = shownCommands(page);
    expect(commands).to.have.length(10);
    for (const { command } of commands) expect(command).to.match(/^handgrad /);
  });

  testShownCommands(page, () => {
    const PATH = `${path.join(folder, 'bin')}:${process.env['PATH']}`;
    return { cwd: folder, env: { PATH, HANDGRAD_BACKEND: 'wasm' } };
  });

  it('is compared strictly: other words, other numbers, and missing or further lines are found', () => {
    const shown = ['a 0.51 (…)', '…', 'b'];
    expect(firstMissing(shown, ['a 0.54 (3 s)', 'x', 'y', 'b'])).to.equal(undefined);
    expect(firstMissing(shown, ['a 0.57 (3 s)', 'b'])).to.equal(shown[0]);
    expect(firstMissing(shown, ['c 0.51 (3 s)', 'b'])).to.equal(shown[0]);
    expect(firstMissing(shown, ['a 0.51 (3 s)'])).to.equal('b');
    expect(firstMissing(shown, ['a 0.51 (3 s)', 'b', 'c'])).to.equal('nothing, where it printed c');
  });
});
