import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cacheFolder } from '../../../files/places';
import type { LibrarySource } from './sources';

/** A C++ compiler: the path of the program. */
type Compiler = string;

/**
 * The compiler's options. Not -ffast-math, which breaks NaN and infinities:
 * only that errno and the floating-point flags are not read, and that a multiply-add may be rounded once.
 */
const OPTIONS = [
  '-std=c++17',
  '-O3',
  process.arch === 'arm64' ? '-mcpu=native' : '-march=native',
  '-ffp-contract=fast',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-fPIC',
  '-fvisibility=hidden',
  '-w',
];

const LINKING = [
  '-shared',
  // Its threads run until the process exits, so it must not be unloaded.
  ...(process.platform === 'linux' ? ['-Wl,-z,nodelete', '-pthread'] : []),
  ...(process.platform === 'darwin' ? ['-framework', 'Accelerate'] : []),
];

/**
 * How many libraries are kept: of this and earlier versions, and of the processors and compilers that share a folder.
 */
const KEPT = 16;

/** The time limit of a compiler, in milliseconds. */
const LONGEST_COMPILE = 300_000;

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

/** The folder of compiled libraries: in the checkout, or else in the user's cache folder. */
export function libraryFolder(codeFolder = __dirname): string {
  return cacheFolder('native', codeFolder);
}

/**
 * Finds the library compiled from this source, for this processor, by this compiler;
 * without a compiler, by any. A truncated or changed one is ignored.
 */
export function compiledLibrary(
  source: LibrarySource,
  compiler: Compiler | undefined,
  folders: readonly string[],
): string | undefined {
  const key = libraryKey(source);
  const start = compiler === undefined ? `${key}-` : `${key}-${compilerKey(compiler)}-`;
  for (const folder of folders) {
    const files = namesIn(folder)
      .filter((name) => name.startsWith(start))
      .map((name) => path.join(folder, name));
    const file = files.find(isWhole);
    if (file === undefined) continue;
    markUsed(file);
    return file;
  }
  return undefined;
}

/** The end of a library's name is the digest of its bytes. */
function isWhole(file: string): boolean {
  try {
    return file.endsWith(`-${hash(fs.readFileSync(file))}.so`);
  } catch {
    return false; // it was removed, or cannot be read
  }
}

/** Its modification time is the time of last use. */
function markUsed(file: string): void {
  try {
    fs.utimesSync(file, new Date(), new Date());
  } catch {
    // another user's folder
  }
}

/**
 * Compiles the library into a folder. Two processes may do so at the same time: each writes a temporary file and
 * renames it.
 * @returns the library's file
 * @throws Error with the compiler's first error
 */
export async function compileLibrary(source: LibrarySource, compiler: Compiler, folder: string): Promise<string> {
  const work = path.join(folder, `.new-${process.pid}-${randomBytes(4).toString('hex')}`);
  fs.mkdirSync(work, { recursive: true });
  try {
    const objects = source.files.map((_, i) => path.join(work, `part${i}.o`));
    const compile = async (text: string, i: number) => {
      const file = path.join(work, `part${i}.cpp`);
      fs.writeFileSync(file, text);
      await run(compiler, [...OPTIONS, '-c', file, '-o', objects[i]!]);
    };
    // Wait for all, also after a failure, because the folder is removed next.
    const ends = await Promise.allSettled(source.files.map(compile));
    const failed = ends.find(({ status }) => status === 'rejected');
    if (failed) throw (failed as PromiseRejectedResult).reason;
    const library = path.join(work, 'handgrad.so');
    await run(compiler, [...OPTIONS, ...LINKING, ...objects, '-o', library]);
    const name = [libraryKey(source), compilerKey(compiler), hash(fs.readFileSync(library))].join('-');
    const file = path.join(folder, `${name}.so`);
    fs.renameSync(library, file);
    return file;
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
    removeOld(folder);
  }
}

function run(compiler: Compiler, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(compiler, args, { timeout: LONGEST_COMPILE, maxBuffer: 2 ** 24 }, (error, _stdout, stderr) => {
      if (!error) return resolve();
      const lines = stderr.split('\n').filter((line) => line.trim());
      const ended = error.signal ?? (typeof error.code === 'number' ? `exit code ${error.code}` : error.message);
      const why = lines.find((line) => /\berror\b/.test(line)) ?? lines[0] ?? `it ended with ${ended}`;
      reject(new Error(`${compiler}: ${why.trim().replace(/\.$/, '')}`, { cause: error }));
    });
  });
}

/** Removes the least recently used libraries, and the files of killed compilers. */
function removeOld(folder: string): void {
  const entries = namesIn(folder)
    .map((name) => path.join(folder, name))
    .map((file) => ({ file, time: fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.time - a.time);
  const libraries = entries.filter(({ file }) => file.endsWith('.so'));
  const begun = entries.filter(({ file }) => path.basename(file).startsWith('.new-'));
  const dead = begun.filter(({ time }) => time < Date.now() - 2 * LONGEST_COMPILE);
  // A library that a process has loaded stays in its memory.
  for (const { file } of [...libraries.slice(KEPT), ...dead]) fs.rmSync(file, { recursive: true, force: true });
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return []; // the folder does not exist
  }
}

/** Identifies the compiler and its version. */
function compilerKey(compiler: Compiler): string {
  const real = fs.realpathSync(compiler);
  const { size, mtimeMs } = fs.statSync(real);
  return hash(`${real} ${size} ${mtimeMs}`);
}

const libraryKey = ({ files }: LibrarySource) => hash([...files, ...OPTIONS, ...LINKING, processor()].join('\n'));

const hash = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex').slice(0, 16);

/** The processor's model and features: a library for another one may use instructions that this one lacks. */
function processor(): string {
  const model = `${process.platform} ${process.arch} ${os.cpus()[0]?.model ?? ''}`;
  try {
    const info = fs.readFileSync('/proc/cpuinfo', 'utf8');
    return `${model} ${/^(?:flags|Features)\s*:\s*(.*)$/m.exec(info)?.[1] ?? ''}`;
  } catch {
    return model; // not Linux
  }
}
