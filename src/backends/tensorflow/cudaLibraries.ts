import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { type BuiltAddon, readBuiltAddon } from './builtAddon';
import { runScript } from '../runScript';

/** A CUDA library that TensorFlow could not load. */
export interface MissingLibrary {
  /** With the version that TensorFlow was built for: `libcudnn.so.8`. */
  readonly needed: string;
  /** The system's message: `cannot open shared object file`. */
  readonly why: string;
  /** Other versions found on this machine: `/usr/lib/x86_64-linux-gnu/libcudnn.so.9`. */
  readonly found: readonly string[];
}

/**
 * Finds out which libraries TensorFlow cannot load, by loading it again in a process whose log is read:
 * it falls back to the CPU silently, and only its log has the names.
 * @param folder the folder of a tfjs-node package
 * @returns the libraries, and the CUDA errors that it logged
 */
export async function missingLibraries(
  folder: string,
): Promise<{ missing: MissingLibrary[]; errors: readonly string[] }> {
  const log = await startLogged(folder);
  const library = readBuiltAddon(path.resolve(folder, '../../..'))?.library;
  const places = await libraryPlaces(path.join(library ?? folder, '..', 'nvidia'));
  const { missing, errors } = readLog(log);
  return { missing: missing.map(({ needed, why }) => ({ needed, why, found: otherVersions(needed, places) })), errors };
}

async function startLogged(folder: string): Promise<string> {
  const legacy = JSON.stringify(path.join(__dirname, 'legacyUtil'));
  const code = `require(${legacy}).restoreLegacyUtil(); require(${JSON.stringify(folder)});`;
  // TensorFlow 2.9 warns of each library; newer versions only if the loader's log is on.
  const env = { TF_CPP_MIN_LOG_LEVEL: '0', TF_CPP_VMODULE: 'dso_loader=3' };
  // The log is all that matters, however the process ends.
  return (await runScript(code, { env })).stderr;
}

/** The libraries that could not be loaded according to TensorFlow's log, each once, and the errors of CUDA. */
export function readLog(log: string): { missing: Omit<MissingLibrary, 'found'>[]; errors: string[] } {
  const missing = new Map<string, string>();
  for (const [, needed, why] of log.matchAll(/Could not load dynamic library '([^']+)'; dlerror: ([^;\n]+)/g)) {
    // TensorRT is not used here.
    if (!needed!.startsWith('libnvinfer')) missing.set(needed!, why!.replace(`${needed}: `, '').trim());
  }
  const errors = [...log.matchAll(/(failed call to cuInit: [^\n]+|CUDA_ERROR_\w+[^\n]*)/g)].map(([, text]) =>
    text!.trim(),
  );
  return { missing: [...missing].map(([needed, why]) => ({ needed, why })), errors: [...new Set(errors)] };
}

/** The libraries that TensorFlow opens by name, by CUDA version. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  '11': ['cudart.so.11.0', 'cublas.so.11', 'cublasLt.so.11', 'cufft.so.10', 'cusolver.so.11', 'cusparse.so.11'],
  '12': ['cudart.so.12', 'cublas.so.12', 'cublasLt.so.12', 'cufft.so.11', 'cusolver.so.11', 'cusparse.so.12'],
};

/** A library that TensorFlow needs, and where it or another version of it was found. */
export interface LibraryReport {
  readonly needed: string;
  readonly found: readonly string[];
}

/** Looks for the libraries that the TensorFlow of `setup tensorflow` needs, if they are known for its CUDA. */
export async function inspectCudaLibraries(built: BuiltAddon | undefined): Promise<LibraryReport[]> {
  if (!built?.cuda) return [];
  const places = await libraryPlaces(path.join(built.library, '..', 'nvidia'));
  const names = NEEDED[built.cuda.cuda.split('.')[0]!] ?? [];
  const needed = [...names, `cudnn.so.${built.cuda.cudnn.split('.')[0]}`].map((name) => `lib${name}`);
  return needed.map((one) => ({ needed: one, found: otherVersions(one, places) }));
}

/** Where the system and pip keep libraries. */
async function libraryPlaces(pip: string): Promise<string[]> {
  const fromVariable = (process.env['LD_LIBRARY_PATH'] ?? '').split(path.delimiter).filter(Boolean);
  const cached = [...(await ldconfig()).matchAll(/=> (\/.+)\/[^/\n]+$/gm)].map(([, place]) => place!);
  const toolkits = children('/usr/local').filter((name) => path.basename(name).startsWith('cuda'));
  const pips = children(pip).map((part) => path.join(part, 'lib'));
  return [...new Set([...fromVariable, ...cached, ...toolkits.map((one) => path.join(one, 'lib64')), ...pips])];
}

function ldconfig(): Promise<string> {
  return new Promise((resolve) => execFile('/sbin/ldconfig', ['-p'], (_error, stdout) => resolve(stdout ?? '')));
}

function otherVersions(needed: string, places: readonly string[]): string[] {
  const stem = needed.replace(/\.so.*$/, '.so');
  return places.flatMap(children).filter((file) => path.basename(file).startsWith(stem));
}

function children(folder: string): string[] {
  try {
    return fs.readdirSync(folder).map((name) => path.join(folder, name));
  } catch {
    return []; // the folder does not exist
  }
}
