import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { LibraryHandle } from 'koffi';

/** The environment variable of folders that are searched first for CUDA libraries. */
export const LIBRARIES_VARIABLE = 'HANDGRAD_CUDA_LIBS';

/** The supported major versions of CUDA, newest first. */
export const CUDA_MAJORS = [13, 12] as const;

/** A library that was found and loaded. */
export interface FoundLibrary {
  readonly library: LibraryHandle;
  /** Its path, or the name by which the system's loader found it. */
  readonly file: string;
}

/** The folders searched, and the error for each file that could not be loaded. */
export interface NotFound {
  readonly looked: readonly string[];
  readonly errors: readonly string[];
}

/** NVIDIA's driver. */
export function loadDriver(): FoundLibrary | NotFound {
  return loadFirst(['libcuda.so.1', 'libcuda.so', 'nvcuda.dll']);
}

/**
 * A library of the CUDA toolkit.
 * @param stem `libnvrtc`
 * @param needs stems of libraries that it depends on, in the same folder; they are loaded first
 * @param majors of CUDA; the first one found is used
 */
export function loadToolkitLibrary(
  stem: string,
  needs: readonly string[],
  majors: readonly number[],
): FoundLibrary | NotFound {
  const names = majors.map((major) => `${stem}.so.${major}`);
  return loadFirst(names, needs);
}

/** The major versions of CUDA that a driver supports, newest first. */
export const majorsFor = (driverVersion: number): readonly number[] =>
  CUDA_MAJORS.filter((major) => major <= Math.floor(driverVersion / 1000));

function loadFirst(names: readonly string[], needs: readonly string[] = []): FoundLibrary | NotFound {
  const koffi = require('koffi') as typeof import('koffi');
  const folders = libraryFolders();
  const errors: string[] = [];
  for (const name of names) {
    // The user's folders come before the system's loader, known locations after it.
    const named = namedFolders().map((folder) => path.join(folder, name));
    const guessed = folders.map((folder) => path.join(folder, name));
    for (const file of [...named.filter(exists), name, ...guessed.filter(exists)]) {
      try {
        for (const need of needs) loadNeeded(koffi, path.dirname(file), need);
        return { library: koffi.load(file, { global: true }), file };
      } catch (error) {
        if (file !== name) errors.push(`${file}: ${(error as Error).message}`);
      }
    }
  }
  return { looked: [...namedFolders(), ...folders], errors };
}

/** Loads a dependency of another library, so that the system's loader finds it in the process. */
function loadNeeded(koffi: typeof import('koffi'), folder: string, stem: string): void {
  if (folder === '.') return;
  for (const name of fs.readdirSync(folder).filter((one) => one.startsWith(`${stem}.so.`) && !one.includes('.alt.'))) {
    koffi.load(path.join(folder, name), { global: true });
  }
}

const namedFolders = () => (process.env[LIBRARIES_VARIABLE] ?? '').split(path.delimiter).filter(Boolean);

/** The existing folders in which toolkits, pip and conda keep CUDA libraries. */
export function libraryFolders(env: NodeJS.ProcessEnv = process.env): string[] {
  const toolkits = [env['CUDA_HOME'], env['CUDA_PATH'], ...matching('/usr/local', /^cuda/), '/opt/cuda'];
  const prefixes = [env['VIRTUAL_ENV'], env['CONDA_PREFIX'], ...pythonPrefixes(env)].filter(
    (prefix) => prefix !== undefined,
  );
  const sites = [...prefixes, path.join(os.homedir(), '.local'), '/usr/local', '/usr'].flatMap((prefix) =>
    matching(path.join(prefix, 'lib'), /^python3/).flatMap((python) =>
      ['site-packages', 'dist-packages'].map((site) => path.join(python, site)),
    ),
  );
  const packages = sites
    .flatMap((site) => matching(path.join(site, 'nvidia'), /./))
    .map((one) => path.join(one, 'lib'));
  const all = [
    ...toolkits.flatMap((root) => (root ? [path.join(root, 'lib64'), path.join(root, 'lib')] : [])),
    ...packages,
    ...prefixes.map((prefix) => path.join(prefix, 'lib')),
    '/usr/lib/x86_64-linux-gnu',
    '/usr/lib/wsl/lib',
  ];
  return [...new Set(all)].filter(exists);
}

/**
 * The installation prefixes of the Pythons on the path, with symbolic links resolved.
 * pyenv's are scripts, so its versions are added.
 */
function pythonPrefixes(env: NodeJS.ProcessEnv): string[] {
  const pythons = (env['PATH'] ?? '')
    .split(path.delimiter)
    .filter(Boolean)
    .flatMap((folder) => ['python3', 'python'].map((name) => path.join(folder, name)))
    .filter(exists);
  const pyenv = path.join(env['PYENV_ROOT'] ?? path.join(os.homedir(), '.pyenv'), 'versions');
  const programs = pythons.flatMap((python) => [python, fs.realpathSync(python)]);
  return [...programs.map((python) => path.dirname(path.dirname(python))), ...matching(pyenv, /./)];
}

function matching(folder: string, pattern: RegExp): string[] {
  try {
    return fs
      .readdirSync(folder)
      .filter((name) => pattern.test(name))
      .map((name) => path.join(folder, name));
  } catch {
    return []; // the folder does not exist
  }
}

const exists = (file: string) => fs.existsSync(file);
