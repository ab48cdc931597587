import { expect } from 'chai';
import fs from 'node:fs';
import path from 'node:path';
import { compiledLibrary, compileLibrary, findCompiler } from '../../../../src/backends/device/native/compile';
import { need } from '../../../need';
import { runInChild, temporaryFolder } from '../../child';

// What compiling is like, on a library that takes the compiler a tenth of a second; native.spec.ts has the real one.

const SOURCE = sourceThatAnswers(42);

/** Two files, one of which needs the other. */
function sourceThatAnswers(answer: number) {
  const visible = 'extern "C" __attribute__((visibility("default")))';
  return {
    files: [`int number() { return ${answer}; }`, `int number(); ${visible} int answer() { return number(); }`],
    kernels: [],
  };
}

/** A copy is loaded: what is mapped into this process must not be written over. */
function answerOf(library: string): number {
  const file = path.join(temporaryFolder(), 'copy.so');
  fs.copyFileSync(library, file);
  const koffi = require('koffi') as typeof import('koffi');
  return koffi.load(file).func('int answer()')() as number;
}

/** A program of the shell that stands in for a compiler. */
function script(folder: string, name: string, text: string): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return file;
}

describe('findCompiler', () => {
  const folder = temporaryFolder();
  const [first, second] = ['a', 'b'].map((name) => path.join(folder, name)) as [string, string];
  before(() => {
    for (const one of [first, second]) fs.mkdirSync(one);
    script(first, 'g++', '');
    script(second, 'c++', '');
    script(second, 'clang++', '');
    fs.writeFileSync(path.join(first, 'c++'), 'no program', { mode: 0o644 });
    fs.mkdirSync(path.join(first, 'clang++'));
  });

  it('takes what CXX names, by its path or on the PATH, and nothing in its place', () => {
    const PATH = [first, second].join(path.delimiter);
    expect(findCompiler({ CXX: path.join(first, 'g++') })).to.equal(path.join(first, 'g++'));
    expect(findCompiler({ CXX: 'clang++', PATH })).to.equal(path.join(second, 'clang++'));
    expect(findCompiler({ CXX: 'no-such-compiler', PATH })).to.equal(undefined);
    expect(findCompiler({ CXX: path.join(first, 'c++'), PATH }), 'a file that is no program').to.equal(undefined);
  });

  it('takes c++, g++ or clang++, whichever is a program first', () => {
    expect(findCompiler({ PATH: [first, second].join(path.delimiter) })).to.equal(path.join(second, 'c++'));
    expect(findCompiler({ PATH: first })).to.equal(path.join(first, 'g++'));
    expect(findCompiler({ PATH: '' })).to.equal(undefined);
    expect(findCompiler({})).to.equal(undefined);
  });
});

describe('compileLibrary', function () {
  this.timeout(60_000);
  const compiler = findCompiler();
  let folder: string;
  before(function () {
    need(this, compiler ? undefined : 'there is no C++ compiler');
  });
  beforeEach(() => (folder = temporaryFolder()));

  it('makes a library that is found again, and leaves nothing else', async () => {
    expect(compiledLibrary(SOURCE, compiler, [folder])).to.equal(undefined);
    const file = await compileLibrary(SOURCE, compiler!, folder);
    expect(answerOf(file)).to.equal(42);
    expect(fs.readdirSync(folder)).to.deep.equal([path.basename(file)]);
    expect(compiledLibrary(SOURCE, compiler, ['/nowhere', folder])).to.equal(file);
    expect(compiledLibrary(SOURCE, undefined, [folder]), 'without a compiler').to.equal(file);
  });

  it('in five processes at once and into one folder: each has a whole library', async () => {
    const code = `
      const { compileLibrary, findCompiler } = require('./src/backends/device/native/compile');
      compileLibrary(${JSON.stringify(SOURCE)}, findCompiler(), ${JSON.stringify(folder)}).then((file) => {
        const answer = require('koffi').load(file).func('int answer()')();
        console.log(JSON.stringify({ file, answer }));
      });`;
    const ends = await Promise.all(Array.from({ length: 5 }, () => runInChild(code)));
    for (const { stdout, stderr } of ends) {
      const { file, answer } = JSON.parse(stdout || JSON.stringify(stderr)) as { file: string; answer: number };
      expect(answer).to.equal(42);
      expect(fs.existsSync(file)).to.equal(true);
    }
    expect(fs.readdirSync(folder).filter((name) => !name.endsWith('.so'))).to.deep.equal([]);
    expect(answerOf(compiledLibrary(SOURCE, compiler, [folder])!)).to.equal(42);
  });

  it('makes another library of another source, by another compiler, for another processor', async () => {
    const file = await compileLibrary(SOURCE, compiler!, folder);
    expect(compiledLibrary(sourceThatAnswers(43), compiler, [folder]), 'source').to.equal(undefined);
    expect(compiledLibrary(sourceThatAnswers(43), undefined, [folder]), 'source').to.equal(undefined);

    const other = script(temporaryFolder(), 'c++', `exec "${compiler}" "$@"`);
    expect(compiledLibrary(SOURCE, other, [folder]), 'compiler').to.equal(undefined);
    const itsFile = await compileLibrary(SOURCE, other, folder);
    expect(itsFile).to.not.equal(file);
    expect(compiledLibrary(SOURCE, compiler, [folder])).to.equal(file);
    expect(compiledLibrary(SOURCE, other, [folder])).to.equal(itsFile);
    fs.writeFileSync(other, `#!/bin/sh\n# a new version\nexec "${compiler}" "$@"\n`);
    expect(compiledLibrary(SOURCE, other, [folder]), 'a new version of the compiler').to.equal(undefined);

    const code = `
      require('node:os').cpus = () => [{ model: 'Another processor' }];
      const { compiledLibrary, findCompiler } = require('./src/backends/device/native/compile');
      for (const compiler of [findCompiler(), undefined])
        console.log(compiledLibrary(${JSON.stringify(SOURCE)}, compiler, [${JSON.stringify(folder)}]));`;
    expect((await runInChild(code)).stdout).to.equal('undefined\nundefined\n');
  });

  it('F61 a library that was cut or changed is never taken, and compiled again', async () => {
    const file = await compileLibrary(SOURCE, compiler!, folder);
    const whole = fs.readFileSync(file);
    for (const wrong of [
      whole.subarray(0, -1),
      Buffer.alloc(0),
      Buffer.from(whole.map((b, i) => (i === 999 ? b ^ 1 : b))),
    ]) {
      fs.writeFileSync(file, wrong);
      expect(compiledLibrary(SOURCE, compiler, [folder])).to.equal(undefined);
      expect(compiledLibrary(SOURCE, undefined, [folder])).to.equal(undefined);
      await compileLibrary(SOURCE, compiler!, folder);
      expect(answerOf(compiledLibrary(SOURCE, compiler, [folder])!)).to.equal(42);
    }
    // One that claims to be ours without being it.
    fs.renameSync(file, `${file.slice(0, -'.so'.length)}0.so`);
    expect(compiledLibrary(SOURCE, compiler, [folder])).to.equal(undefined);
  });

  it('says what the compiler said first, and leaves nothing behind', async () => {
    const wrong = {
      files: ['int f() {\n  return nothing;\n}\nint g() { return nothing; }', 'int h() { return 1; }'],
      kernels: [],
    };
    const error = await compileLibrary(wrong, compiler!, folder).catch((thrown: Error) => thrown);
    expect(error).to.be.instanceOf(Error);
    expect((error as Error).message).to.match(/c\+\+: .*part0\.cpp:2:\d+: error: .*nothing[^\n]*$/);
    expect(fs.readdirSync(folder)).to.deep.equal([]);
  });

  for (const [what, text, says] of [
    ['that says nothing', 'exit 3', /it ended with exit code 3$/],
    ['that is killed', 'kill -9 $$', /it ended with SIGKILL$/],
    [
      'that warns and fails',
      'echo "warning: old" >&2; echo "fatal error: no disk" >&2; exit 1',
      /: fatal error: no disk$/,
    ],
    ['that writes no library', 'exit 0', /(ENOENT.*handgrad\.so)/],
  ] as const) {
    it(`a compiler ${what}: one sentence, and nothing left`, async () => {
      const error = await compileLibrary(SOURCE, script(folder, 'broken', text), path.join(folder, 'libraries')).catch(
        (thrown: Error) => thrown,
      );
      expect((error as Error).message)
        .to.match(says)
        .and.not.contain('\n');
      expect(fs.readdirSync(path.join(folder, 'libraries'))).to.deep.equal([]);
    });
  }

  it('keeps the libraries that were taken last, and removes what killed compilers left', async () => {
    const old = Date.now() / 1000 - 86_400;
    const make = (name: string, seconds: number) => {
      fs.writeFileSync(path.join(folder, name), '');
      fs.utimesSync(path.join(folder, name), seconds, seconds);
    };
    for (let i = 0; i < 30; i++) make(`old${i}.so`, old + i);
    for (const [name, seconds] of [
      ['.new-1-dead', old],
      ['.new-2-alive', old + 86_400],
    ] as const) {
      fs.mkdirSync(path.join(folder, name));
      make(`${name}/handgrad.cpp`, seconds);
      fs.utimesSync(path.join(folder, name), seconds, seconds);
    }
    const taken = await compileLibrary(sourceThatAnswers(1), compiler!, folder);
    fs.utimesSync(taken, old, old);
    expect(compiledLibrary(sourceThatAnswers(1), compiler, [folder])).to.equal(taken);
    const file = await compileLibrary(SOURCE, compiler!, folder);
    const names = fs.readdirSync(folder);
    expect(names).to.include.members([path.basename(file), path.basename(taken), 'old29.so', '.new-2-alive']);
    expect(names).to.not.include.members(['old0.so', '.new-1-dead']);
    expect(names.filter((name) => name.endsWith('.so'))).to.have.length(16);
  });
});
