import { execFile } from 'node:child_process';
import type { CudaPart } from '../backends/device/cuda/cuda';
import { findCompiler } from '../backends/device/native/compile';
import { lastWords, runScript } from '../backends/runScript';

/** A compiler that hangs must not hang the program. */
const TIMEOUT_MS = 20_000;

/** The C++ compiler that native is compiled with, or why there is none. */
export type CompilerReport =
  | {
      readonly file: string;
      /** `g++ (Debian 12.2.0-14) 12.2.0` */
      readonly version: string;
    }
  | { readonly problem: string };

/** Asks the C++ compiler for its version. */
export function inspectCompiler(): Promise<CompilerReport> {
  const file = findCompiler();
  const named = process.env['CXX'];
  if (file === undefined) {
    return Promise.resolve({ problem: named ? `CXX names ${named}, which is no program here` : 'not found' });
  }
  return new Promise((resolve) => {
    execFile(file, ['--version'], { timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      const line = (error ? stderr || error.message : stdout).split('\n')[0]!.trim();
      resolve(error ? { problem: `${file} does not run: ${line}` } : { file, version: line });
    });
  });
}

/** Looks for the parts of CUDA in a separate process: a broken library may end the process that loads it. */
export async function inspectCudaParts(): Promise<readonly CudaPart[]> {
  const file = require.resolve('../backends/device/cuda/cuda');
  const end = await runScript(`process.send(require(${JSON.stringify(file)}).inspectCuda());`);
  return (end.answer as CudaPart[] | undefined) ?? [{ name: 'CUDA', problem: lastWords(end) }];
}
