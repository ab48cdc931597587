import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { cacheFolder } from '../../../files/places';
import type { Nvrtc } from './nvrtc';

/**
 * The NVRTC target for a GPU: its machine code, or, for a GPU newer than NVRTC,
 * PTX of the newest known GPU before it, which the driver compiles. Undefined for a GPU that is too old for NVRTC.
 * @param capability compute capability times ten: 90
 * @param known the capabilities that NVRTC supports
 */
export function architectureFor(capability: number, known: readonly number[]): string | undefined {
  if (known.includes(capability)) return `sm_${capability}`;
  const older = known.filter((one) => one < capability);
  return older.length > 0 ? `compute_${Math.max(...older)}` : undefined;
}

/** The cache of compiled kernels: in the checkout, or else in the user's cache folder. */
export function machineCodeFolder(codeFolder = __dirname): string {
  return cacheFolder('cuda', codeFolder);
}

/**
 * A source compiled for an architecture, cached by architecture, NVRTC and source.
 * @param folder the cache; if it cannot be written, every start compiles
 */
export function machineCode(source: string, nvrtc: Nvrtc, architecture: string, folder: string): Uint8Array {
  const key = createHash('sha256').update(`${source}\n${nvrtc.version}\n${architecture}`).digest('hex').slice(0, 32);
  const file = path.join(folder, `${key}.cubin`);
  const kept = readKept(file);
  if (kept) return kept;
  const code = nvrtc.compile(source, architecture);
  keep(file, code);
  return code;
}

/** Checks the code against its digest: a truncated or changed file is compiled again. */
function readKept(file: string): Uint8Array | undefined {
  try {
    const bytes = fs.readFileSync(file);
    const [digest, code] = [bytes.subarray(0, 32), bytes.subarray(32)];
    return createHash('sha256').update(code).digest().equals(digest) ? code : undefined;
  } catch {
    return undefined; // there is none, or it cannot be read
  }
}

function keep(file: string, code: Uint8Array): void {
  const temporary = `${file}.${process.pid}`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(temporary, Buffer.concat([createHash('sha256').update(code).digest(), code]));
    fs.renameSync(temporary, file);
  } catch {
    removeQuietly(temporary); // the next start compiles again
  }
}

function removeQuietly(file: string): void {
  try {
    fs.rmSync(file, { force: true });
  } catch {
    // it was never there
  }
}
