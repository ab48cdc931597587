import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.join(__dirname, '../..');
const tables = path.join(root, 'examples/tables');

/** The commands of a page, each with the lines that the page shows below it. */
function shownCommands(page: string): { readonly command: string; readonly lines: readonly string[] }[] {
  const blocks = [...page.matchAll(/^```\n(.*?)^```$/gms)].map(([, block]) => block!);
  return blocks.map((block) => {
    const [command, ...lines] = block.trimEnd().split('\n');
    return { command: command!.replace(/^\$ /, ''), lines };
  });
}

const NUMBER = String.raw`-?\d+\.\d+(?:e-?\d+)?`;

/** Whether a printed line is as shown: `…` stands for anything, and numbers with a point may differ a little. */
function isAsShown(shown: string, printed: string): boolean {
  const literal = (text: string) => text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
  const parts = shown.split(new RegExp(`(…|${NUMBER})`));
  const pattern = parts.map((part, i) => (i % 2 === 0 ? literal(part) : part === '…' ? '.*?' : `(${NUMBER})`)).join('');
  const found = new RegExp(`^${pattern}$`).exec(printed);
  const numbers = parts.filter((part, i) => i % 2 === 1 && part !== '…').map(Number);
  return found !== null && numbers.every((number, i) => isNear(number, Number(found[i + 1])));
}

const isNear = (shown: number, printed: number) => Math.abs(shown - printed) <= 0.05 * Math.max(1, Math.abs(shown));

/** The first shown line that was not printed; undefined when all were, in order, and nothing else. */
function firstMissing(shown: readonly string[], printed: readonly string[]): string | undefined {
  let at = 0;
  let skips = false;
  for (const line of shown) {
    if (line === '…') {
      skips = true;
      continue;
    }
    const from = at;
    const offset = printed.slice(from).findIndex((one) => isAsShown(line, one));
    if (offset < 0 || (offset > 0 && !skips)) return line;
    at = from + offset + 1;
    skips = false;
  }
  return skips || at === printed.length ? undefined : `nothing, where it printed ${printed[at]!}`;
}

describe('docs/tutorial-tables.md', function () {
  this.timeout(120_000);
  const page = readFileSync(path.join(root, 'docs/tutorial-tables.md'), 'utf8');
  const commands = shownCommands(page);
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
    expect(commands).to.have.length(10);
    for (const { command } of commands) expect(command).to.match(/^handgrad /);
  });

  // In their order: later ones use what earlier ones have trained.
  for (const { command, lines } of commands) {
    it(`${command} prints what the page shows`, async () => {
      const { PATH, HOME } = process.env;
      const env = { PATH: `${path.join(folder, 'bin')}:${PATH}`, HOME, HANDGRAD_BACKEND: 'wasm' };
      const { stdout } = await promisify(execFile)('sh', ['-c', `exec 2>&1; ${command}`], { cwd: folder, env });
      const printed = stdout.trimEnd().split('\n');
      expect(firstMissing(lines, printed), `the page shows what was not printed, of:\n${stdout}`).to.equal(undefined);
    });
  }

  it('is compared strictly: other words, other numbers, and missing or further lines are found', () => {
    const shown = ['a 0.51 (…)', '…', 'b'];
    expect(firstMissing(shown, ['a 0.54 (3 s)', 'x', 'y', 'b'])).to.equal(undefined);
    expect(firstMissing(shown, ['a 0.57 (3 s)', 'b'])).to.equal(shown[0]);
    expect(firstMissing(shown, ['c 0.51 (3 s)', 'b'])).to.equal(shown[0]);
    expect(firstMissing(shown, ['a 0.51 (3 s)'])).to.equal('b');
    expect(firstMissing(shown, ['a 0.51 (3 s)', 'b', 'c'])).to.equal('nothing, where it printed c');
  });
});
