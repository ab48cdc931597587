import { type Address, type NumberArray, OutOfDeviceMemory } from '../device';
import { MOST_PARAMETERS } from '../kernelFile';

/** The capacity of the ring buffer, in launches. */
export const RING = 256;
/** The size of a launch: its kernel, its shares, its parameters. */
export const LAUNCH_BYTES = 8 + 8 * MOST_PARAMETERS;

/** The compiled library, as JavaScript calls it. */
export interface Library {
  /** Memory shared by JavaScript and the library's threads: launches and state. */
  readonly ring: ArrayBuffer;
  readonly board: ArrayBuffer;
  /** float32 numbers in one vector of the processor. */
  readonly lanes: number;
  wake(): void;
  /** Sets the number of threads, the caller's included. Returns the number that the system grants. */
  setThreads(threads: number): number;
  finish(until: number): void;
  allocate(bytes: number): Address;
  release(address: Address): void;
  copyIn(address: Address, values: NumberArray): void;
  copyOut(into: NumberArray, address: Address): void;
}

let loaded: typeof import('koffi') | undefined;

/** Loaded once: a `require` takes Node 10 µs. */
const koffi = () => (loaded ??= require('koffi') as typeof import('koffi'));

const addresses = new WeakMap<ArrayBufferLike, Address>();

/** The address of an array's numbers in this process. A buffer does not move while it lives. */
export function addressOf({ buffer, byteOffset }: NumberArray): Address {
  let base = addresses.get(buffer);
  if (base === undefined) {
    addresses.set(buffer, (base = Number(koffi().address(buffer))));
  }
  return base + byteOffset;
}

/**
 * Loads a library that `compileLibrary` made; at first only the caller's thread computes.
 * @throws Error when it cannot be loaded, or another thread of JavaScript has it
 */
export function openLibrary(file: string): Library {
  const library = koffi().load(file);
  const start = library.func('int start(_Out_ void **ring, _Out_ void **board)');
  const allocate = library.func('uintptr_t allocate(double bytes)') as (bytes: number) => number | bigint;
  const release = library.func('void release(uintptr_t memory)') as (memory: number) => void;
  const copyIn = library.func('void copyMemory(uintptr_t to, void *from, double bytes)');
  const copyOut = library.func('void copyMemory(void *to, uintptr_t from, double bytes)');
  const [ring, board]: [unknown[], unknown[]] = [[null], [null]];
  const failed = start(ring, board) as number;
  if (failed)
    throw new Error(failed === 1 ? 'another thread of this process has it' : 'there is no memory for its queue');
  return {
    ring: koffi().view(ring[0], RING * LAUNCH_BYTES),
    board: koffi().view(board[0], 12),
    lanes: library.func('int vectorLanes()')() as number,
    setThreads: library.func('int setThreads(int threads)') as (threads: number) => number,
    wake: library.func('void wake()') as () => void,
    finish: library.func('void finish(uint32_t until)') as (until: number) => void,
    allocate(bytes) {
      const address = Number(allocate(bytes));
      if (address === 0) throw new OutOfDeviceMemory(`no memory for ${bytes} bytes`);
      return address;
    },
    release,
    copyIn: (address, values) => void copyIn(address, values, values.byteLength),
    copyOut: (into, address) => void copyOut(into, address, into.byteLength),
  };
}
