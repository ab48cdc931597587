import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** A library of CUDA that TensorFlow asked for and did not get. */
export interface MissingLibrary {
  /** With the version that TensorFlow was built for: `libcudnn.so.8`. */
  readonly needed: string;
  /** What the system says: `cannot open shared object file`. */
  readonly why: string;
  /** Other versions of it that are here: `/usr/lib/x86_64-linux-gnu/libcudnn.so.9`. */
  readonly found: readonly string[];
}

const TIMEOUT_MS = 120_000;

/**
 * Finds out which libraries TensorFlow cannot load, by loading it once more in a process whose log is read: it falls back to
 * the processor in silence, and only its log has the names.
 * @param folder the folder of a tfjs-node package
 * @returns the libraries, and the errors of CUDA that it logged besides
 */
export async function missingLibraries(
  folder: string,
): Promise<{ missing: MissingLibrary[]; errors: readonly string[] }> {
  const log = await startLogged(folder);
  const places = await libraryPlaces(folder);
  const { missing, errors } = readLog(log);
  return { missing: missing.map(({ needed, why }) => ({ needed, why, found: otherVersions(needed, places) })), errors };
}

function startLogged(folder: string): Promise<string> {
  const legacy = JSON.stringify(path.join(__dirname, 'legacyUtil'));
  const code = `require(${legacy}).restoreLegacyUtil(); require(${JSON.stringify(folder)});`;
  // TensorFlow 2.9 warns of each library; newer ones say it only where the loader's own log is switched on.
  const verbose = { TF_CPP_MIN_LOG_LEVEL: '0', TF_CPP_VMODULE: 'dso_loader=3' };
  const options = { timeout: TIMEOUT_MS, env: { ...process.env, ...verbose }, maxBuffer: 2 ** 26 };
  const args = [...process.execArgv.filter((arg) => !arg.startsWith('--inspect')), '--eval', code];
  return new Promise((resolve) => {
    // However it ends: the log is what is wanted.
    execFile(process.execPath, args, options, (_error, _stdout, stderr) => resolve(stderr));
  });
}

/** The libraries that a log of TensorFlow says could not be loaded, each once, and what CUDA itself said. */
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

/** Where the system and pip keep libraries. */
async function libraryPlaces(folder: string): Promise<string[]> {
  const fromVariable = (process.env['LD_LIBRARY_PATH'] ?? '').split(path.delimiter).filter(Boolean);
  const cached = [...(await ldconfig()).matchAll(/=> (\/.+)\/[^/\n]+$/gm)].map(([, place]) => place!);
  const toolkits = children('/usr/local').filter((name) => path.basename(name).startsWith('cuda'));
  const pips = children(path.resolve(folder, '../../../nvidia')).map((part) => path.join(part, 'lib'));
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
    return []; // places that are not there hold nothing
  }
}
