import fs from 'node:fs';
import path from 'node:path';
import { checkoutOf, userCache } from '../../files/places';

/** Of what `setup tensorflow` makes: it builds a backend of an earlier version again. */
export const ADDON_VERSION = 2;

/** What `setup tensorflow` writes beside the backend that it built, in `addon.json`. */
export interface BuiltAddon {
  /** ADDON_VERSION when it was built. */
  readonly version: number;
  /** TensorFlow's own version, as its headers give it. */
  readonly tensorflow: string;
  /**
   * The folder that holds its libraries and headers; `tensorflow` when `setup tensorflow` downloaded it, beside this
   * file.
   */
  readonly library: string;
  /** What it was built with, when it was built for NVIDIA GPUs. */
  readonly cuda?: CudaBuild;
}

/** What a TensorFlow for NVIDIA GPUs was built with. */
export interface CudaBuild {
  /** `12.5.1` */
  readonly cuda: string;
  /** `9` */
  readonly cudnn: string;
  /** The GPUs that it has compiled kernels for, by compute capability times ten: 60, 70, 80, 90. */
  readonly capabilities: readonly number[];
}

/** Where `setup tensorflow` keeps everything: in the checkout this runs from, or else in the user's cache folder. */
export function setupFolder(codeFolder = __dirname): string {
  const root = checkoutOf(codeFolder);
  return root === undefined ? path.join(userCache(), 'tensorflow') : path.join(root, '.cache', 'tensorflow');
}

/** What a folder of `setup tensorflow` holds; undefined when it was not finished there. */
export function readBuiltAddon(folder: string): BuiltAddon | undefined {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, 'addon.json'), 'utf8')) as BuiltAddon;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
