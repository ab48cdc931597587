import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { harmless, withProgram } from '../../../cli/terminal/terminal';
import { session } from '../session';

describe('how messages name a command', () => {
  const said = 'Saved in runs/a; look at it with: handgrad evaluate runs/a';

  it('is as it was started: by the name of an installed program, through npm in a checkout, by npx', () => {
    expect(withProgram(said, {})).to.equal(said);
    expect(withProgram(said, { npm_lifecycle_event: 'train', npm_package_name: 'handgrad' })).to.equal(
      'Saved in runs/a; look at it with: npm run --silent handgrad -- evaluate runs/a',
    );
    const inFolder = (INIT_CWD: string) => ({
      ...{ npm_lifecycle_event: 'handgrad', npm_package_name: 'handgrad', npm_package_json: '/a b/package.json' },
      INIT_CWD,
    });
    expect(withProgram(said, inFolder('/a b/examples'))).to.match(/: npm run --silent handgrad -- evaluate/);
    expect(withProgram(said, inFolder('/a bc'))).to.match(/: npm --prefix '\/a b' run --silent handgrad -- evaluate/);
    const npx = { npm_lifecycle_event: 'npx', npm_package_name: 'theirs' };
    expect(withProgram(said, { ...npx, npm_lifecycle_script: "'handgrad' train" })).to.match(/: npx handgrad evaluate/);
    expect(withProgram(said, { ...npx, npm_lifecycle_script: 'mocha' })).to.equal(said);
    expect(withProgram(said, { npm_lifecycle_event: 'train', npm_package_name: 'theirs' })).to.equal(said);
  });

  it('leaves alone what is no command', () => {
    const about = 'This is a defect of handgrad; handgrad reads format 1';
    expect(withProgram(about, { npm_lifecycle_event: 'npx', npm_lifecycle_script: 'handgrad' })).to.equal(about);
  });

  it('holds for errors too', async () => {
    const { stderr } = await session(['sweep'], { npm_lifecycle_event: 'handgrad', npm_package_name: 'handgrad' });
    expect(stderr).to.contain('see npm run --silent handgrad -- sweep --help.');
  });
});

describe('what others named', () => {
  it('F85 colors pass; every other sequence, and what nobody would see, is spelled out', () => {
    const colored = '\x1b[31mred\x1b[39m and \x1b[38;5;240mgray\x1b[0m\tin\ntwo lines';
    expect(harmless(colored)).to.equal(colored);
    expect(harmless('a\x1b]0;title\x07b')).to.equal('a\\u{1b}]0;title\\u{7}b');
    expect(harmless('a\x1b[2Jb\x1b[1Ac\x9b2Jd')).to.equal('a\\u{1b}[2Jb\\u{1b}[1Ac\\u{9b}2Jd');
    expect(harmless('x\ry\u202ez\x1b')).to.equal('x\\u{d}y\\u{202e}z\\u{1b}');
  });

  it('F85 a class name with an escape sequence does not reach the terminal', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'handgrad-escapes-'));
    try {
      const table = join(folder, 'table.csv');
      const rows = Array.from({ length: 20 }, (_, i) => `${i % 2 ? 'a' : 'b\x1b[2J'},${i % 2},${i / 20}`);
      writeFileSync(table, `kind,x,y\n${rows.join('\n')}\n`);
      const run = join(folder, 'run');
      const settings = ['--dataset', table, '--label-column', 'kind', '--epochs', '1', '--backend', 'cpu'];
      const trained = await session(['train', ...settings, '--batch-size', '4', '--run-dir', run]);
      const evaluated = await session(['evaluate', run, '--backend', 'cpu']);
      const said = [trained, evaluated].map(({ stdout, stderr }) => stdout + stderr).join('');
      expect(said).not.to.contain('\x1b[2J');
      expect(said).to.contain('b\\u{1b}[2J');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
