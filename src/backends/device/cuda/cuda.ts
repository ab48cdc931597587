import fs from 'node:fs';
import type { LibraryHandle } from 'koffi';
import type { Backend, BackendOptions, Running, Unavailable } from '../../backend';
import { activate, commonVersions, core } from '../../tensorflowJs';
import { deviceBackend } from '../deviceBackend';
import { declaredKernels, readSource } from '../kernelFile';
import { registerOperations } from '../operations';
import { type Cublas, cublasVersion, startCublas } from './cublas';
import { cudaDevice } from './cudaDevice';
import { type Driver, driverVersion, type Gpu, NoGpu, startDriver } from './driver';
import { CUDA_MAJORS, LIBRARIES_VARIABLE, loadDriver, loadToolkitLibrary, majorsFor, type NotFound } from './libraries';
import { architectureFor, machineCode, machineCodeFolder } from './machineCode';
import { type Nvrtc, openNvrtc } from './nvrtc';

/** The oldest CUDA that a driver has to support. */
const OLDEST_CUDA = 12_000;

/** The running backend: a process has one GPU. */
interface Started extends Running {
  readonly tf32: boolean;
}

let started: Started | undefined;

/** An NVIDIA GPU, with kernels compiled by NVRTC and matrix products of cuBLAS. */
export const cuda: Backend = {
  async start(notice, options) {
    if (started && started.tf32 !== (options.tf32 ?? false)) {
      return {
        reason: 'it runs already with another precision',
        remedy: 'choose the precision in a process of its own',
      };
    }
    if (!started) {
      const found = startGpu(notice, options);
      if ('reason' in found) return found;
      started = found;
    }
    await activate('cuda');
    return started;
  },
};

function startGpu(notice: (message: string) => void, { tf32 = false }: BackendOptions): Started | Unavailable {
  const parts = findParts();
  if ('reason' in parts) return parts;
  const { driver, compiler } = parts;
  const { nvrtc, major, architecture } = compiler;
  const cublas = startProducts(driver, major, tf32);
  if (typeof cublas === 'string' && tf32) return { reason: cublas, remedy: installWithPip('nvidia-cublas', major) };
  if (typeof cublas === 'string') notice(`${cublas}: matrix products take the backend's own, slower kernel.`);
  const kernelFile = readSource('kernels.cpp');
  const source = `${readSource('cuda/prelude.h')}\n${kernelFile}`;
  const code = machineCode(source, nvrtc, architecture, machineCodeFolder());
  const products = typeof cublas === 'string' ? undefined : cublas;
  const device = cudaDevice(driver, driver.loadModule(code), declaredKernels(kernelFile), products);
  registerOperations('cuda');
  core().registerBackend('cuda', () => deviceBackend(device));
  const { gpu, version } = driver;
  const how = products ? `cuBLAS ${products.version}${tf32 ? ' in TF32' : ''}` : 'own matrix products';
  return {
    device: `${describeGpu(gpu)}, CUDA ${cudaVersion(version)}, ${how}`,
    tf32,
    addressableBytes: gpu.memoryBytes,
    versions: {
      ...commonVersions(),
      cuda: cudaVersion(version),
      nvrtc: nvrtc.version,
      ...(products && { cublas: products.version }),
    },
  };
}

/** `NVIDIA H200 (143,155 MiB, compute capability 9.0)` */
function describeGpu({ name, memoryBytes, capability }: Gpu): string {
  const memory = `${Math.floor(memoryBytes / 2 ** 20).toLocaleString('en-US')} MiB`;
  return `${name} (${memory}, compute capability ${inWords(capability)})`;
}

/** 90 is 9.0. */
const inWords = (capability: number) => (capability / 10).toFixed(1);

/** 13020 is 13.2. */
const cudaVersion = (version: number) => `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;

/** An NVRTC, and its target for the GPU. */
interface Compiler {
  readonly nvrtc: Nvrtc;
  /** Of its CUDA. */
  readonly major: number;
  readonly architecture: string;
}

/** The driver with a GPU, and an NVRTC for it. */
function findParts(): { driver: Driver; compiler: Compiler } | Unavailable {
  const driverLibrary = loadDriver();
  if (!('library' in driverLibrary)) {
    return {
      reason: `NVIDIA's driver (libcuda.so.1) is not installed${broken(driverLibrary)}`,
      remedy: "install NVIDIA's driver where there is an NVIDIA GPU, or choose another backend",
      noHardware: !['/dev/nvidiactl', '/dev/dxg', '/proc/driver/nvidia'].some((trace) => fs.existsSync(trace)),
    };
  }
  let driver: Driver;
  try {
    driver = startDriver(driverLibrary.library);
  } catch (error) {
    if (error instanceof NoGpu) return { reason: error.message, remedy: NO_GPU };
    throw error;
  }
  if (driver.version < OLDEST_CUDA) {
    return {
      reason: `the driver supports CUDA ${cudaVersion(driver.version)} and 12.0 is needed`,
      remedy: "install a newer version of NVIDIA's driver, or choose another backend",
    };
  }
  const compiler = findCompiler(driver);
  return 'reason' in compiler ? compiler : { driver, compiler };
}

/** The newest NVRTC that compiles for the GPU: that of CUDA 13 does not support compute capabilities below 7.5. */
function findCompiler(driver: Driver): Compiler | Unavailable {
  const majors = majorsFor(driver.version);
  const { capability } = driver.gpu;
  const tooNew: string[] = [];
  const errors: string[] = [];
  for (const major of majors) {
    const found = loadToolkitLibrary('libnvrtc', ['libnvrtc-builtins'], [major]);
    if (!('library' in found)) {
      errors.push(...found.errors);
      continue;
    }
    const nvrtc = openNvrtc(found.library);
    const architecture = architectureFor(capability, nvrtc.architectures);
    if (architecture) return { nvrtc, major, architecture };
    tooNew.push(`NVRTC ${nvrtc.version} compiles for compute capability ${inWords(Math.min(...nvrtc.architectures))}`);
  }
  if (tooNew.length > 0) {
    return {
      reason: `${tooNew[0]} and newer, and the ${describeGpu(driver.gpu)} is older`,
      remedy:
        tooNew.length < majors.length ? installWithPip('nvidia-cuda-nvrtc', majors.at(-1)!) : 'choose another backend',
    };
  }
  return {
    reason: `NVRTC, which compiles its kernels, is not here (${soNames('libnvrtc', majors)}${broken({ errors })})`,
    remedy: installWithPip('nvidia-cuda-nvrtc', majors[0]!),
  };
}

const NO_GPU =
  'check that nvidia-smi lists a GPU and that CUDA_VISIBLE_DEVICES does not hide it, or choose another backend';

/** @param major of the CUDA whose NVRTC compiles for the GPU: its cuBLAS supports the GPU as well */
function startProducts(driver: Driver, major: number, tf32: boolean): Cublas | string {
  const majors = [major, ...majorsFor(driver.version).filter((one) => one !== major)];
  const found = loadToolkitLibrary('libcublas', ['libcublasLt'], majors);
  if (!('library' in found)) return `cuBLAS is not here (${soNames('libcublas', majors)}${broken(found)})`;
  try {
    return startCublas(found.library, driver.stream, tf32);
  } catch (error) {
    return `cuBLAS does not start (${(error as Error).message})`;
  }
}

const soNames = (stem: string, majors: readonly number[]) => majors.map((major) => `${stem}.so.${major}`).join(' or ');

/** The names of pip's packages include CUDA's major version up to 12. */
function installWithPip(name: string, major: number): string {
  const wheel = major === 12 ? `${name}-cu12` : name;
  return (
    `run "pip install ${wheel}", install the CUDA toolkit, ` +
    `or name the folder of its libraries in ${LIBRARIES_VARIABLE}`
  );
}

/** The loader's message about a library that exists but cannot be loaded. */
const broken = ({ errors }: Pick<NotFound, 'errors'>) => (errors.length > 0 ? `; ${errors[0]}` : '');

/** A part of CUDA, for `doctor`. */
export interface CudaPart {
  readonly name: string;
  /** Its version and where it was found; undefined when it is missing. */
  readonly found?: string;
  /** If it is missing: what it is needed for, or why it cannot be used. */
  readonly problem?: string;
}

/** Looks for each part that the cuda backend needs, without starting the GPU. It loads each library that it finds. */
export function inspectCuda(): CudaPart[] {
  const driver = inspectDriver();
  const majors = driver.version === undefined ? CUDA_MAJORS : majorsFor(driver.version);
  const nvrtc = inspectLibrary(
    'NVRTC',
    ['libnvrtc', 'libnvrtc-builtins'],
    majors,
    (library) => openNvrtc(library).version,
  );
  const cublas = inspectLibrary('cuBLAS', ['libcublas', 'libcublasLt'], majors, cublasVersion);
  return [driver.part, nvrtc, cublas];
}

function inspectDriver(): { part: CudaPart; version?: number } {
  const name = "NVIDIA's driver";
  const driver = loadDriver();
  if (!('library' in driver)) return { part: { name, problem: `libcuda.so.1 is not here${broken(driver)}` } };
  const version = driverVersion(driver.library);
  const found = `for CUDA ${cudaVersion(version)}, ${driver.file}`;
  return version < OLDEST_CUDA
    ? { part: { name, problem: `${found}: CUDA 12.0 is needed` } }
    : { part: { name, found }, version };
}

function inspectLibrary(
  name: string,
  [stem, needed]: readonly [stem: string, needed: string],
  majors: readonly number[],
  versionOf: (library: LibraryHandle) => string,
): CudaPart {
  const found = loadToolkitLibrary(stem, [needed], majors);
  if (!('library' in found)) return { name, problem: `${soNames(stem, majors)} is not here${broken(found)}` };
  return { name, found: `${versionOf(found.library)}, ${found.file}` };
}
