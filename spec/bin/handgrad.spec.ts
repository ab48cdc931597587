import { expect } from 'chai';
import { execFile, spawnSync, type SpawnSyncOptions } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { writePoints } from '../cli/points';
import { need } from '../need';

const ROOT = path.join(__dirname, '../..');
const NOBODY = 65534;

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('bin/handgrad.js, which starts a checkout from its sources', function () {
  this.timeout(120_000);
  let folder: string;
  let checkout: string;
  let env: NodeJS.ProcessEnv;

  const inCheckout = (...names: string[]) => path.join(checkout, ...names);
  const store = () => inCheckout('.cache', 'start');
  /** What is kept there, without what V8 keeps from Node 22 on. */
  const kept = () => fs.readdirSync(store()).filter((name) => name !== 'v8');

  before(() => {
    folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'handgrad-start-')));
    checkout = path.join(folder, 'checkout');
    fs.mkdirSync(inCheckout('datasets'), { recursive: true });
    const entries = fs.readdirSync(path.join(ROOT, 'datasets')).filter((name) => name.endsWith('.json'));
    const parts = [
      'bin',
      path.join('bench', 'measure'),
      'cli',
      'src',
      'pages',
      'package.json',
      'tsconfig.json',
      ...entries.map((name) => path.join('datasets', name)),
    ];
    for (const part of parts) fs.cpSync(path.join(ROOT, part), inCheckout(part), { recursive: true });
    fs.mkdirSync(inCheckout('node_modules'));
    for (const name of fs.readdirSync(path.join(ROOT, 'node_modules'))) {
      const there = path.join(ROOT, 'node_modules', name);
      if (name === 'yargs') fs.cpSync(there, inCheckout('node_modules', name), { recursive: true });
      else fs.symlinkSync(there, inCheckout('node_modules', name));
    }
    writePoints(path.join(folder, 'points.csv'));
    // It can write to the checkout and nowhere else, as far as it asks the environment.
    fs.mkdirSync(path.join(folder, 'empty'));
    const places = ['HOME', 'TMPDIR', 'XDG_CACHE_HOME'].map((name) => [name, path.join(folder, 'empty')]);
    env = { ...process.env, NO_COLOR: '1', ...(Object.fromEntries(places) as NodeJS.ProcessEnv) };
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  function node(argv: readonly string[], options: SpawnSyncOptions = {}): Ended {
    const { status, stdout, stderr } = spawnSync(process.execPath, argv, { cwd: folder, env, ...options });
    return { status, stdout: String(stdout), stderr: String(stderr) };
  }
  const start = (...argv: string[]) => node([inCheckout('bin', 'handgrad.js'), ...argv]);

  it('says and ends with what the program does that TypeScript compiles', () => {
    const flags = ['--dataset', 'points.csv', '--hidden', '4', '--batch-size', '40', '--backend', 'cpu', '--json'];
    const lines = [
      ['train', '--help'],
      ['train', '--epcohs', '3'],
      ['train', ...flags, '--epochs', '1', '--run-dir', 'run'],
      ['train', ...flags, '--epochs', '2', '--run-dir', 'run', '--lr', '1e12'],
    ];
    const clean = () => fs.rmSync(path.join(folder, 'run'), { recursive: true, force: true });
    const untimed = ({ status, stdout, stderr }: Ended) => ({
      status,
      stdout: stdout.replace(/"(\w*[sS]econds|samplesPerSecond)":[\d.e+-]+/g, '"$1":0'),
      stderr: stderr.replace(/[\d.,]+ (s|samples\/s)\b/g, '0 $1'),
    });
    for (const argv of lines) {
      clean();
      // ts-node keeps a cache of its own in TMPDIR.
      const command = ['--require', require.resolve('ts-node/register'), inCheckout('cli', 'main.ts'), ...argv];
      const expected = node(command, { env: { ...env, TMPDIR: folder, TS_NODE_PROJECT: inCheckout('tsconfig.json') } });
      clean();
      expect(untimed(start(...argv)), argv.join(' ')).to.deep.equal(untimed(expected));
    }
    clean();
  });

  it('writes nothing but its store in .cache', () => {
    const outside = () =>
      fs
        .readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter(
          (name) => !name.startsWith(path.join('checkout', 'node_modules') + path.sep) && !name.includes('.cache'),
        )
        .map((name) => `${name} ${fs.lstatSync(path.join(folder, name)).mtimeMs}`);
    fs.rmSync(inCheckout('.cache'), { recursive: true, force: true });
    start('--version');
    fs.rmSync(store(), { recursive: true, force: true });
    const before = outside();
    expect(start('--help')).to.include({ status: 0, stderr: '' });
    expect(outside()).to.deep.equal(before);
    expect(fs.readdirSync(inCheckout('.cache'))).to.deep.equal(['start']);
    expect(kept()).to.deep.equal(['code']);
  });

  it('starts four times at once, with nothing stored and with a store of ruins', async () => {
    const one = start('train', '--help');
    const four = () =>
      Promise.all(
        Array.from(
          { length: 4 },
          () =>
            new Promise<Ended>((resolve) => {
              const argv = [inCheckout('bin', 'handgrad.js'), 'train', '--help'];
              execFile(process.execPath, argv, { cwd: folder, env }, (error, stdout, stderr) =>
                resolve({ status: error ? Number(error.code) : 0, stdout, stderr }),
              );
            }),
        ),
      );
    fs.rmSync(store(), { recursive: true, force: true });
    expect(await four()).to.deep.equal(Array(4).fill(one));
    expect(kept()).to.deep.equal(['code']);
    const whole = fs.readFileSync(path.join(store(), 'code'));
    for (const ruin of [whole.subarray(0, whole.length - 1), whole.subarray(0, 100), Buffer.alloc(whole.length)]) {
      fs.writeFileSync(path.join(store(), 'code'), ruin);
      expect(start('train', '--help')).to.deep.equal(one);
    }
  });

  it('leaves no process beside the program when it has compiled', function () {
    need(this, fs.existsSync('/proc/self/task') ? undefined : 'there is no /proc to ask for the children of a process');
    fs.rmSync(store(), { recursive: true, force: true });
    const code = `const { readFileSync } = require('node:fs');
      require(${JSON.stringify(inCheckout('src', 'words.ts'))});
      setTimeout(() => console.log(readFileSync(\`/proc/self/task/\${process.pid}/children\`, 'utf8')), 200);`;
    const { status, stdout } = node(['--require', inCheckout('bin', 'register.js'), '--eval', code]);
    expect({ status, stdout: stdout.trim() }).to.deep.equal({ status: 0, stdout: '' });
    expect(kept()).to.deep.equal(['code']);
  });

  it('shows where in the sources an error arose', () => {
    const { status, stderr } = start('train', '--lr', 'x', '--debug');
    expect(status).to.equal(2);
    const places = [...stderr.matchAll(/\(([^()]+\.ts):(\d+):(\d+)\)/g)];
    expect(places).not.to.be.empty;
    const [, file, line, column] = places[0]!;
    const source = fs.readFileSync(file!, 'utf8').split('\n')[Number(line) - 1]!;
    expect(source.slice(Number(column) - 1)).to.match(/^new HandgradError\('usage'/);
  });

  describe('with code that is stored', () => {
    const extra = () => inCheckout('cli', 'extra.ts');
    const says = (text: string) => fs.writeFileSync(extra(), `process.stdout.write('${text}\\n');\n`);
    let untouched: string;

    before(async () => {
      untouched = fs.readFileSync(inCheckout('cli', 'main.ts'), 'utf8');
      fs.appendFileSync(inCheckout('cli', 'main.ts'), "require('./extra');\n");
      says('one');
      // The code of a source that has changed just now is not kept.
      await delay(2500);
      expect(start('--version').stdout).to.contain('one\n');
    });
    after(() => {
      fs.writeFileSync(inCheckout('cli', 'main.ts'), untouched);
      fs.rmSync(extra());
    });
    afterEach(() => says('one'));

    it('does not compile again', () => {
      start('train', '--help');
      const { mtimeMs } = fs.statSync(path.join(store(), 'code'));
      expect(start('train', '--help')).to.include({ status: 0 });
      expect(fs.statSync(path.join(store(), 'code')).mtimeMs).to.equal(mtimeMs);
    });

    it('takes a source that has changed, also when size and times are the same', () => {
      const { atime, mtime } = fs.statSync(extra());
      says('two');
      fs.utimesSync(extra(), atime, mtime);
      expect(start('--version').stdout).to.contain('two\n');
    });

    it('takes an older file that another branch puts in the place of one', () => {
      const other = inCheckout('cli', 'other.ts');
      fs.writeFileSync(other, "process.stdout.write('old\\n');\n");
      fs.utimesSync(other, 0, 0);
      fs.renameSync(other, extra());
      expect(start('--version').stdout).to.contain('old\n');
    });

    it('misses a file that was deleted', () => {
      fs.rmSync(extra());
      const { status, stderr } = start('--version');
      expect(status).to.equal(1);
      expect(stderr).to.contain("Cannot find module './extra'");
    });

    it('takes a package that has changed', () => {
      const file = inCheckout('node_modules', 'yargs', 'build', 'lib', 'usage.js');
      const text = fs.readFileSync(file, 'utf8');
      expect(start('--help').stdout).to.match(/^Options:$/m);
      fs.writeFileSync(file, text.replace("'Options:'", "'Choices:'"));
      expect(start('--help').stdout).to.match(/^Choices:$/m);
      fs.writeFileSync(file, text);
      expect(start('--help').stdout).to.match(/^Options:$/m);
    });

    it('says where a source has an error, if that source is needed', () => {
      fs.writeFileSync(extra(), 'const = 1;\n');
      const { status, stderr } = start('--version');
      expect(status).to.equal(1);
      expect(stderr).to.contain('cli/extra.ts:1:7: Expected identifier');
      says('three');
      fs.writeFileSync(inCheckout('src', 'unfinished.ts'), 'const = 1;\n');
      try {
        expect(start('--version')).to.include({ status: 0, stderr: '' });
      } finally {
        fs.rmSync(inCheckout('src', 'unfinished.ts'));
      }
    });
  });

  it('works in a checkout that cannot be written, and leaves nothing behind', function () {
    need(this, process.getuid ? undefined : 'this system has no user ids');
    const root = process.getuid!() === 0;
    const chmod = (mode: string) => spawnSync('chmod', ['-R', mode, checkout]);
    fs.rmSync(inCheckout('.cache'), { recursive: true, force: true });
    fs.chmodSync(folder, 0o755);
    chmod('a+rX,a-w');
    try {
      // Root may write everywhere, so its child steps down.
      const options = { cwd: os.tmpdir(), ...(root ? { uid: NOBODY, gid: NOBODY } : {}) };
      const readable = node(['-e', `require(${JSON.stringify(inCheckout('node_modules', 'esbuild'))})`], options);
      need(this, readable.status === 0 ? undefined : 'the user that root steps down to cannot read node_modules');
      const said = node([inCheckout('bin', 'handgrad.js'), '--help'], options);
      expect(said).to.include({ status: 0, stderr: '' });
      expect(said.stdout).to.contain('handgrad train');
      expect(fs.existsSync(inCheckout('.cache'))).to.be.false;
    } finally {
      chmod('u+w');
    }
    expect(fs.readdirSync(path.join(folder, 'empty'))).to.deep.equal([]);
  });
});
