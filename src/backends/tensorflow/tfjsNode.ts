import path from 'node:path';
import type { KernelBackend } from '@tensorflow/tfjs-core';
import type { Unavailable } from '../backend';
import { type CudaBuild, setupFolder, readBuiltAddon } from './builtAddon';
import { installedPackages, type InstalledPackage } from '../installedPackages';
import { restoreLegacyUtil } from './legacyUtil';
import { replaceKernels } from './kernels';
import { withoutStartupLines } from './startupLines';
import { activate, commonVersions, core, loadQuietly } from '../tensorflowJs';

/** TensorFlow in this process, loaded by one of tfjs-node's packages. */
export interface LoadedTensorFlow {
  readonly usesGpu: boolean;
  /** `TensorFlow 2.9.1 (@tensorflow/tfjs-node-gpu 4.22.0)` */
  readonly title: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Of the package. */
  readonly folder: string;
  /** The CUDA it was built with, if it was built for NVIDIA GPUs. */
  readonly cuda: CudaBuild | undefined;
}

/** The part of tfjs-node's backend used here. */
type NodeBackend = KernelBackend & { isUsingGpuDevice: boolean; binding: { TF_Version: string } };

// The GPU package also runs on the CPU without a GPU, so it serves both backends.
const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;
const VARIABLE = 'HANDGRAD_TFJS_NODE';

let loaded: LoadedTensorFlow | undefined;

/**
 * Loads the first of tfjs-node's packages that works and makes it TensorFlow.js's current backend. Searches the folder
 * in HANDGRAD_TFJS_NODE, or else that of `setup tensorflow`, the one beside handgrad and the working directory. A
 * process has one TensorFlow: the first call loads it for all.
 * @param gpu use a GPU if there is one; otherwise GPUs are hidden from TensorFlow
 */
export async function loadTfjsNode(
  notice: (message: string) => void,
  { gpu }: { gpu: boolean },
): Promise<LoadedTensorFlow | Unavailable> {
  if (loaded) {
    await activate('tensorflow');
    return loaded;
  }
  const failures: string[] = [];
  for (const found of packagesFor(gpu)) {
    try {
      loaded = await load(found, gpu);
      if (failures.length) notice(`${failures.join('; ')}: using ${loaded.title} instead.`);
      return loaded;
    } catch (error) {
      failures.push(`${found.name} does not load: ${explain(error)}`);
    }
  }
  return unavailable(failures, gpu ? PACKAGES[0] : PACKAGES[1]);
}

/** The one of `setup tensorflow` comes first, because it was requested; for a GPU only if it was built for one. */
function packagesFor(gpu: boolean): InstalledPackage[] {
  const built = setupFolder();
  const found = installedPackages(PACKAGES, VARIABLE, [built]);
  if (!gpu || readBuiltAddon(built)?.cuda) return found;
  const isBuilt = ({ folder }: InstalledPackage) => folder.startsWith(built + path.sep);
  return [...found.filter((one) => !isBuilt(one)), ...found.filter(isBuilt)];
}

async function load({ name, version, folder }: InstalledPackage, gpu: boolean): Promise<LoadedTensorFlow> {
  const wanted = core().version_core;
  if (version !== wanted) throw new Error(`it is version ${version}, and handgrad needs ${wanted}`);
  restoreLegacyUtil();
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'; // errors only
  process.env['CUDA_DEVICE_ORDER'] ??= 'PCI_BUS_ID'; // the numbers of nvidia-smi
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true'; // otherwise it allocates all of the GPU's memory
  const start = async () => {
    await loadQuietly(() => require(folder) as unknown);
    await activate('tensorflow');
  };
  await withEnvironment(gpu ? {} : { CUDA_VISIBLE_DEVICES: '-1' }, () => withoutStartupLines(start));
  replaceKernels();
  const { isUsingGpuDevice, binding } = core().backend() as NodeBackend;
  const tensorflow = binding.TF_Version;
  return {
    usesGpu: isUsingGpuDevice,
    title: `TensorFlow ${tensorflow} (${name} ${version})`,
    versions: { ...commonVersions(), [path.basename(name)]: version, tensorflow },
    folder,
    cuda: cudaBuildOf(name, folder),
  };
}

/** What npm's package for GPUs was built with: TensorFlow 2.9.1 as Google built it. */
const NPM_CUDA: CudaBuild = { cuda: '11.2', cudnn: '8.1', capabilities: [35, 50, 60, 70, 75, 80] };

function cudaBuildOf(name: string, folder: string): CudaBuild | undefined {
  // The package is in node_modules/@tensorflow of the folder of `setup tensorflow`.
  const built = readBuiltAddon(path.resolve(folder, '../../..'));
  if (built) return built.cuda;
  return name === PACKAGES[0] ? NPM_CUDA : undefined;
}

async function withEnvironment(variables: Record<string, string>, work: () => Promise<void>): Promise<void> {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

/** tfjs-node's messages have several lines and start with a path: shortened to a clause. */
function explain(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  const firstLine = message.split('\n')[0]!.trim().replace(/\.$/, '');
  if (message.includes('can not be found at path')) return 'its compiled addon is missing';
  if (code === 'ERR_DLOPEN_FAILED') return `its compiled addon is not for this Node or this machine (${firstLine})`;
  return firstLine;
}

function unavailable(failures: string[], wanted: string): Unavailable {
  const install = `npm install ${wanted}@${core().version_core}`;
  const setup = 'run "handgrad setup tensorflow", which builds it here';
  const other = 'or choose the wasm backend';
  if (failures.length) {
    return { reason: failures.join('; '), remedy: `${setup}, install it again with this Node (${install}), ${other}` };
  }
  const named = process.env[VARIABLE];
  return named
    ? {
        reason: `${VARIABLE} names ${named}, which has no tfjs-node`,
        remedy: `run "${install}" in that folder, ${other}`,
      }
    : { reason: 'neither tfjs-node-gpu nor tfjs-node is installed', remedy: `${setup}, or "${install}", ${other}` };
}
