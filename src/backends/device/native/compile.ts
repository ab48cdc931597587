import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { HandgradError } from '../../../errors';
import { checkoutOf, userCache } from '../../../files/places';
import type { LibrarySource } from './sources';

/** A C++ compiler: the path of the program. */
type Compiler = string;

/**
 * What the compiler is asked for. Not -ffast-math: NaN and infinities have to behave. Only that no program looks at errno or at
 * the floating-point flags, and that a product and a sum may be rounded once.
 */
const OPTIONS = [
  '-std=c++17',
  '-O3',
  process.arch === 'arm64' ? '-mcpu=native' : '-march=native',
  '-ffp-contract=fast',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-fPIC',
  '-shared',
  '-fvisibility=hidden',
  '-w',
  // Its threads run until the process ends: it must not be unloaded under them.
  ...(process.platform === 'linux' ? ['-Wl,-z,nodelete', '-pthread'] : []),
];

/** Libraries that are kept: of this version and of a few before it. */
const KEPT = 6;

/** The compiler that CXX names, or else the system's; undefined when there is none. */
export function findCompiler(env: NodeJS.ProcessEnv = process.env): Compiler | undefined {
  const names = env['CXX'] ? [env['CXX']] : ['c++', 'g++', 'clang++'];
  const folders = (env['PATH'] ?? '').split(path.delimiter).filter(Boolean);
  for (const name of names) {
    const files = path.isAbsolute(name) ? [name] : folders.map((folder) => path.join(folder, name));
    const found = files.find(isProgram);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isProgram(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false; // that is the answer
  }
}

/** Where compiled libraries are kept: in the checkout this runs from, or else in the user's cache folder. */
export function libraryFolder(codeFolder = __dirname): string {
  const root = checkoutOf(codeFolder);
  return root === undefined ? path.join(userCache(), 'native') : path.join(root, '.cache', 'native');
}

/**
 * The library that is compiled already: from this source, for this processor, by this compiler. Without a compiler, by whichever.
 */
export function compiledLibrary(
  { text }: LibrarySource,
  compiler: Compiler | undefined,
  folders: readonly string[],
): string | undefined {
  for (const folder of folders) {
    if (compiler !== undefined) {
      const file = path.join(folder, libraryName(text, compiler));
      if (fs.existsSync(file)) return file;
      continue;
    }
    const start = `${libraryKey(text)}-`;
    const found = namesIn(folder).find((name) => name.startsWith(start));
    if (found !== undefined) return path.join(folder, found);
  }
  return undefined;
}

/**
 * Compiles the library into a folder. Two processes may do it at the same time: each writes a file of its own and then gives
 * it the name.
 * @returns the library's file
 * @throws HandgradError 'backend' with the compiler's first error
 */
export async function compileLibrary(source: LibrarySource, compiler: Compiler, folder: string): Promise<string> {
  const work = path.join(folder, `.new-${process.pid}-${randomBytes(4).toString('hex')}`);
  const file = path.join(folder, libraryName(source.text, compiler));
  fs.mkdirSync(work, { recursive: true });
  try {
    const [text, library] = [path.join(work, 'handgrad.cpp'), path.join(work, 'handgrad.so')];
    fs.writeFileSync(text, source.text);
    await run(compiler, [...OPTIONS, text, '-o', library]);
    fs.renameSync(library, file);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
  removeOld(folder);
  return file;
}

function run(compiler: Compiler, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(compiler, args, { timeout: 300_000, maxBuffer: 2 ** 24 }, (error, _stdout, stderr) => {
      if (!error) return resolve();
      const line = stderr.split('\n').find((one) => /\berror\b/.test(one)) ?? error.message.split('\n')[0]!;
      const why = line.trim().replace(/\.$/, '');
      reject(
        new HandgradError('backend', `${compiler} could not compile the native backend: ${why}.`, { cause: error }),
      );
    });
  });
}

/** The libraries that have not been compiled or taken for longest; one that a process has loaded stays in its memory. */
function removeOld(folder: string): void {
  const made = namesIn(folder)
    .filter((name) => name.endsWith('.so'))
    .map((name) => ({ name, time: fs.statSync(path.join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.time - a.time);
  for (const { name } of made.slice(KEPT)) fs.rmSync(path.join(folder, name), { force: true });
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return []; // a folder that is not there holds nothing
  }
}

/** Another compiler, or another version of it, makes another library. */
function libraryName(text: string, compiler: Compiler): string {
  const real = fs.realpathSync(compiler);
  const { size, mtimeMs } = fs.statSync(real);
  return `${libraryKey(text)}-${hash(`${real} ${size} ${mtimeMs}`)}.so`;
}

const libraryKey = (text: string) => hash([text, ...OPTIONS, processor()].join('\n'));

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** What the processor is and can: a library for another one may use instructions that this one does not have. */
function processor(): string {
  const model = `${process.platform} ${process.arch} ${os.cpus()[0]?.model ?? ''}`;
  try {
    const info = fs.readFileSync('/proc/cpuinfo', 'utf8');
    return `${model} ${/^(?:flags|Features)\s*:\s*(.*)$/m.exec(info)?.[1] ?? ''}`;
  } catch {
    return model; // no Linux
  }
}
