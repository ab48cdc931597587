import type { LibraryHandle } from 'koffi';
import { HandgradError } from '../../../errors';
import { OutOfDeviceMemory } from '../device';

// The functions of NVIDIA's driver (libcuda) used here, as documented in its driver API.
// Handles and device addresses are integers.

/** The result of a driver call: 0 on success. */
type Result = number;
const OUT_OF_MEMORY: Result = 2;
const NO_DEVICE: Result = 100;

/** Properties of a device, by their number in the driver's enumeration. */
const ATTRIBUTES = { multiprocessors: 16, major: 75, minor: 76 } as const;

/** A GPU as the driver describes it. */
export interface Gpu {
  readonly name: string;
  /** Compute capability times ten: 90 is 9.0. */
  readonly capability: number;
  readonly multiprocessors: number;
  readonly memoryBytes: number;
}

/** NVIDIA's driver with a context on the first visible GPU. Every call is checked. */
export interface Driver {
  readonly gpu: Gpu;
  /** The CUDA that the driver supports: 13000 is 13.0. */
  readonly version: number;
  readonly stream: number;
  loadModule(image: Uint8Array): number;
  getFunction(module: number, name: string): number;
  allocate(bytes: number): number;
  /** Free memory of the GPU. */
  freeBytes(): number;
  free(address: number): void;
  /** Page-locked memory of this process, for asynchronous copies. */
  allocatePinned(bytes: number): { readonly address: number; readonly bytes: Uint8Array };
  copyToDevice(to: number, from: number, bytes: number): void;
  copyToHost(to: number, from: number, bytes: number): void;
  createEvent(): number;
  recordEvent(event: number): void;
  waitForEvent(event: number): void;
  waitForStream(): void;
  /** @param parameters the address of an array of addresses, one for each parameter */
  launch(kernel: number, blocks: number, threads: number, parameters: number): void;
}

/** The driver finds no GPU, or cannot start it. */
export class NoGpu extends Error {
  override readonly name = 'NoGpu';
}

/**
 * Starts the driver on the first GPU that CUDA_VISIBLE_DEVICES makes visible.
 * @param library libcuda
 * @throws NoGpu with the driver's message
 */
export function startDriver(library: LibraryHandle): Driver {
  const koffi = require('koffi') as typeof import('koffi');
  const func = (declaration: string) => library.func(declaration) as (...given: unknown[]) => Result;
  const errorName = func('int cuGetErrorName(int error, _Out_ const char **text)');
  const errorText = func('int cuGetErrorString(int error, _Out_ const char **text)');
  const said = (result: Result): string => {
    const [name, text]: [string[], string[]] = [[''], ['']];
    errorName(result, name);
    errorText(result, text);
    return [name[0] || `error ${result}`, text[0] && `(${text[0]})`].filter(Boolean).join(' ');
  };
  let lost: string | undefined;
  const check = (what: string, result: Result): void => {
    if (result === 0) return;
    if (result === OUT_OF_MEMORY) throw new OutOfDeviceMemory(`the GPU has no memory left (${what})`);
    lost ??= `${what}: ${said(result)}`;
    throw new HandgradError(
      'backend',
      `The GPU failed (${lost}): start again, and if it fails again ` +
        `look for errors in the system's log or choose another backend.`,
    );
  };
  const starting = (what: string, result: Result): void => {
    if (result === NO_DEVICE) throw new NoGpu('the driver finds no GPU');
    if (result !== 0) throw new NoGpu(`the driver does not start: ${what}: ${said(result)}`);
  };
  const number = (what: string, call: (out: number[]) => Result, test = check): number => {
    const out = [0];
    test(what, call(out));
    return Number(out[0]);
  };

  const init = func('int cuInit(unsigned int flags)');
  const driverGetVersion = func('int cuDriverGetVersion(_Out_ int *version)');
  const deviceGet = func('int cuDeviceGet(_Out_ int *device, int ordinal)');
  const deviceGetName = func('int cuDeviceGetName(void *name, int length, int device)');
  const deviceGetAttribute = func('int cuDeviceGetAttribute(_Out_ int *value, int attribute, int device)');
  const deviceTotalMem = func('int cuDeviceTotalMem_v2(_Out_ size_t *bytes, int device)');
  const primaryCtxRetain = func('int cuDevicePrimaryCtxRetain(_Out_ uintptr_t *context, int device)');
  const ctxSetCurrent = func('int cuCtxSetCurrent(uintptr_t context)');
  const streamCreate = func('int cuStreamCreate(_Out_ uintptr_t *stream, unsigned int flags)');
  const streamSynchronize = func('int cuStreamSynchronize(uintptr_t stream)');
  const moduleLoadData = func('int cuModuleLoadData(_Out_ uintptr_t *module, void *image)');
  const moduleGetFunction = func(
    'int cuModuleGetFunction(_Out_ uintptr_t *kernel, uintptr_t module, const char *name)',
  );
  const memAlloc = func('int cuMemAlloc_v2(_Out_ uintptr_t *address, size_t bytes)');
  const memGetInfo = func('int cuMemGetInfo_v2(_Out_ size_t *free, _Out_ size_t *total)');
  const memFree = func('int cuMemFree_v2(uintptr_t address)');
  const memHostAlloc = func('int cuMemHostAlloc(_Out_ void **memory, size_t bytes, unsigned int flags)');
  const toDevice = func('int cuMemcpyHtoDAsync_v2(uintptr_t to, uintptr_t from, size_t bytes, uintptr_t stream)');
  const toHost = func('int cuMemcpyDtoHAsync_v2(uintptr_t to, uintptr_t from, size_t bytes, uintptr_t stream)');
  const eventCreate = func('int cuEventCreate(_Out_ uintptr_t *event, unsigned int flags)');
  const eventRecord = func('int cuEventRecord(uintptr_t event, uintptr_t stream)');
  const eventSynchronize = func('int cuEventSynchronize(uintptr_t event)');
  const launchKernel = func(
    'int cuLaunchKernel(uintptr_t kernel, unsigned int gridX, unsigned int gridY, unsigned int gridZ, ' +
      'unsigned int blockX, unsigned int blockY, unsigned int blockZ, unsigned int shared, ' +
      'uintptr_t stream, uintptr_t parameters, uintptr_t extra)',
  );

  // GPUs are counted as nvidia-smi counts them.
  process.env['CUDA_DEVICE_ORDER'] ??= 'PCI_BUS_ID';
  starting('cuInit', init(0));
  const version = number('cuDriverGetVersion', driverGetVersion, starting);
  const device = number('cuDeviceGet', (out) => deviceGet(out, 0), starting);
  const attribute = (id: number) =>
    number('cuDeviceGetAttribute', (out) => deviceGetAttribute(out, id, device), starting);
  const name = Buffer.alloc(256);
  starting('cuDeviceGetName', deviceGetName(name, name.length, device));
  const gpu: Gpu = {
    name: name.toString('utf8', 0, name.indexOf(0)),
    capability: 10 * attribute(ATTRIBUTES.major) + attribute(ATTRIBUTES.minor),
    multiprocessors: attribute(ATTRIBUTES.multiprocessors),
    memoryBytes: number('cuDeviceTotalMem', (out) => deviceTotalMem(out, device), starting),
  };
  const context = number('cuDevicePrimaryCtxRetain', (out) => primaryCtxRetain(out, device), starting);
  starting('cuCtxSetCurrent', ctxSetCurrent(context));
  const NON_BLOCKING = 1;
  const stream = number('cuStreamCreate', (out) => streamCreate(out, NON_BLOCKING), starting);

  return {
    gpu,
    version,
    stream,
    loadModule: (image) => number('cuModuleLoadData', (out) => moduleLoadData(out, image)),
    getFunction: (module, kernel) =>
      number(`cuModuleGetFunction ${kernel}`, (out) => moduleGetFunction(out, module, kernel)),
    allocate: (bytes) => number(`${bytes} bytes`, (out) => memAlloc(out, bytes)),
    freeBytes() {
      const [free, total] = [[0], [0]];
      check('cuMemGetInfo', memGetInfo(free, total));
      return Number(free[0]);
    },
    free: (address) => check('cuMemFree', memFree(address)),
    allocatePinned(bytes) {
      const out: unknown[] = [null];
      check(`${bytes} bytes of pinned memory`, memHostAlloc(out, bytes, 0));
      return {
        address: Number(koffi.address(out[0])),
        bytes: new Uint8Array(koffi.view(out[0], bytes)),
      };
    },
    copyToDevice: (to, from, bytes) => check('cuMemcpyHtoDAsync', toDevice(to, from, bytes, stream)),
    copyToHost: (to, from, bytes) => check('cuMemcpyDtoHAsync', toHost(to, from, bytes, stream)),
    createEvent: () => number('cuEventCreate', (out) => eventCreate(out, 2)), // without a clock
    recordEvent: (event) => check('cuEventRecord', eventRecord(event, stream)),
    waitForEvent: (event) => check('cuEventSynchronize', eventSynchronize(event)),
    waitForStream: () => check('cuStreamSynchronize', streamSynchronize(stream)),
    launch: (kernel, blocks, threads, parameters) =>
      check('cuLaunchKernel', launchKernel(kernel, blocks, 1, 1, threads, 1, 1, 0, stream, parameters, 0)),
  };
}

/** The CUDA version that a driver supports, before it is started: 13000 for 13.0. */
export function driverVersion(library: LibraryHandle): number {
  const version = [0];
  (library.func('int cuDriverGetVersion(_Out_ int *version)') as (out: number[]) => Result)(version);
  return version[0]!;
}
