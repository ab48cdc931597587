import type { Device, Kernel, NumberArray } from '../device';
import { type KernelDeclaration, MOST_PARAMETERS } from '../kernelFile';
import { slotsIn, writeParameters } from '../parameters';
import type { Cublas } from './cublas';
import type { Driver } from './driver';

const THREADS = 256;
/** Blocks for each multiprocessor; beyond that the threads take several items. */
const BLOCKS_PER_MULTIPROCESSOR = 16;
/** The share of free GPU memory that resident samples may take. */
const SHARE_OF_MEMORY = 0.7;
const PINNED_BYTES = 4 * 2 ** 20;
const PINNED_BUFFERS = 3;

/**
 * A GPU as a device: kernels on one stream, each launched as soon as it is queued.
 * @param module the compiled kernel file, loaded
 * @param cublas for matrix products; without it those of the kernel file are used
 */
export function cudaDevice(
  driver: Driver,
  module: number,
  kernels: readonly KernelDeclaration[],
  cublas: Cublas | undefined,
): Device {
  const koffi = require('koffi') as typeof import('koffi');
  const byName = new Map(
    kernels.map((kernel): [string, Kernel] => [
      kernel.name,
      { ...kernel, index: driver.getFunction(module, `kernel_${kernel.name}`) },
    ]),
  );
  const named = (name: string): Kernel => {
    const kernel = byName.get(name);
    if (!kernel) throw new Error(`There is no kernel ${name}.`);
    return kernel;
  };
  const matmul = named('matmul');
  const mostBlocks = driver.gpu.multiprocessors * BLOCKS_PER_MULTIPROCESSOR;

  // The driver takes parameters as an array of addresses, one for each slot, and copies them before it returns.
  const slots = new ArrayBuffer(8 * MOST_PARAMETERS);
  const addresses = new ArrayBuffer(8 * MOST_PARAMETERS);
  const base = BigInt(koffi.address(slots));
  new BigUint64Array(addresses).forEach((_, i, all) => (all[i] = base + BigInt(8 * i)));
  const parametersAddress = Number(koffi.address(addresses));
  const views = slotsIn(slots);
  const keptAlive = [slots, addresses];

  function launch(kernel: Kernel, items: number, _weight: number, values: readonly number[]): void {
    if (items === 0) return;
    writeParameters(kernel, values, views, 0);
    driver.launch(kernel.index, Math.min(mostBlocks, Math.ceil(items / THREADS)), THREADS, parametersAddress);
  }

  const pinned = Array.from({ length: PINNED_BUFFERS }, () => ({
    ...driver.allocatePinned(PINNED_BYTES),
    event: driver.createEvent(),
  }));
  let turn = 0;

  function write(address: number, values: NumberArray): void {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    for (let from = 0; from < bytes.length; from += PINNED_BYTES) {
      const buffer = pinned[turn]!;
      turn = (turn + 1) % PINNED_BUFFERS;
      driver.waitForEvent(buffer.event); // its last copy
      const part = bytes.subarray(from, from + PINNED_BYTES);
      buffer.bytes.set(part);
      driver.copyToDevice(address + from, buffer.address, part.length);
      driver.recordEvent(buffer.event);
    }
  }

  function read(address: number, into: NumberArray): void {
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    const buffer = pinned[turn]!;
    driver.waitForEvent(buffer.event);
    for (let from = 0; from < bytes.length; from += PINNED_BYTES) {
      const length = Math.min(PINNED_BYTES, bytes.length - from);
      driver.copyToHost(buffer.address, address + from, length);
      driver.waitForStream();
      bytes.set(buffer.bytes.subarray(0, length), from);
    }
  }

  /** Device copies of buffers, until the buffers are garbage collected. */
  const copies = new WeakMap<ArrayBufferLike, number>();
  const collected = new FinalizationRegistry((address: number) => {
    try {
      driver.free(address);
    } catch {
      // The GPU is lost. An error thrown here could not be caught: the next computation reports it.
    }
  });
  function resident({ buffer, byteOffset }: NumberArray): number | undefined {
    let address = copies.get(buffer);
    if (address === undefined) {
      if (buffer.byteLength > SHARE_OF_MEMORY * driver.freeBytes()) return undefined;
      address = driver.allocate(buffer.byteLength);
      write(address, new Uint8Array(buffer));
      copies.set(buffer, address);
      collected.register(buffer, address);
    }
    return address + byteOffset;
  }

  return {
    longestReduction: 32,
    kernel: named,
    hasKernel: (name) => byName.has(name),
    launch,
    multiply(product) {
      const { a, b, out, m, k, n, transposeA, transposeB } = product;
      if (m === 0 || n === 0) return;
      if (cublas) return cublas.multiply(product);
      const [aRow, aCol] = transposeA ? [1, m] : [k, 1];
      const [bRow, bCol] = transposeB ? [1, k] : [n, 1];
      launch(matmul, m * n, k, [a, aRow, aCol, b, bRow, bCol, out, m, k, n]);
    },
    resident,
    allocate: (bytes) => driver.allocate(bytes),
    release: (address) => driver.free(address), // waits for what is queued
    write,
    read,
    wait: () => driver.waitForStream(),
    keptAlive,
  } as Device & { keptAlive: unknown };
}
