import type { KernelDeclaration } from './kernelFile';

/** An address in a device's memory; 0 is null. */
export type Address = number;

/** The arrays that are copied to and from a device. */
export type NumberArray = Float32Array | Int32Array | Uint8Array;

/**
 * A matrix product of float32: out [m, n] = a [m, k] · b [k, n]; transposed operands are stored as [k, m] and [n, k].
 */
export interface MatrixProduct {
  readonly a: Address;
  readonly b: Address;
  readonly out: Address;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/**
 * A device: memory, and one ordered queue of work. Launches, products and writes take effect in the order of the calls,
 * so memory can be reused as soon as its last use is queued. Only `read` and `wait` wait for the device.
 */
export interface Device {
  /** A kernel, by its name in kernels.cpp. */
  kernel(name: string): Kernel;
  hasKernel(name: string): boolean;
  /**
   * Queues a kernel.
   * @param items its number of items: the n of its EACH, or the cells of its EACH_RUN
   * @param weight about how many numbers it reads for each
   * @param values its parameters in their order: addresses and numbers
   */
  launch(kernel: Kernel, items: number, weight: number, values: readonly number[]): void;
  /** Queues a product. */
  multiply(product: MatrixProduct): void;
  /** The most numbers that one item of a reduction should cover: a GPU runs many items at a time, a processor few. */
  readonly longestReduction: number;
  /**
   * Makes a JavaScript array readable by kernels, as long as its buffer lives and does not change:
   * a processor reads the buffer itself, a GPU gets a copy. Undefined if the device has no room for it.
   */
  resident(values: NumberArray): Address | undefined;
  /** Memory of that many bytes. @throws OutOfDeviceMemory */
  allocate(bytes: number): Address;
  /** Frees memory; queued work may still use it. */
  release(address: Address): void;
  /** Queues a copy of an array, which may change as soon as this returns. */
  write(address: Address, values: NumberArray): void;
  /** Waits for the queued work and copies numbers out. */
  read(address: Address, into: NumberArray): void;
  /** Waits for the queued work. */
  wait(): void;
}

/** A kernel that a device can launch. */
export interface Kernel extends KernelDeclaration {
  /** Its number on the device. */
  readonly index: number;
}

/** The memory of a device is exhausted: the machine's, for a processor. */
export class OutOfDeviceMemory extends Error {
  override readonly name = 'OutOfDeviceMemory';
}
