import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { COMMAND_NAMES } from '../../cli/commandNames';

// Whoever asks for help waits for what help needs: yargs and the declarations.

const root = path.join(__dirname, '../..');

/** yargs and what it is made of, and two small ones of our own. */
const LIGHT = new RegExp(
  '^(yargs|yargs-parser|y18n|cliui|escalade|string-width|strip-ansi|ansi-.*|wrap-ansi|emoji-.*|get-.*' +
    '|picocolors|fastest-levenshtein)$',
);

/** The packages, and the files of src/, that a command line loads. */
function loaded(argv: readonly string[]): string[] {
  const code = `
    const { run } = require('./cli/run');
    const none = { write: () => true };
    const io = { stdout: none, stderr: none, env: {}, signal: new AbortController().signal };
    run(${JSON.stringify(argv)}, io).then(() => console.log(JSON.stringify(Object.keys(require.cache))));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--require', './bin/register.js', '-e', code], {
    ...{ cwd: root, encoding: 'utf8' },
  });
  expect(stderr).to.equal('');
  const files = (JSON.parse(stdout) as string[]).map((file) => path.relative(root, file).split(path.sep).join('/'));
  const packages = files.flatMap((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []);
  return [...new Set([...packages, ...files.filter((file) => file.startsWith('src/'))])].sort();
}

describe('a start', function () {
  this.timeout(120_000);
  // What has changed is compiled once.
  before(() => void loaded(['--help']));

  for (const argv of [['--help'], ...COMMAND_NAMES.map((name) => [name, '--help']), ['train', '--epcohs', '3']]) {
    it(`of "${argv.join(' ')}" loads nothing that computes, draws, checks or fetches`, () => {
      const found = loaded(argv);
      expect(found.filter((name) => !name.startsWith('src/') && !LIGHT.test(name))).to.deep.equal([]);
      const heavy = /^src\/(nn|optim|training|reports|model|sweeps|doctor)\//;
      expect(found.filter((name) => heavy.test(name))).to.deep.equal([]);
    });
  }

  it('sees what is loaded', () => {
    expect(loaded(['evaluate', 'nothing-here']))
      .to.include('@tensorflow/tfjs-core')
      .and.to.include('src/runs/modelConfig.ts');
  });
});
