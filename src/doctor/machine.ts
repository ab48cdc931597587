import fs from 'node:fs';
import { access, constants, statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { allowedProcessors } from '../backends/processors';

/** The instruction sets that affect the speed of the backends. */
const CPU_FEATURES = ['sse4_2', 'avx', 'avx2', 'fma', 'avx512f', 'amx_tile', 'asimd', 'sve'];

/** The properties of the machine that matter for training. */
export interface Machine {
  readonly node: { readonly version: string; readonly abi: string; readonly napi: string };
  readonly os: string;
  readonly cpu: {
    readonly model: string;
    /** The processors that this process may use. */
    readonly processors: number;
    /** Empty if the system does not report them. */
    readonly features: readonly string[];
  };
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number };
  readonly runs: { readonly folder: string; readonly writable: boolean; readonly freeBytes: number };
}

/**
 * Inspects the machine.
 * @param runRoot the folder of all runs, which need not exist yet
 */
export async function inspectMachine(runRoot: string): Promise<Machine> {
  const { node: version, modules: abi, napi } = process.versions;
  const existing = nearestExisting(path.resolve(runRoot));
  const { bavail, bsize } = await statfs(existing);
  return {
    node: { version, abi, napi: napi! },
    os: `${os.type()} ${os.release()} ${os.arch()}`,
    cpu: { model: os.cpus()[0]?.model.trim() ?? 'unknown', processors: allowedProcessors(), features: cpuFeatures() },
    memory: { totalBytes: os.totalmem(), freeBytes: os.freemem() },
    runs: { folder: runRoot, writable: await isWritable(existing), freeBytes: bavail * bsize },
  };
}

function nearestExisting(folder: string): string {
  return fs.existsSync(folder) ? folder : nearestExisting(path.dirname(folder));
}

async function isWritable(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    return fs.statSync(folder).isDirectory();
  } catch {
    return false; // that is the answer
  }
}

/** The instruction sets of this processor, as Linux names them. */
export function cpuFeatures(): string[] {
  const file = '/proc/cpuinfo';
  if (!fs.existsSync(file)) return []; // not Linux
  const flags = new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(fs.readFileSync(file, 'utf8'))?.[1]?.split(' '));
  return CPU_FEATURES.filter((feature) => flags.has(feature));
}
