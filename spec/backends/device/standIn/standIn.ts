import fs from 'node:fs';
import path from 'node:path';
import { libraryFolders } from '../../../../src/backends/device/cuda/libraries';
import {
  declaredKernels,
  type KernelDeclaration,
  kernelTable,
  readSource,
} from '../../../../src/backends/device/kernelFile';
import { compiledLibrary, compileLibrary, findCompiler } from '../../../../src/backends/device/native/compile';
import { temporaryFolder } from '../../child';

const ROOT = path.resolve(__dirname, '../../../..');

/** Libraries of CUDA that are here, by the names that they are looked for. */
const CUDA_LIBRARY = /^(libnvrtc|libnvrtc-builtins)\.so\./;

/** The file of the stand-in for NVIDIA's driver and cuBLAS, compiled with the kernel file for this processor. */
async function standInLibrary(): Promise<string> {
  const kernelFile = readSource('kernels.cpp');
  const kernels = declaredKernels(kernelFile);
  const driver = fs.readFileSync(path.join(__dirname, 'libcuda.cpp'), 'utf8');
  const table = `static ${kernelTable('callKernel', kernels)}`;
  const parts = [readSource('native/prelude.h'), kernelFile, driver, table, descriptions(kernels)];
  const source = { files: [parts.join('\n')], kernels };
  const folder = path.join(ROOT, '.cache', 'stand-in');
  fs.mkdirSync(folder, { recursive: true });
  const compiler = findCompiler()!;
  return compiledLibrary(source, compiler, [folder]) ?? (await compileLibrary(source, compiler, folder));
}

/**
 * What the stand-in has to know of each kernel: its name, how many parameters it has, and which of them are pointers.
 */
function descriptions(kernels: readonly KernelDeclaration[]): string {
  const names = kernels.map(({ name }) => `"kernel_${name}"`).join(', ');
  const kinds = kernels
    .map(({ parameters }) => `"${parameters.map(({ kind }) => (kind === 'pointer' ? 'w' : 'n')).join('')}"`)
    .join(', ');
  return `
static const char* const NAMES[] = {${names}};
static const char* const KINDS[] = {${kinds}};
static int kernelNamed(const char* name) {
  for (int i = 0; i < ${kernels.length}; i++) if (!strcmp(NAMES[i], name)) return i;
  return -1;
}
static int parameterCount(int kernel) { return (int)strlen(KINDS[kernel]); }
static bool parameterIsWide(int kernel, int i) { return KINDS[kernel][i] == 'w'; }
`;
}

/** The folder that has NVRTC here: of HANDGRAD_PYTHON's packages, or wherever the cuda backend looks. */
export function nvrtcFolder(): string | undefined {
  const python = process.env['HANDGRAD_PYTHON'];
  const VIRTUAL_ENV = python && path.dirname(path.dirname(python));
  const folders = libraryFolders({ ...process.env, ...(VIRTUAL_ENV && { VIRTUAL_ENV }) });
  return folders.find((folder) => fs.readdirSync(folder).some((name) => /^libnvrtc\.so\.\d+$/.test(name)));
}

/** Why the cuda backend cannot be tried here, for `need`. */
export function standInAbsent(): string | undefined {
  if (findCompiler() === undefined) return 'there is no C++ compiler';
  return nvrtcFolder() === undefined ? 'there is no NVRTC (pip install nvidia-cuda-nvrtc)' : undefined;
}

interface Parts {
  /** The majors of CUDA in the names of NVRTC and cuBLAS; none for a machine without it. */
  readonly nvrtc?: readonly number[];
  readonly cublas?: readonly number[];
  /** Where they are, in the folder: `lib` of a toolkit. The driver is in the folder itself. */
  readonly under?: string;
}

/** A folder for HANDGRAD_CUDA_LIBS: the stand-in as the driver and as cuBLAS, and the NVRTC that is here. */
export async function standInFolder({ nvrtc = [13], cublas = [13], under = '.' }: Parts = {}): Promise<string> {
  const library = await standInLibrary();
  const folder = temporaryFolder();
  const libraries = path.join(folder, under);
  fs.mkdirSync(libraries, { recursive: true });
  fs.symlinkSync(library, path.join(folder, 'libcuda.so.1'));
  for (const major of cublas) {
    fs.symlinkSync(library, path.join(libraries, `libcublas.so.${major}`));
    fs.symlinkSync(library, path.join(libraries, `libcublasLt.so.${major}`));
  }
  const real = nvrtcFolder()!;
  for (const name of nvrtc.length > 0 ? fs.readdirSync(real).filter((one) => CUDA_LIBRARY.test(one)) : []) {
    const names = name.startsWith('libnvrtc.so.') ? nvrtc.map((major) => `libnvrtc.so.${major}`) : [name];
    for (const one of names) fs.symlinkSync(path.join(real, name), path.join(libraries, one));
  }
  return folder;
}
