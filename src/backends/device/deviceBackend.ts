import type { BackendValues, DataId, DataType, KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { core } from '../tensorflowJs';
import type { Address, Device, Kernel, NumberArray } from './device';
import { MemoryPool } from './memoryPool';
import { sizeOf } from './shapes';

/** The types that a device computes on. */
export type DeviceType = 'float32' | 'int32' | 'bool';

/** A tensor's numbers: on the device, or still here because nothing has asked for them there. */
interface Stored {
  readonly dtype: DeviceType;
  readonly size: number;
  readonly bytes: number;
  /** 0 while they are here only. */
  address: Address;
  /** A single number, which kernels take as it is; it goes to the device when a kernel needs it there. */
  values?: NumberArray;
  refCount: number;
}

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } satisfies Record<DeviceType, unknown>;

let coreKernelBackend: typeof KernelBackend | undefined;

/**
 * TensorFlow.js's side of a device: who owns which memory, and what kernels are given. The kernels themselves are in
 * operations.ts. A class of TensorFlow.js is extended, so it is made when TensorFlow.js is loaded.
 */
export interface DeviceBackend extends KernelBackend {
  readonly device: Device;
  readonly pool: MemoryPool;
  kernel(name: string): Kernel;
  /** Where a tensor's numbers are on the device. */
  address(tensor: TensorInfo): Address;
  /** The number of a tensor that has only one and is not on the device yet. */
  constant(tensor: TensorInfo): number | undefined;
  /** A tensor for a kernel to fill. */
  output(shape: readonly number[], dtype: DataType): { info: TensorInfo; address: Address };
  /** The same numbers under another shape. */
  alias(tensor: TensorInfo, shape: readonly number[]): TensorInfo;
  /** Frees a tensor that no one but a kernel has seen. */
  drop(tensor: TensorInfo): void;
}

/** The backend of a device, for `registerBackend`. */
export function deviceBackend(device: Device): DeviceBackend {
  coreKernelBackend ??= core().KernelBackend;
  class Backend extends coreKernelBackend implements DeviceBackend {
    readonly pool = new MemoryPool(device);
    private readonly stored = new Map<DataId, Stored>();
    private readonly kernels = new Map<string, Kernel>();

    constructor(readonly device: Device) {
      super();
    }

    kernel(name: string): Kernel {
      let kernel = this.kernels.get(name);
      if (!kernel) this.kernels.set(name, (kernel = this.device.kernel(name)));
      return kernel;
    }

    override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
      const dataId = {};
      this.store(dataId, values, shape, dtype, 1);
      return dataId;
    }

    override move(dataId: DataId, values: BackendValues, shape: number[], dtype: DataType, refCount: number): void {
      this.store(dataId, values, shape, dtype, refCount);
    }

    private store(dataId: DataId, values: BackendValues, shape: number[], dtype: DataType, refCount: number): void {
      const type = deviceType(dtype);
      const numbers = ARRAYS[type].from(values as ArrayLike<number>);
      // TensorFlow.js hands over arrays that belong to whoever made the tensor.
      const stored = this.record(type, sizeOf(shape), refCount);
      this.stored.set(dataId, stored);
      if (stored.size === 1) stored.values = numbers;
      else if (stored.size > 0) {
        stored.address = this.pool.allocate(stored.bytes);
        this.device.write(stored.address, numbers);
      }
    }

    private record(dtype: DeviceType, size: number, refCount: number): Stored {
      return { dtype, size, bytes: size * ARRAYS[dtype].BYTES_PER_ELEMENT, address: 0, refCount };
    }

    override readSync(dataId: DataId): NumberArray {
      const stored = this.stored.get(dataId)!;
      if (stored.values) return stored.values.slice();
      const numbers = new ARRAYS[stored.dtype](stored.size);
      if (stored.size > 0) this.device.read(stored.address, numbers);
      return numbers;
    }

    override read(dataId: DataId): Promise<NumberArray> {
      return new Promise((resolve) => resolve(this.readSync(dataId)));
    }

    address({ dataId }: TensorInfo): Address {
      const stored = this.stored.get(dataId) ?? this.fetched(dataId);
      if (stored.address === 0 && stored.values) {
        stored.address = this.pool.allocate(stored.bytes);
        this.device.write(stored.address, stored.values);
      }
      return stored.address;
    }

    constant({ dataId }: TensorInfo): number | undefined {
      return (this.stored.get(dataId) ?? this.fetched(dataId)).values?.[0];
    }

    /** A tensor that another backend has made: TensorFlow.js brings it here. */
    private fetched(dataId: DataId): Stored {
      core().engine().moveData(this, dataId);
      return this.stored.get(dataId)!;
    }

    output(shape: readonly number[], dtype: DataType): { info: TensorInfo; address: Address } {
      const dataId = {};
      const stored = this.record(deviceType(dtype), sizeOf(shape), 1);
      if (stored.size > 0) stored.address = this.pool.allocate(stored.bytes);
      this.stored.set(dataId, stored);
      return { info: { dataId, shape: shape as number[], dtype }, address: stored.address };
    }

    alias({ dataId, dtype }: TensorInfo, shape: readonly number[]): TensorInfo {
      this.incRef(dataId);
      return { dataId, shape: shape as number[], dtype };
    }

    drop({ dataId }: TensorInfo): void {
      this.disposeData(dataId);
    }

    override disposeData(dataId: DataId, force = false): boolean {
      const stored = this.stored.get(dataId);
      if (!stored) return true;
      if (--stored.refCount > 0 && !force) return false;
      if (stored.address !== 0) this.pool.free(stored.address, stored.bytes);
      this.stored.delete(dataId);
      return true;
    }

    override refCount(dataId: DataId): number {
      return this.stored.get(dataId)?.refCount ?? 0;
    }

    override incRef(dataId: DataId): void {
      (this.stored.get(dataId) ?? this.fetched(dataId)).refCount++;
    }

    override numDataIds(): number {
      return this.stored.size;
    }

    override memory() {
      return { unreliable: false };
    }

    override floatPrecision(): 32 {
      return 32;
    }

    override epsilon(): number {
      return 1e-7;
    }

    override timerAvailable(): boolean {
      return true;
    }

    override time(work: () => void): Promise<{ kernelMs: number }> {
      this.device.wait();
      const started = performance.now();
      work();
      this.device.wait();
      return Promise.resolve({ kernelMs: performance.now() - started });
    }

    override dispose(): void {
      for (const { address } of this.stored.values()) if (address !== 0) this.device.release(address);
      this.stored.clear();
      this.pool.releaseIdle();
    }
  }
  return new Backend(device);
}

function deviceType(dtype: DataType): DeviceType {
  if (Object.hasOwn(ARRAYS, dtype)) return dtype as DeviceType;
  throw new Error(`This backend has no tensors of type ${dtype}: it has float32, int32 and bool.`);
}
