import { arch, cpus, platform, release, totalmem } from 'node:os';

import type { Dataset } from '../data/samples';

/**
 * The environment variables that affect the results or the speed of a backend. Variables that are not listed here, such
 * as tokens, are never recorded, because run folders may be shared.
 */
export const RECORDED_VARIABLES = [
  'HANDGRAD_BACKEND',
  'CUDA_DEVICE_ORDER',
  'CUDA_VISIBLE_DEVICES',
  'NVIDIA_TF32_OVERRIDE',
  'OMP_NUM_THREADS',
  'TF_DETERMINISTIC_OPS',
  'TF_ENABLE_ONEDNN_OPTS',
  'TF_FORCE_GPU_ALLOW_GROWTH',
  'TF_NUM_INTEROP_THREADS',
  'TF_NUM_INTRAOP_THREADS',
] as const;

/** The environment of a run: what may explain why another run differs. */
export interface Environment {
  readonly versions: { readonly handgrad: string; readonly node: string; readonly tfjs: string };
  readonly platform: string;
  readonly cpu: { readonly model: string; readonly count: number };
  readonly memoryBytes: number;
  readonly backend: string;
  readonly device: string;
  readonly dataset: {
    readonly name: string;
    readonly digest: string;
    readonly trainSamples: number;
    readonly testSamples: number;
  };
  readonly variables: Readonly<Record<string, string>>;
}

export interface EnvironmentFacts {
  /** The backend in use. */
  readonly backend: string;
  /** The backend's description of its device. */
  readonly device: string;
  readonly dataset: Pick<Dataset, 'name' | 'digest'> & {
    readonly train: { readonly count: number };
    readonly test: { readonly count: number };
  };
}

/**
 * The content of `environment.json`. It holds no paths, no host or user name, and only the variables listed in
 * `RECORDED_VARIABLES`.
 * @param variables the environment to pick from
 */
export function describeEnvironment(
  { backend, device, dataset }: EnvironmentFacts,
  variables: NodeJS.ProcessEnv = process.env,
): Environment {
  return {
    versions: {
      handgrad: versionOf('handgrad'),
      node: process.version,
      tfjs: versionOf('@tensorflow/tfjs-core'),
    },
    platform: `${platform()} ${release()} ${arch()}`,
    cpu: { model: cpus()[0]?.model.trim() ?? 'unknown', count: cpus().length },
    memoryBytes: totalmem(),
    backend,
    device,
    dataset: {
      name: dataset.name,
      digest: dataset.digest,
      trainSamples: dataset.train.count,
      testSamples: dataset.test.count,
    },
    variables: Object.fromEntries(
      RECORDED_VARIABLES.filter((name) => variables[name] !== undefined).map((name) => [name, variables[name]!]),
    ),
  };
}

/** The version of a package; handgrad's own is resolved by name too: its relative path differs once compiled. */
export function versionOf(name: string): string {
  return (require(`${name}/package.json`) as { version: string }).version;
}
