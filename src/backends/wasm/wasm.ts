import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { KernelBackend } from '@tensorflow/tfjs-core';
import type { Backend, Unavailable } from '../backend';
import { tooManyThreads, watchProcessors } from '../processors';
import { activate, commonVersions, core, loadQuietly } from '../tensorflowJs';
import { replaceWasmKernels } from './kernels';
import { letExit, MOST_WASM_THREADS, startThreads } from './threads';
import { useWideVectors } from './wideVectors';

/** WebAssembly on the CPU. It is an npm package, so every machine has it. */
export const wasm: Backend = {
  async start(notice, { threads: wanted }) {
    useWideVectors();
    const load = () => loadQuietly(wasmPackage);
    const current = runningBackend();
    if (wanted !== undefined && wanted > MOST_WASM_THREADS) {
      notice(`The wasm backend computes on ${MOST_WASM_THREADS} threads at most.`);
    }
    const decided = wanted ? Math.min(wanted, MOST_WASM_THREADS) : current && threadsOf(current);
    const { result, share } = decided ? { result: await load(), share: 1 } : await watchProcessors(load);
    const threads = await preserveListeners(() => activateWith(decided ?? fastest(share), notice));
    if (typeof threads !== 'number') return threads;
    const tooMany = tooManyThreads(threads);
    if (tooMany) notice(tooMany);
    replaceWasmKernels();
    const simd = await core().env().getAsync('WASM_HAS_SIMD_SUPPORT');
    return {
      device: `WebAssembly ${simd ? 'with' : 'without'} SIMD, ${threads === 1 ? 'one thread' : `${threads} threads`}`,
      threads,
      addressableBytes: 2 ** 32,
      versions: { ...commonVersions(), 'tfjs-backend-wasm': result.version_wasm },
    };
  },
};

// require, not import(): import() reads the bundle again for its export names, which takes as long as all the rest.
const wasmPackage = () => require('@tensorflow/tfjs-backend-wasm') as typeof import('@tensorflow/tfjs-backend-wasm');

/**
 * The fastest number of threads. The backend's threads spin while they wait, so on busy processors two are slower than
 * one (docs/backends.md): no more threads than free processors, and beyond two only half as many, up to TensorFlow.js's
 * limit, because many processors are two hardware threads of one core.
 * @param share the processors that this process can have to itself
 */
function fastest(share: number): number {
  return share < 1.5 ? 1 : Math.min(4, Math.max(2, Math.floor(share / 2)));
}

/** TensorFlow.js's factory, which makes the backend of one thread. */
let ownFactory: (() => KernelBackend | Promise<KernelBackend>) | undefined;

const runningBackend = () => core().engine().registry['wasm'] as BackendWasm | undefined;

/**
 * Makes the backend current, on `threads` threads; on one, with a notice, if more do not start.
 * A backend that runs with another number is restarted.
 * @returns the number of threads that it has now
 */
async function activateWith(threads: number, notice: (message: string) => void): Promise<number | Unavailable> {
  const running = runningBackend();
  const current = running && threadsOf(running);
  if (current !== threads) {
    if (running && running.numDataIds() > 0) {
      return {
        reason: `it already runs on ${current === 1 ? 'one thread' : `${current} threads`} and holds tensors`,
        remedy: 'dispose of them first or leave the number of threads as it is',
      };
    }
    try {
      await restart(threads);
    } catch (error) {
      if (threads === 1) throw error;
      const message = error instanceof Error ? error.message : String(error);
      notice(`The wasm backend cannot start ${threads} threads (${message.split('\n')[0]}): it computes on one.`);
      await restart(1);
    }
  }
  await activate('wasm');
  return threadsOf(core().backend() as BackendWasm);
}

/** Stops the backend if it runs, and starts it. */
async function restart(threads: number): Promise<void> {
  const tf = core();
  ownFactory ??= tf.findBackendFactory('wasm');
  tf.removeBackend('wasm');
  tf.registerBackend('wasm', threads === 1 ? ownFactory : () => threaded(threads));
  await activate('wasm');
}

async function threaded(threads: number): Promise<BackendWasm> {
  const module = await startThreads(threads);
  const { BackendWasm, setThreadsCount } = wasmPackage();
  setThreadsCount(threads);
  const backend = new BackendWasm(module);
  letExit(module);
  return backend;
}

/** Only the threaded build reports its threads; the other one has the calling thread. */
function threadsOf({ wasm: module }: BackendWasm): number {
  return 'PThread' in module ? module.tfjs.getThreadsCount() : 1;
}

const FATAL_EVENTS = ['uncaughtException', 'unhandledRejection'];

/**
 * Emscripten's start-up code adds process listeners that rethrow errors,
 * which turns Node's exit code 1 into 7 and bypasses the program's own handling. Removes them again.
 */
async function preserveListeners<T>(work: () => Promise<T>): Promise<T> {
  const before = FATAL_EVENTS.map((event) => new Set(process.rawListeners(event)));
  try {
    return await work();
  } finally {
    FATAL_EVENTS.forEach((event, i) => {
      for (const listener of process.rawListeners(event)) {
        if (!before[i]!.has(listener)) process.removeListener(event, listener as () => void);
      }
    });
  }
}
