import fs from 'node:fs';
import path from 'node:path';
import type { CudaBuild } from '../builtAddon';
import { HandgradError } from '../../../errors';

/** A TensorFlow to build against. */
export interface TensorFlow {
  /** The folder of the libraries and `include/`. */
  readonly folder: string;
  /** Undefined if only the running library knows. */
  readonly version?: string;
  /** File names in `folder`. */
  readonly libraries: readonly string[];
  readonly cuda?: CudaBuild;
  /** The folders of NVIDIA's libraries installed beside it by pip. */
  readonly cudaFolders: readonly string[];
  /** Removes the headers of a download. */
  readonly removeWhatOnlyCompilingNeeds?: () => Promise<void>;
}

// pip's packages contain the C++ library, which includes the C API that the addon calls;
// Google's archives contain the C library.
const LIBRARIES =
  process.platform === 'darwin'
    ? [['libtensorflow_cc.2.dylib', 'libtensorflow.2.dylib'], ['libtensorflow_framework.2.dylib']]
    : [['libtensorflow_cc.so.2', 'libtensorflow.so.2'], ['libtensorflow_framework.so.2']];

/**
 * Inspects a TensorFlow folder: pip's `tensorflow`, or Google's unpacked archive for C.
 * @throws HandgradError 'backend' naming what is missing
 */
export function inspectTensorFlow(given: string): TensorFlow {
  const candidates = [given, path.join(given, 'tensorflow'), path.join(given, 'lib')];
  const folder = candidates.find((candidate) => librariesIn(candidate).every((found) => found !== undefined));
  const root = folder && path.basename(folder) === 'lib' ? path.dirname(folder) : folder;
  const header = root && path.join(root, 'include/tensorflow/c/c_api.h');
  if (!folder || !fs.existsSync(header!)) {
    const missing = folder ? header! : `${LIBRARIES[0]![0]} and ${LIBRARIES[1]![0]}`;
    throw new HandgradError(
      'backend',
      `${given} is not a TensorFlow to build against (${missing} ${folder ? 'is' : 'are'} missing): ` +
        `name the folder "tensorflow" of a Python installation, or leave \`tensorflow\` out.`,
    );
  }
  return {
    folder: root!,
    version: versionOf(root!),
    libraries: librariesIn(folder).map((name) => path.relative(root!, path.join(folder, name!))),
    cuda: cudaBuildOf(root!),
    cudaFolders: cudaFoldersBeside(root!),
  };
}

const librariesIn = (folder: string) =>
  LIBRARIES.map((names) => names.find((name) => fs.existsSync(path.join(folder, name))));

/**
 * The version of pip's package, from the name of the folder that pip keeps beside it; headers of older versions have it
 * too.
 */
function versionOf(folder: string): string | undefined {
  const text = readIfThere(path.join(folder, 'include/tensorflow/core/public/version.h')) ?? '';
  const part = (name: string) => new RegExp(`#define TF_${name}_VERSION\\s+(\\d+)`).exec(text)?.[1];
  const parts = [part('MAJOR'), part('MINOR'), part('PATCH')];
  if (parts.every((one) => one !== undefined)) return parts.join('.');
  const names = fs
    .readdirSync(path.dirname(folder))
    .map((name) => /^tensorflow(?:_\w+)?-(\d[\w.]*)\.dist-info$/.exec(name));
  return names.find((match) => match !== null)?.[1];
}

/** The build information in pip's package. */
function cudaBuildOf(folder: string): CudaBuild | undefined {
  const text = readIfThere(path.join(folder, 'python/platform/build_info.py')) ?? '';
  if (!/'is_cuda_build', True/.test(text)) return undefined;
  const value = (name: string) => new RegExp(`'cuda_?${name}', '([^']+)'`).exec(text)?.[1];
  const capabilities = /'cuda_compute_capabilities', \[([^\]]*)\]/.exec(text)?.[1] ?? '';
  return {
    cuda: value('version') ?? 'unknown',
    cudnn: /'cudnn_version', '([^']+)'/.exec(text)?.[1] ?? 'unknown',
    capabilities: [...capabilities.matchAll(/(?:sm|compute)_(\d+)/g)].map(([, digits]) => Number(digits)),
  };
}

/** pip installs NVIDIA's libraries in `nvidia/<part>/lib`, beside `tensorflow`. */
function cudaFoldersBeside(folder: string): string[] {
  const nvidia = path.join(folder, '../nvidia');
  if (!fs.existsSync(nvidia)) return [];
  const folders = fs.readdirSync(nvidia).map((part) => path.join(nvidia, part, 'lib'));
  return folders.filter((one) => fs.existsSync(one));
}

function readIfThere(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
