import type { KernelDeclaration } from './kernelFile';

/** A place in a device's memory. 0 is nowhere. */
export type Address = number;

/** What a device holds numbers in and JavaScript reads them as. */
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
 * A device that computes: memory, and one ordered queue of work. Launches, products and writes begin in the order of
 * the calls and each sees what those before it left, so memory may be used again as soon as its last use was queued.
 * Only `read` and `wait` wait for the device.
 */
export interface Device {
  /** A kernel, by its name in kernels.cpp. */
  kernel(name: string): Kernel;
  hasKernel(name: string): boolean;
  /**
   * Queues a kernel.
   * @param items what it goes over: the n of its EACH, or the cells of its EACH_RUN
   * @param weight how many numbers it reads for each, about
   * @param values its parameters in their order: addresses and numbers
   */
  launch(kernel: Kernel, items: number, weight: number, values: readonly number[]): void;
  /** Queues a product. */
  multiply(product: MatrixProduct): void;
  /** The most numbers that one item of a reduction should go over: a GPU has many items at work, a processor few. */
  readonly longestReduction: number;
  /**
   * Numbers of JavaScript's where kernels can read them, as long as their buffer lives and does not change: a processor
   * reads the buffer itself, a GPU has a copy of it. Undefined when the device has no room for it.
   */
  resident(values: NumberArray): Address | undefined;
  /** Memory of that many bytes. @throws OutOfDeviceMemory */
  allocate(bytes: number): Address;
  /** Gives memory back to the device; what is queued may still use it. */
  release(address: Address): void;
  /** Queues a copy of JavaScript's numbers, which may change as soon as this returns. */
  write(address: Address, values: NumberArray): void;
  /** Waits for the queue so far and copies numbers out. */
  read(address: Address, into: NumberArray): void;
  /** Waits for the queue so far. */
  wait(): void;
}

/** A kernel that a device can launch. */
export interface Kernel extends KernelDeclaration {
  /** Its number on the device. */
  readonly index: number;
}

/** The memory of a device, or of the machine where that is the device's, is full. */
export class OutOfDeviceMemory extends Error {
  override readonly name = 'OutOfDeviceMemory';
}
