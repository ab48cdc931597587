import type { BackendValues, DataId, DataType, KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { core } from '../tensorflowJs';
import { type Address, type Device, type Kernel, type NumberArray, OutOfDeviceMemory } from './device';
import { MemoryPool } from './memoryPool';
import { sizeOf } from './shapes';

/** The types that a device computes on. */
export type DeviceType = 'float32' | 'int32' | 'bool';

/** Reference-counted memory of tensors. */
interface Block {
  readonly address: Address;
  readonly bytes: number;
  holders: number;
}

/** A multiple that is not computed yet: a sum that follows computes it in the same pass. */
interface Multiple {
  readonly of: Block;
  readonly factor: number;
}

/** A tensor's numbers: on the device, still on the host, or not computed yet. */
interface Stored {
  readonly dtype: DeviceType;
  readonly size: number;
  readonly bytes: number;
  block?: Block;
  /** A single number, which kernels take as a parameter; copied to the device only if a kernel needs it there. */
  values?: NumberArray;
  multiple?: Multiple;
  refCount: number;
}

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } satisfies Record<DeviceType, unknown>;

/** Kernels count with int32, and a GPU's index exceeds the last number by up to the grid size. */
const MOST_NUMBERS = 2 ** 31 - 2 ** 20;

let coreKernelBackend: typeof KernelBackend | undefined;

/**
 * The TensorFlow.js backend of a device: it owns the memory and passes arguments to kernels,
 * which are in operations.ts. It extends a class of TensorFlow.js, so it is defined when TensorFlow.js is loaded.
 */
export interface DeviceBackend extends KernelBackend {
  readonly device: Device;
  readonly pool: MemoryPool;
  kernel(name: string): Kernel;
  /** The address of a tensor's numbers on the device. */
  address(tensor: TensorInfo): Address;
  /** The value of a one-element tensor that is not on the device yet. */
  constant(tensor: TensorInfo): number | undefined;
  /** A tensor for a kernel to fill. */
  output(shape: readonly number[], dtype: DataType): { info: TensorInfo; address: Address };
  /** A tensor of float32 times a number, computed when it is needed. */
  multiple(tensor: TensorInfo, factor: number): TensorInfo;
  /** The operand and factor of a multiple that is not computed yet. */
  uncomputed(tensor: TensorInfo): { readonly address: Address; readonly factor: number } | undefined;
  /** The same numbers under another shape. */
  alias(tensor: TensorInfo, shape: readonly number[]): TensorInfo;
  /** Frees a temporary tensor of a kernel. */
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
      const numbers = values instanceof ARRAYS[type] ? values : ARRAYS[type].from(values as ArrayLike<number>);
      const stored = this.record(type, sizeOf(shape), refCount);
      // The array belongs to the caller, and may change.
      if (stored.size === 1) stored.values = numbers.slice();
      else if (stored.size > 0) {
        stored.block = this.block(stored.bytes);
        this.device.write(stored.block.address, numbers);
      }
      this.stored.set(dataId, stored);
    }

    private block(bytes: number): Block {
      return { address: this.pool.allocate(bytes), bytes, holders: 1 };
    }

    private letGo(block: Block): void {
      if (--block.holders === 0) this.pool.free(block.address, block.bytes);
    }

    private record(dtype: DeviceType, size: number, refCount: number): Stored {
      if (size > MOST_NUMBERS)
        throw new OutOfDeviceMemory(`a tensor of ${size} numbers is larger than ${MOST_NUMBERS}`);
      return { dtype, size, bytes: size * ARRAYS[dtype].BYTES_PER_ELEMENT, refCount };
    }

    override readSync(dataId: DataId): NumberArray {
      const stored = this.stored.get(dataId)!;
      if (stored.values) return stored.values.slice();
      const numbers = new ARRAYS[stored.dtype](stored.size);
      if (stored.size > 0) this.device.read(this.addressOf(stored), numbers);
      return numbers;
    }

    override read(dataId: DataId): Promise<NumberArray> {
      return new Promise((resolve) => resolve(this.readSync(dataId)));
    }

    address({ dataId }: TensorInfo): Address {
      return this.addressOf(this.stored.get(dataId) ?? this.fetched(dataId));
    }

    private addressOf(stored: Stored): Address {
      const { block, values, multiple, size, bytes } = stored;
      if (block) return block.address;
      if (size === 0) return 0;
      stored.block = this.block(bytes);
      const { address } = stored.block;
      if (values) this.device.write(address, values);
      if (multiple) {
        const { of, factor } = multiple;
        this.device.launch(this.kernel('mul'), size, 1, [of.address, 0, 0, 1, 0, factor, 0, 0, address, 1, size]);
        stored.multiple = undefined;
        this.letGo(of);
      }
      return address;
    }

    multiple(tensor: TensorInfo, factor: number): TensorInfo {
      this.address(tensor);
      const of = this.stored.get(tensor.dataId)!.block!;
      of.holders++;
      const dataId = {};
      this.stored.set(dataId, { ...this.record('float32', sizeOf(tensor.shape), 1), multiple: { of, factor } });
      return { dataId, shape: tensor.shape, dtype: 'float32' };
    }

    uncomputed({ dataId }: TensorInfo): { address: Address; factor: number } | undefined {
      const multiple = this.stored.get(dataId)?.multiple;
      return multiple && { address: multiple.of.address, factor: multiple.factor };
    }

    constant({ dataId }: TensorInfo): number | undefined {
      return (this.stored.get(dataId) ?? this.fetched(dataId)).values?.[0];
    }

    /** A tensor of another backend, which TensorFlow.js moves here. */
    private fetched(dataId: DataId): Stored {
      core().engine().moveData(this, dataId);
      return this.stored.get(dataId)!;
    }

    output(shape: readonly number[], dtype: DataType): { info: TensorInfo; address: Address } {
      const dataId = {};
      const stored = this.record(deviceType(dtype), sizeOf(shape), 1);
      if (stored.size > 0) stored.block = this.block(stored.bytes);
      this.stored.set(dataId, stored);
      return { info: { dataId, shape: shape as number[], dtype }, address: stored.block?.address ?? 0 };
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
      if (stored.block) this.letGo(stored.block);
      if (stored.multiple) this.letGo(stored.multiple.of);
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
      for (const dataId of [...this.stored.keys()]) this.disposeData(dataId, true);
      this.pool.releaseIdle();
    }
  }
  return new Backend(device);
}

function deviceType(dtype: DataType): DeviceType {
  if (Object.hasOwn(ARRAYS, dtype)) return dtype as DeviceType;
  throw new Error(`This backend has no tensors of type ${dtype}: it has float32, int32 and bool.`);
}
