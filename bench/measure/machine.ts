import os from 'node:os';
import { allowedProcessors } from '../../src/backends/processors';
import { cpuFeatures } from '../../src/doctor/machine';

/** The machine, to interpret the figures elsewhere. */
export interface Machine {
  /** Its name and its widest vectors, without which figures do not compare. */
  readonly processor: string;
  readonly processors: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
}

export function thisMachine(): Machine {
  return {
    processor: processorName(os.cpus()[0]?.model.trim() || process.arch, cpuFeatures()),
    processors: allowedProcessors(),
    memoryBytes: os.totalmem(),
    system: `${os.type()} ${os.arch()}`,
    node: process.versions.node,
  };
}

/** `AMD EPYC, AVX-512`; bench/peers/command.py says it in the same words. */
export function processorName(model: string, features: readonly string[]): string {
  if (features.includes('avx512f')) return `${model}, AVX-512`;
  return features.includes('avx2') ? `${model}, AVX2` : model;
}

/** `AMD EPYC, AVX-512, 2 processors, 24 GiB, Linux x64, Node 20.20.2` */
export function machineText({ processor, processors, memoryBytes, system, node }: Machine): string {
  const memory = `${(memoryBytes / 2 ** 30).toFixed(0)} GiB`;
  const count = processors === 1 ? 'one processor' : `${processors} processors`;
  return `${processor}, ${count}, ${memory}, ${system}, Node ${node}`;
}
