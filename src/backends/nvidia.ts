import { execFile } from 'node:child_process';

/** An NVIDIA GPU as its driver describes it. */
export interface NvidiaGpu {
  readonly index: number;
  /** `NVIDIA H100 80GB HBM3` */
  readonly name: string;
  readonly memoryMiB: number;
  /** `580.159.04` */
  readonly driver: string;
  /** Compute capability times ten: 90. */
  readonly capability: number;
}

const QUERY = 'index,name,memory.total,driver_version,compute_cap';
/** A driver that hangs must not hang the program. */
const TIMEOUT_MS = 20_000;

/**
 * Lists the GPUs by NVIDIA's nvidia-smi.
 * @returns at least one GPU, or a clause with the reason why there is none
 */
export function nvidiaGpus(): Promise<readonly NvidiaGpu[] | string> {
  return new Promise((resolve) => {
    const args = [`--query-gpu=${QUERY}`, '--format=csv,noheader,nounits'];
    execFile('nvidia-smi', args, { timeout: TIMEOUT_MS }, (error, stdout) => {
      if (error?.code === 'ENOENT')
        return resolve("there is no NVIDIA driver: nvidia-smi, which comes with it, isn't here");
      // nvidia-smi reports errors on stdout, such as a driver that does not respond.
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

/** The first GPU of a process: the one that CUDA_VISIBLE_DEVICES gives by number, or else the first. */
export function firstVisible(gpus: readonly NvidiaGpu[], visible = process.env['CUDA_VISIBLE_DEVICES']): NvidiaGpu {
  const number = Number.parseInt(visible ?? '', 10);
  return gpus.find(({ index }) => index === number) ?? gpus[0]!;
}
