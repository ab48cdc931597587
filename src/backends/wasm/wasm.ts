import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { KernelBackend } from '@tensorflow/tfjs-core';
import type { Backend, Unavailable } from '../backend';
import { tooManyThreads, watchProcessors } from '../processors';
import { activate, commonVersions, core, loadQuietly } from '../tensorflowJs';
import { replaceWasmKernels } from './kernels';
import { letExit, MOST_WASM_THREADS, startThreads } from './threads';
import { useWideVectors } from './wideVectors';

/** WebAssembly on the processor. Comes with npm, so every machine has it. */
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
    const threads = await keepingListeners(() => activateWith(decided ?? fastest(share), notice));
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

// require, not import(): import() reads the bundle once more for its export names, which costs as much as all the rest.
const wasmPackage = () => require('@tensorflow/tfjs-backend-wasm') as typeof import('@tensorflow/tfjs-backend-wasm');

/**
 * How many threads are fastest. The backend's threads wait for each other by looking all the time, so that on
 * processors that others use as well two are slower than one (docs/backends.md): no more than there are
 * processors free for them, and half of those beyond two, up to TensorFlow.js's own limit, because many of them
 * are two halves of one core.
 * @param share the processors that this process can have to itself
 */
function fastest(share: number): number {
  return share < 1.5 ? 1 : Math.min(4, Math.max(2, Math.floor(share / 2)));
}

/** Makes the backend of one thread: TensorFlow.js's own. */
let ownFactory: (() => KernelBackend | Promise<KernelBackend>) | undefined;

const runningBackend = () => core().engine().registry['wasm'] as BackendWasm | undefined;

/**
 * Makes the backend current, on `threads` threads; on one, with a notice, where more do not start. A backend that runs
 * already with another number is stopped and started again.
 * @returns the number of threads that it has now
 */
async function activateWith(threads: number, notice: (message: string) => void): Promise<number | Unavailable> {
  const running = runningBackend();
  const current = running && threadsOf(running);
  if (current !== threads) {
    if (running && running.numDataIds() > 0) {
      return {
        reason:
          `it runs on ${current === 1 ? 'one thread' : `${current} threads`} already, ` + `and there are tensors on it`,
        remedy: 'dispose of them first or leave the number of threads as it is',
      };
    }
    try {
      await startAgain(threads);
    } catch (error) {
      if (threads === 1) throw error;
      const message = error instanceof Error ? error.message : String(error);
      notice(`The wasm backend cannot start ${threads} threads (${message.split('\n')[0]}): it computes on one.`);
      await startAgain(1);
    }
  }
  await activate('wasm');
  return threadsOf(core().backend() as BackendWasm);
}

/** Stops the backend where it runs, and starts it. */
async function startAgain(threads: number): Promise<void> {
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

/** Only the threaded build says how many it has; the other one has the thread that it is called on. */
function threadsOf({ wasm: module }: BackendWasm): number {
  return 'PThread' in module ? module.tfjs.getThreadsCount() : 1;
}

const FATAL_EVENTS = ['uncaughtException', 'unhandledRejection'];

/**
 * Emscripten's start-up code hangs listeners on the process that throw the error again, which turns Node's exit code 1
 * into 7 and takes the decision from the program. They are taken off again.
 */
async function keepingListeners<T>(work: () => Promise<T>): Promise<T> {
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
