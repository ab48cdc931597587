import fs from 'node:fs/promises';
import path from 'node:path';
import { HandgradError } from '../../../errors';
import { command, type Progress, tryCommand } from './command';
import type { TensorFlow } from './tensorFlow';

/** A C++ compiler. */
export interface Compiler {
  readonly file: string;
  /** `g++ (Debian 12.2.0-14) 12.2.0` */
  readonly version: string;
}

/** The version of the addon's interface to Node: tfjs-node 4.22 expects it, and Node has it since 16. */
const NAPI_VERSION = 8;

/**
 * Finds the compiler: that of CXX, or else the system's.
 * @throws HandgradError 'backend' when there is none
 */
export async function findCompiler(progress: Progress): Promise<Compiler> {
  const named = process.env['CXX'];
  for (const file of named ? [named] : ['c++', 'g++', 'clang++']) {
    const version = await tryCommand(file, ['--version'], progress);
    if (version !== undefined) return { file, version: version.split('\n')[0]! };
  }
  const lack = named ? `${named}, which CXX names, does not run` : 'there is none';
  const remedy =
    process.platform === 'darwin'
      ? 'run "xcode-select --install"'
      : 'install one (on Debian and Ubuntu: apt-get install g++)';
  throw new HandgradError('backend', `setup tensorflow needs a C++ compiler, and ${lack}: ${remedy}.`);
}

/**
 * The kernels of TensorFlow 2.21 for small products (oneDNN's) use heap memory as their stack. A signal delivered to
 * the computing thread leaves its frame there, and Ctrl-C ends in "free(): invalid pointer" instead of a checkpoint. So
 * the thread that loads TensorFlow, and all that it starts, block signals; Node's earlier threads handle them. Not
 * blocked: faults of a thread's own instructions, and the signals of V8's profiler.
 */
const SIGNAL_MASK = `
#include <pthread.h>
#include <signal.h>

__attribute__((constructor)) static void leaveSignalsToOtherThreads() {
  const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGPROF};
  sigset_t signals;
  sigfillset(&signals);
  for (int signal : own) sigdelset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}
`;

/**
 * Compiles tfjs-node's addon, two C++ files and the signal mask, into the folder where tfjs-node expects it.
 * The paths of TensorFlow's libraries are linked in, so no environment variable is needed.
 * @param work has tfjs-node and node-api-headers in its node_modules
 */
export async function compileAddon(
  { file }: Compiler,
  { folder, libraries, cudaFolders }: TensorFlow,
  work: string,
  progress: Progress,
): Promise<void> {
  const tfjsNode = path.join(work, 'node_modules/@tensorflow/tfjs-node');
  const target = path.join(tfjsNode, `lib/napi-v${NAPI_VERSION}`);
  await fs.mkdir(target, { recursive: true });
  const headers = [path.join(work, 'node_modules/node-api-headers/include'), path.join(folder, 'include'), tfjsNode];
  const options = [
    '-std=c++17',
    '-O2',
    '-fPIC',
    '-w',
    `-DNAPI_VERSION=${NAPI_VERSION}`,
    ...headers.flatMap((one) => ['-I', one]),
  ];
  const source = (name: string) => path.join(tfjsNode, 'binding', `${name}.cc`);
  const signalMask = source('signal_mask');
  await fs.writeFile(signalMask, SIGNAL_MASK);
  const sources = [source('tfjs_backend'), source('tfjs_binding'), signalMask];
  const objects = sources.map((source) => source.replace(/\.cc$/, '.o'));
  await Promise.all(sources.map((source, i) => command(file, [...options, '-c', source, '-o', objects[i]!], progress)));
  // A downloaded TensorFlow moves with the addon, an installed one stays.
  const inside = !path.relative(work, folder).startsWith('..');
  const origin = process.platform === 'darwin' ? '@loader_path' : '$ORIGIN';
  const runPath = (place: string) => (inside ? `${origin}/${path.relative(target, place)}` : place);
  const places = [...new Set(libraries.map((library) => path.dirname(path.join(folder, library))))].map(runPath);
  await command(
    file,
    [
      process.platform === 'darwin' ? '-bundle' : '-shared',
      ...(process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : []),
      ...objects,
      ...libraries.map((library) => path.join(folder, library)),
      ...(await preloaded(cudaFolders)),
      ...[...places, ...cudaFolders].map((place) => `-Wl,-rpath,${place}`),
      '-o',
      path.join(target, 'tfjs_binding.node'),
    ],
    progress,
  );
  await Promise.all(objects.map((object) => fs.rm(object)));
}

/** The parts of CUDA that TensorFlow looks for by name when it starts. */
const CUDA_LIBRARIES = /^lib(cudart|cublas|cublasLt|cufft|cusolver|cusparse|cudnn|nvJitLink|nccl|cupti)\.so\.[\d.]+$/;

/**
 * The linker flags for the CUDA that pip installed: TensorFlow finds only libraries that are loaded
 * already or known to the system.
 */
async function preloaded(cudaFolders: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const folder of cudaFolders) {
    const names = (await fs.readdir(folder)).filter((name) => CUDA_LIBRARIES.test(name));
    found.push(...names.map((name) => path.join(folder, name)));
  }
  return found.length > 0 ? ['-Wl,--no-as-needed', ...found] : [];
}
