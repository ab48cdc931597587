import fs from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';
import { Worker } from 'node:worker_threads';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

/** The limit of the threaded build. */
export const MOST_WASM_THREADS = 8;

/** Emscripten's module of the threaded build, with members that TensorFlow.js's type lacks. */
type ThreadedModule = BackendWasm['wasm'] & {
  cwrap(name: string, returns: 'number' | null, takes: readonly 'number'[]): never;
  PThread: { unusedWorkers: Worker[]; runningWorkers: Worker[] };
};

type Factory = (module: { mainScriptUrlOrBlob: string; locateFile(file: string): string }) => Promise<ThreadedModule>;

/**
 * Starts the threaded build of the WebAssembly backend, which TensorFlow.js 4.22 switches off in Node
 * (tensorflow/tfjs#3830): it would start each worker from a blob, and Node's workers read files. Here they get the
 * sources in the package, so no file is written. The workers keep no process alive.
 * @param threads 2 … MOST_WASM_THREADS, this one included
 * @returns the module for a `BackendWasm`, after `setThreadsCount(threads)`; call `letExit` once the backend exists
 * @throws Error when a worker does not start
 */
export async function startThreads(threads: number): Promise<ThreadedModule> {
  const workers: Worker[] = [];
  let fail: (reason: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => (fail = reject));
  failed.catch(() => {}); // unused after the start: Emscripten rethrows the errors of workers
  const texts = threadedBuild();

  // The build calls `new Worker(…)` for its whole pool at once. Entries beyond `threads` stay empty objects.
  function PoolWorker(): Worker | undefined {
    if (workers.length === threads - 1) return undefined;
    const worker = new Worker(texts.worker, { eval: true, execArgv: [], name: 'wasm' });
    worker.once('error', fail).once('exit', (code) => fail(new Error(`a worker ended with exit code ${code}`)));
    workers.push(worker);
    return worker;
  }

  try {
    const module: Partial<ThreadedModule> & Parameters<Factory>[0] = {
      mainScriptUrlOrBlob: texts.main,
      locateFile: (file) => path.join(path.dirname(texts.main), file),
    };
    const ready = evaluate(texts.main, PoolWorker, threads)(module);
    module.PThread!.unusedWorkers.length = workers.length;
    return withInterface(await Promise.race([ready, failed]));
  } catch (error) {
    await Promise.all(workers.map((worker) => worker.terminate()));
    throw error;
  }
}

/** Lets the process end while the workers run, as TensorFlow.js's other backends do. */
export function letExit(module: BackendWasm['wasm']): void {
  for (const worker of (module as ThreadedModule).PThread.runningWorkers) worker.unref();
}

/** The path of the build's main script, which workers read as well, and the source of its workers. */
function threadedBuild(): { main: string; worker: string } {
  const folder = path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
  const main = path.join(folder, 'wasm-out/tfjs-backend-wasm-threaded-simd.js');
  const { wasmWorkerContents } = require(main.replace(/\.js$/, '.worker.js')) as { wasmWorkerContents: string };
  // A template literal has unescaped the one "\n" in its code.
  return { main, worker: wasmWorkerContents.replaceAll('\n', '\\n') };
}

/**
 * Runs the build's main script as `require` would, but with our `Worker`,
 * and with an `os` that reports twice `threads` processors: it uses half of them.
 */
function evaluate(main: string, PoolWorker: () => Worker | undefined, threads: number): Factory {
  const script = { exports: {} as unknown };
  const load = (name: string): unknown => (name === 'os' ? { cpus: () => ({ length: 2 * threads }) } : require(name));
  const scope = { require: load, module: script, __filename: main, __dirname: path.dirname(main) };
  // It writes its Worker into `global`: a local object keeps it out of this process.
  const bindings = { ...scope, exports: script.exports, global: {}, Worker: PoolWorker };
  const run = vm.compileFunction(fs.readFileSync(main, 'utf8'), Object.keys(bindings), { filename: main });
  Reflect.apply(run, undefined, Object.values(bindings));
  return script.exports as Factory;
}

/** Adds the functions that `BackendWasm` calls, under the names it uses. */
function withInterface(module: ThreadedModule): ThreadedModule {
  const cwrap: ThreadedModule['cwrap'] = (...signature) => module.cwrap(...signature);
  module.tfjs = {
    init: cwrap('init', null, []),
    initWithThreadsCount: cwrap('init_with_threads_count', null, ['number']),
    getThreadsCount: cwrap('get_threads_count', 'number', []),
    registerTensor: cwrap('register_tensor', null, ['number', 'number', 'number']),
    disposeData: cwrap('dispose_data', null, ['number']),
    dispose: cwrap('dispose', null, []),
  };
  return module;
}
