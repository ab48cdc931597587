import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Absent, Contender } from './contenders';
import { explainFailure, type Program, startProgram, timedRun } from './timedRun';
import type { Product, Work } from './work';

/** The names of the peers in tables. */
export const PEERS = {
  published: "the post's PyTorch, as published",
  eager: 'PyTorch eager, in memory',
  compiled: 'torch.compile',
  jax: 'JAX jit',
  sklearn: 'scikit-learn MLPClassifier',
  eagerCuda: 'PyTorch eager, cuda',
  compiledCuda: 'torch.compile, cuda',
  jaxCuda: 'JAX jit, cuda',
  layersTensorflow: 'tfjs-layers, tensorflow',
  layersWasm: 'tfjs-layers, wasm',
} as const;

/** How peers are started. */
export interface PeerSettings {
  /** The folder of their programs. */
  readonly folder: string;
  readonly python: string;
  /** The folder of the data set. */
  readonly data: string;
  /** The folder of tfjs-node, if handgrad found one. */
  readonly tfjsNode: string | undefined;
  /** Include those on an NVIDIA GPU. */
  readonly gpu: boolean;
  /** An empty folder for torch.compile's cache, so that its first compilation is timed. */
  readonly scratch: string;
}

/** Where the peers' programs are: in a checkout. The installed package has none of them. */
export function peersFolder(): string | undefined {
  const folder = path.join(path.dirname(require.resolve('handgrad/package.json')), 'bench', 'peers');
  return existsSync(folder) ? folder : undefined;
}

/**
 * Every peer that can do the work here. Each is tried with zero epochs:
 * it imports its libraries, loads the data, and compiles if it does so at all.
 */
export async function peerContenders(
  work: Work,
  settings: PeerSettings,
  signal: AbortSignal,
): Promise<{ present: Contender[]; absent: Absent[] }> {
  const present: Contender[] = [];
  const absent: Absent[] = [];
  for (const peer of candidates(work, settings)) {
    try {
      const { about } = await timedRun(peer.program({ data: settings.data, epochs: 0, runDir: '' }), signal);
      present.push({ ...peer, about });
    } catch (error) {
      signal.throwIfAborted();
      absent.push({ name: peer.name, reason: (error as Error).message.split('\n').at(-1)! });
    }
  }
  return { present, absent };
}

function candidates(work: Work, { folder, python, tfjsNode, gpu, scratch }: PeerSettings): Omit<Contender, 'about'>[] {
  const size = ['--batch-size', `${work.batchSize}`, '--hidden', work.hidden.join()];
  const script = (name: string) => path.join(folder, name);
  const env = pythonEnvironment(scratch);
  const pythonPeer = (name: string, file: string, ...flags: string[]): Omit<Contender, 'about'> => ({
    name,
    program: ({ data, epochs }) => ({
      ...{ file: python, env },
      args: [script(file), ...flags, '--data', data, '--epochs', `${epochs}`, '--json'],
    }),
  });
  const pytorch = (name: string, ...device: string[]): Omit<Contender, 'about'> => ({
    ...pythonPeer(name, 'post_in_memory.py', ...size, ...device),
    products: (products, signal) =>
      mmSeconds({ file: python, args: [script('products.py'), ...device], env }, products, signal),
  });
  const layers = (name: string, backend: string, samples?: number): Omit<Contender, 'about'> => ({
    name,
    samples,
    program: ({ data, epochs }) => {
      const limit = samples === undefined ? [] : ['--limit', `${samples}`];
      const length = ['--epochs', `${samples === undefined ? epochs : Math.min(1, epochs)}`];
      const args = [script('tfjs_layers.js'), '--backend', backend, ...size, ...limit, ...length];
      return { file: process.execPath, args: [...args, '--data', data, '--json'] };
    },
  });
  const onGpu = ['--device', 'cuda'];
  return [
    // Only the post's own network has published code.
    ...(work.name === 'post' ? [pythonPeer(PEERS.published, 'post_as_published.py')] : []),
    pytorch(PEERS.eager),
    pythonPeer(PEERS.compiled, 'post_in_memory.py', ...size, '--compile'),
    pythonPeer(PEERS.jax, 'post_jax.py', ...size),
    pythonPeer(PEERS.sklearn, 'post_sklearn.py', ...size),
    ...(gpu
      ? [
          pytorch(PEERS.eagerCuda, ...onGpu),
          pythonPeer(PEERS.compiledCuda, 'post_in_memory.py', ...size, '--compile', ...onGpu),
          pythonPeer(PEERS.jaxCuda, 'post_jax.py', ...size, ...onGpu),
        ]
      : []),
    ...(tfjsNode ? [layers(PEERS.layersTensorflow, tfjsNode)] : []),
    layers(PEERS.layersWasm, 'wasm', work.name === 'post' ? 6144 : 1024),
  ];
}

/**
 * Clears environment variables that slow down OpenMP and OpenBLAS: some select OpenBLAS kernels of another processor.
 */
function pythonEnvironment(scratch: string): Program['env'] {
  const settings = Object.keys(process.env).filter((name) => /^(OMP|OPENBLAS)_/.test(name));
  return {
    ...Object.fromEntries(settings.map((name) => [name, undefined])),
    TORCHINDUCTOR_CACHE_DIR: path.join(scratch, 'torchinductor'),
  };
}

const productLine = z.object({ seconds: z.number() });

/** Seconds of an epoch's products by torch.mm. */
async function mmSeconds(program: Program, products: readonly Product[], signal: AbortSignal): Promise<number> {
  const shapes = products.map(({ m, k, n }) => `${m}x${k}x${n}`).join();
  try {
    const asked = { ...program, args: [...program.args, '--shapes', shapes, '--json'] };
    const { stdout } = await startProgram(asked, signal);
    // The first line describes the peer.
    const times = stdout.slice(1).map((line) => productLine.parse(JSON.parse(line)).seconds);
    return products.reduce((sum, { times: count }, i) => sum + count * times[i]!, 0);
  } catch (error) {
    signal.throwIfAborted();
    throw explainFailure(program, error);
  }
}
