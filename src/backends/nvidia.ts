import { execFile } from 'node:child_process';

/** An NVIDIA GPU as its driver describes it. */
export interface NvidiaGpu {
  readonly index: number;
  /** `NVIDIA H100 80GB HBM3` */
  readonly name: string;
  readonly memoryMiB: number;
  /** `580.159.04` */
  readonly driver: string;
  /** Ten times the compute capability: 90. */
  readonly capability: number;
}

const QUERY = 'index,name,memory.total,driver_version,compute_cap';
/** A driver that hangs must not take the program with it. */
const TIMEOUT_MS = 20_000;

/**
 * Asks NVIDIA's driver, through its nvidia-smi, which GPUs there are.
 * @returns them, at least one, or half a sentence that says why there is none
 */
export function nvidiaGpus(): Promise<readonly NvidiaGpu[] | string> {
  return new Promise((resolve) => {
    const args = [`--query-gpu=${QUERY}`, '--format=csv,noheader,nounits'];
    execFile('nvidia-smi', args, { timeout: TIMEOUT_MS }, (error, stdout) => {
      if (error?.code === 'ENOENT')
        return resolve("there is no NVIDIA driver: nvidia-smi, which comes with it, isn't here");
      // It says on stdout what is wrong, such as a driver that does not answer.
      const said = stdout.trim().split('\n')[0]!.trim().replace(/\.$/, '');
      if (error) return resolve(`nvidia-smi finds no GPU${said ? ` (${said})` : ''}`);
      const gpus = parseGpus(stdout);
      resolve(gpus.length > 0 ? gpus : 'nvidia-smi lists no GPU');
    });
  });
}

/** The rows of nvidia-smi's table. */
export function parseGpus(csv: string): NvidiaGpu[] {
  const rows = csv.split('\n').map((line) => line.split(',').map((cell) => cell.trim()));
  return rows
    .filter((cells) => cells.length === 5)
    .map(([index, name, memory, driver, capability]) => ({
      index: Number(index),
      name: name!,
      memoryMiB: Number(memory),
      driver: driver!,
      capability: Math.round(Number(capability) * 10),
    }));
}

/** The GPU that a process takes first: the one that CUDA_VISIBLE_DEVICES names by its number, or else the first. */
export function firstVisible(gpus: readonly NvidiaGpu[], visible = process.env['CUDA_VISIBLE_DEVICES']): NvidiaGpu {
  const number = Number.parseInt(visible ?? '', 10);
  return gpus.find(({ index }) => index === number) ?? gpus[0]!;
}
