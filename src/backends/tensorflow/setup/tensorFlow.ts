import fs from 'node:fs';
import path from 'node:path';
import type { CudaBuild } from '../builtAddon';
import { HandgradError } from '../../../errors';

/** A TensorFlow to build against. */
export interface TensorFlow {
  /** Holds the libraries and `include/`. */
  readonly folder: string;
  /** Undefined when only the running library would say. */
  readonly version?: string;
  /** File names in `folder`. */
  readonly libraries: readonly string[];
  readonly cuda?: CudaBuild;
  /** The folders of NVIDIA's libraries that pip installed beside it. */
  readonly cudaFolders: readonly string[];
  /** Of a download: headers and the like. */
  readonly removeWhatOnlyCompilingNeeds?: () => Promise<void>;
}

// pip's packages have the C++ library, which includes the C functions that the addon calls;
// Google's archives for C have the C library.
const LIBRARIES =
  process.platform === 'darwin'
    ? [['libtensorflow_cc.2.dylib', 'libtensorflow.2.dylib'], ['libtensorflow_framework.2.dylib']]
    : [['libtensorflow_cc.so.2', 'libtensorflow.so.2'], ['libtensorflow_framework.so.2']];

/**
 * Looks at a folder with TensorFlow: pip's `tensorflow`, or what Google's archive for C unpacks to.
 * @throws HandgradError 'backend' naming what is not there
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
      `${given} is no TensorFlow to build against (${missing} ${folder ? 'is' : 'are'} not there): ` +
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

/** The version of pip's package, from the name of the folder that pip keeps beside it; older headers have it too. */
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

/** What pip's package says about its build. */
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

/** pip's packages of NVIDIA's libraries lie in `nvidia/<part>/lib`, beside `tensorflow`. */
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
