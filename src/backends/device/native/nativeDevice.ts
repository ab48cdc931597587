import type { Device, Kernel, MatrixProduct } from '../device';
import type { KernelDeclaration } from '../kernelFile';
import { MemoryPool } from '../memoryPool';
import { slotsIn, writeParameters } from '../parameters';
import { addressOf, LAUNCH_BYTES, openLibrary, RING } from './library';

/** About how many numbers a share of an element-wise kernel covers: enough to be worth waking a thread. */
const SHARE_NUMBERS = 16_384;

/** How far JavaScript may be ahead, in launches; beyond that it helps until only so many are left. */
const AHEAD = 96;
const LEFT = 24;

/** The longest part of k that a product processes at once, so that a panel of the packed operand stays in the cache. */
const LONGEST_K = 1024;

/** The tile of one share of a product: rows of the result, and panels of columns. */
const TILE_ROWS = 24;
const TILE_PANELS = 4;

/** A larger write waits for the queue instead of copying into it. */
const LARGE_WRITE = 4 * 2 ** 20;

/** The number of held buffers beyond which unused ones are released. */
const MOST_HELD = 64;
/** A kernel that reads JavaScript's memory is queued within so many launches. */
const HELD_FOR = 8;

/** The positions of the shared state (`Board` in launcher.cpp). */
const BOARD = { written: 0, done: 1, sleepers: 2 } as const;

/** A processor as a device. */
export interface NativeDevice extends Device {
  /** Numbers in one vector of the processor. */
  readonly lanes: number;
  /**
   * Sets the number of threads, this one included; results are the same bits for any number.
   * @returns the number set: smaller if the system grants no more
   */
  setThreads(threads: number): number;
  /** The fastest number of threads up to `most`, by timing a step's largest product for a few milliseconds. */
  fastestThreads(most: number): number;
}

/**
 * The processor as a device.
 * @param libraryFile what `compileLibrary` made
 * @param kernels the kernels in it, in its order
 */
export function openNativeDevice(libraryFile: string, kernels: readonly KernelDeclaration[]): NativeDevice {
  const library = openLibrary(libraryFile);
  const { ring, board } = library;
  const slots = slotsIn(ring);
  const state = new Int32Array(board);
  const byName = new Map(kernels.map((kernel, index): [string, Kernel] => [kernel.name, { ...kernel, index }]));
  const named = (name: string): Kernel => {
    const kernel = byName.get(name);
    if (!kernel) throw new Error(`There is no kernel ${name}.`);
    return kernel;
  };
  const [packMatrix, multiply] = [named('packMatrix'), named('multiply')];
  const [copyWords, copyBytes] = [named('copyWords'), named('copyPlainBytes')];
  const byAccelerate = byName.get('multiplyByAccelerate'); // on macOS
  const panel = 2 * library.lanes;
  let threads = 1;
  let written = 0;

  function queue(kernel: Kernel, shares: number, values: readonly number[]): void {
    if (((written - Atomics.load(state, BOARD.done)) | 0) >= AHEAD) library.finish((written - LEFT) >>> 0);
    const at = ((written >>> 0) % RING) * (LAUNCH_BYTES / 4);
    slots.integers[at] = kernel.index;
    slots.integers[at + 1] = shares;
    writeParameters(kernel, values, slots, at + 2);
    written = (written + 1) | 0;
    Atomics.store(state, BOARD.written, written);
    if (Atomics.load(state, BOARD.sleepers) > 0) library.wake();
  }

  const wait = () => library.finish(written >>> 0);

  const memory: Pick<Device, 'allocate' | 'release'> = {
    allocate: (bytes) => library.allocate(bytes),
    release(address) {
      wait(); // what is queued may use it
      library.release(address);
    },
  };
  const packedMemory = new MemoryPool(memory);

  /**
   * JavaScript's memory that queued launches read, with the number of the last such launch:
   * it must not be garbage collected before.
   */
  let held = new Map<ArrayBufferLike, number>();
  function hold(buffer: ArrayBufferLike): void {
    if (held.size >= MOST_HELD) {
      const done = Atomics.load(state, BOARD.done);
      held = new Map([...held].filter(([, last]) => ((last - done) | 0) > 0));
    }
    held.set(buffer, (written + HELD_FOR) | 0);
  }

  function setThreads(count: number): number {
    wait();
    return (threads = library.setThreads(count));
  }

  const device: NativeDevice = {
    lanes: library.lanes,
    setThreads,
    fastestThreads(most) {
      let fastest = { threads: 1, ms: productTime(device, Infinity) };
      for (let count = 2; fastest.threads < most; count *= 2) {
        const threads = Math.min(count, most);
        if (setThreads(threads) < threads) break;
        // Twice the threads must save more than a tenth of the time.
        const ms = productTime(device, 0.9 * fastest.ms);
        if (ms >= 0.9 * fastest.ms) break;
        fastest = { threads, ms };
      }
      return fastest.threads;
    },
    longestReduction: Infinity,
    kernel: named,
    hasKernel: (name) => byName.has(name),
    launch(kernel, items, weight, values) {
      if (items === 0) return;
      queue(kernel, Math.max(1, Math.min(4 * threads, Math.round((items * weight) / SHARE_NUMBERS))), values);
    },
    multiply({ a, b, out, m, k, n, transposeA, transposeB }: MatrixProduct) {
      if (m === 0 || n === 0) return;
      if (byAccelerate) {
        queue(byAccelerate, 1, [a, Number(transposeA), b, Number(transposeB), out, m, k, n]);
        return;
      }
      const strideA = transposeA ? m : k;
      const strideB = transposeB ? k : n;
      const panels = Math.ceil(n / panel);
      const shares = Math.ceil(m / TILE_ROWS) * Math.ceil(panels / TILE_PANELS);
      const parts = Math.ceil(k / LONGEST_K);
      const part = Math.ceil(k / parts);
      for (let first = 0; first < k; first += part) {
        const length = Math.min(part, k - first);
        const bytes = 4 * panels * panel * length;
        const packed = packedMemory.allocate(bytes);
        const from = b + 4 * first * (transposeB ? 1 : strideB);
        queue(packMatrix, Math.min(panels, Math.ceil((length * n) / SHARE_NUMBERS)), [
          from,
          strideB,
          Number(transposeB),
          packed,
          length,
          n,
        ]);
        queue(multiply, shares, [
          a + 4 * first * (transposeA ? strideA : 1),
          strideA,
          Number(transposeA),
          packed,
          out,
          m,
          length,
          n,
          Number(first > 0),
          TILE_ROWS,
          TILE_PANELS,
        ]);
        packedMemory.free(packed, bytes);
      }
    },
    ...memory,
    resident(values) {
      hold(values.buffer);
      return addressOf(values);
    },
    write(address, values) {
      if (values.byteLength > LARGE_WRITE) {
        wait(); // what is queued may use the memory
        library.copyIn(address, values);
        return;
      }
      const copy = values.slice();
      hold(copy.buffer);
      const bytes = copy.byteLength;
      queue(bytes % 4 === 0 ? copyWords : copyBytes, 1, [
        addressOf(copy),
        address,
        bytes % 4 === 0 ? bytes / 4 : bytes,
      ]);
    },
    read(address, into) {
      wait();
      library.copyOut(into, address);
    },
    wait,
  };
  return device;
}

const TRIALS = 5;

/** How long the system may take to spread threads over processors, in milliseconds. */
const SETTLING = 100;

/** The median time of the post's largest product, in milliseconds: of the first consecutive trials below `enough`. */
function productTime(device: Device, enough: number): number {
  const [m, k, n] = [256, 784, 256];
  const [a, b, out] = [device.allocate(4 * m * k), device.allocate(4 * k * n), device.allocate(4 * m * n)];
  device.write(a, new Float32Array(m * k));
  device.write(b, new Float32Array(k * n));
  const began = performance.now();
  let ms: number;
  do {
    const times = Array.from({ length: TRIALS }, () => {
      const started = performance.now();
      device.multiply({ a, b, out, m, k, n, transposeA: false, transposeB: false });
      device.wait();
      return performance.now() - started;
    });
    ms = times.sort((x, y) => x - y)[TRIALS >> 1]!;
  } while (ms >= enough && performance.now() - began < SETTLING);
  for (const address of [a, b, out]) device.release(address);
  return ms;
}
