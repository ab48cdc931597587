import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { checkoutOf, userCache } from '../../../files/places';
import type { Backend, BackendOptions, Running, Unavailable } from '../../backend';
import { activate, commonVersions, core } from '../../tensorflowJs';
import { deviceBackend } from '../deviceBackend';
import { declaredKernels, readSource } from '../kernelFile';
import { registerOperations } from '../operations';
import { type Cublas, startCublas } from './cublas';
import { cudaDevice } from './cudaDevice';
import { type Driver, type Gpu, NoGpu, startDriver } from './driver';
import { CUDA_MAJORS, LIBRARIES_VARIABLE, loadDriver, loadToolkitLibrary, type NotFound } from './libraries';
import { type Nvrtc, openNvrtc } from './nvrtc';

/** The oldest CUDA that a driver has to support. */
const OLDEST_CUDA = 12_000;

/** What is running: a process has one GPU. */
interface Started extends Running {
  readonly tf32: boolean;
}

let started: Started | undefined;

/** An NVIDIA GPU, by kernels that NVRTC compiles for it and the products of cuBLAS. */
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
  const { driver, nvrtc } = parts;
  const cublas = startProducts(driver, tf32);
  if (typeof cublas === 'string' && tf32) return { reason: cublas, remedy: installWithPip('nvidia-cublas', driver) };
  if (typeof cublas === 'string') notice(`${cublas}: matrix products take the backend's own, slower kernel.`);
  const kernelFile = readSource('kernels.cpp');
  const code = compiledKernels(`${readSource('cuda/prelude.h')}\n${kernelFile}`, nvrtc, driver.gpu);
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
  return `${name} (${memory}, compute capability ${(capability / 10).toFixed(1)})`;
}

/** 13020 is 13.2. */
const cudaVersion = (version: number) => `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;

/** The driver with a GPU, and NVRTC. */
function findParts(): { driver: Driver; nvrtc: Nvrtc } | Unavailable {
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
  const nvrtc = loadToolkitLibrary('libnvrtc', ['libnvrtc-builtins'], driver.version);
  if ('library' in nvrtc) return { driver, nvrtc: openNvrtc(nvrtc.library) };
  return {
    reason: `NVRTC, which compiles its kernels, is not here (${soNames('libnvrtc', driver)}${broken(nvrtc)})`,
    remedy: installWithPip('nvidia-cuda-nvrtc', driver),
  };
}

const NO_GPU =
  'check that nvidia-smi lists a GPU and that CUDA_VISIBLE_DEVICES does not hide it, or choose another backend';

function startProducts(driver: Driver, tf32: boolean): Cublas | string {
  const found = loadToolkitLibrary('libcublas', ['libcublasLt'], driver.version);
  if (!('library' in found)) return `cuBLAS is not here (${soNames('libcublas', driver)}${broken(found)})`;
  try {
    return startCublas(found.library, driver.stream, tf32);
  } catch (error) {
    return `cuBLAS does not start (${(error as Error).message})`;
  }
}

const majorsFor = ({ version }: Driver) => CUDA_MAJORS.filter((major) => major <= Math.floor(version / 1000));

const soNames = (stem: string, driver: Driver) =>
  majorsFor(driver)
    .map((major) => `${stem}.so.${major}`)
    .join(' or ');

/** pip's packages carry the major of CUDA in their names up to 12. */
function installWithPip(name: string, driver: Driver): string {
  const wheel = majorsFor(driver)[0] === 12 ? `${name}-cu12` : name;
  return `run "pip install ${wheel}", install the CUDA toolkit, or name the folder of its libraries in ${LIBRARIES_VARIABLE}`;
}

/** What the loader said about a library that is there and cannot be loaded. */
const broken = ({ errors }: NotFound) => (errors.length > 0 ? `; ${errors[0]}` : '');

/** The kernels as machine code for the GPU: compiled once for each GPU, NVRTC and source, then kept. */
function compiledKernels(source: string, nvrtc: Nvrtc, { capability }: Gpu): Uint8Array {
  const key = createHash('sha256').update(`${source}\n${nvrtc.version}\n${capability}`).digest('hex').slice(0, 32);
  const root = checkoutOf(__dirname);
  const folder = root === undefined ? path.join(userCache(), 'cuda') : path.join(root, '.cache', 'cuda');
  const file = path.join(folder, `${key}.cubin`);
  const kept = readKept(file);
  if (kept) return kept;
  const code = nvrtc.compile(source, capability);
  keep(file, code);
  return code;
}

/** The code and its digest: a file that was cut or changed is compiled again. */
function readKept(file: string): Uint8Array | undefined {
  try {
    const bytes = fs.readFileSync(file);
    const [digest, code] = [bytes.subarray(0, 32), bytes.subarray(32)];
    return createHash('sha256').update(code).digest().equals(digest) ? code : undefined;
  } catch {
    return undefined; // there is none, or it cannot be read
  }
}

function keep(file: string, code: Uint8Array): void {
  const temporary = `${file}.${process.pid}`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(temporary, Buffer.concat([createHash('sha256').update(code).digest(), code]));
    fs.renameSync(temporary, file);
  } catch {
    fs.rmSync(temporary, { force: true }); // the next start compiles again
  }
}

/** What `doctor` wants to know of each part of CUDA. */
export interface CudaPart {
  readonly name: string;
  /** Its version and where it was found; undefined when it is missing. */
  readonly found?: string;
  /** Of a missing one: what it is needed for, or why it cannot be used. */
  readonly problem?: string;
}

/** Looks for each part that the cuda backend needs, without starting the GPU. */
export function inspectCuda(): CudaPart[] {
  const driver = loadDriver();
  if (!('library' in driver))
    return [{ name: "NVIDIA's driver", problem: `libcuda.so.1 is not here${broken(driver)}` }];
  const version = [0];
  (driver.library.func('int cuDriverGetVersion(_Out_ int *version)') as (out: number[]) => number)(version);
  const parts: CudaPart[] = [{ name: "NVIDIA's driver", found: `CUDA ${cudaVersion(version[0]!)}, ${driver.file}` }];
  for (const [name, stem, needs] of [
    ['NVRTC', 'libnvrtc', ['libnvrtc-builtins']],
    ['cuBLAS', 'libcublas', ['libcublasLt']],
  ] as const) {
    const found = loadToolkitLibrary(stem, needs, version[0]!);
    parts.push(
      'library' in found ? { name, found: found.file } : { name, problem: `${stem} is not here${broken(found)}` },
    );
  }
  return parts;
}
