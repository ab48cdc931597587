import fs from 'node:fs';
import path from 'node:path';
import { cacheFolder } from '../../files/places';

/** The version of the build: `setup tensorflow` rebuilds a backend of an earlier one. */
export const ADDON_VERSION = 2;

/** The contents of `addon.json`, which `setup tensorflow` writes beside the backend. */
export interface BuiltAddon {
  /** ADDON_VERSION when it was built. */
  readonly version: number;
  /** TensorFlow's version, from its headers. */
  readonly tensorflow: string;
  /** The folder of its libraries and headers; `tensorflow`, beside this file, if `setup tensorflow` downloaded it. */
  readonly library: string;
  /** The CUDA it was built with, if it was built for NVIDIA GPUs. */
  readonly cuda?: CudaBuild;
}

/** The CUDA that a TensorFlow was built with. */
export interface CudaBuild {
  /** `12.5.1` */
  readonly cuda: string;
  /** `9` */
  readonly cudnn: string;
  /** The GPUs that it contains kernels for, by compute capability times ten: 60, 70, 80, 90. */
  readonly capabilities: readonly number[];
}

/** The folder of `setup tensorflow`: in the checkout, or else in the user's cache folder. */
export function setupFolder(codeFolder = __dirname): string {
  return cacheFolder('tensorflow', codeFolder);
}

/** Reads a folder of `setup tensorflow`; undefined if the setup did not finish. */
export function readBuiltAddon(folder: string): BuiltAddon | undefined {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, 'addon.json'), 'utf8')) as BuiltAddon;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
