import { expect } from 'chai';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { defaultDataDir } from '../../src/data/defaultDataDir';
import { need } from '../need';
import { shownCommands, shownFiles, testShownCommands } from './shownCommands';

const root = path.join(__dirname, '../..');
/** What the commands use of a checkout; what they write stays out of it. */
const CHECKOUT = ['package.json', 'bin', 'src', 'recipes', 'examples'];

describe('docs/getting-started.md', function () {
  this.timeout(120_000);
  const page = readFileSync(path.join(root, 'docs/getting-started.md'), 'utf8');
  const dataDir = process.env['HANDGRAD_DATA_DIR'] || defaultDataDir();
  let folder = '';
  before(function () {
    need(this, existsSync(path.join(dataDir, 'fashion-mnist')) ? undefined : `${dataDir} holds no Fashion-MNIST`);
    folder = mkdtempSync(path.join(tmpdir(), 'handgrad-started-'));
    for (const name of CHECKOUT) symlinkSync(path.join(root, name), path.join(folder, name));
    for (const [name, text] of Object.entries(shownFiles(page))) writeFileSync(path.join(folder, name), text);
  });
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true });
  });

  testShownCommands(page, () => ({ cwd: folder, env: { HANDGRAD_DATA_DIR: dataDir } }));

  it('covers training, evaluation, prediction, reports, resuming, sweeps and the library', () => {
    const commands = shownCommands(page).map(({ command }) => command);
    for (const word of [
      'train',
      'evaluate',
      'predict',
      'report',
      '--resume',
      '--label-column',
      'sweep',
      'library.js',
    ]) {
      expect(
        commands.some((command) => command.includes(` ${word} `) || command.endsWith(word)),
        word,
      ).to.equal(true);
    }
    expect(shownCommands(page).some(({ lines }) => lines.includes('^C'))).to.equal(true);
  });

  it('saves the files that it shows', () => {
    expect(Object.keys(shownFiles(page))).to.deep.equal(['sweep.yaml', 'library.js']);
  });
});
