import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Absent, Contender } from './contenders';
import { type Program, timedRun } from './timedRun';
import type { Work } from './work';

/** The names of peers that targets are about. */
export const PEERS = {
  published: "the post's PyTorch, as published",
  inMemory: 'PyTorch in memory',
  layersTensorflow: 'tfjs-layers, tensorflow',
  layersWasm: 'tfjs-layers, wasm',
} as const;

/** Where the peers' programs are: in a checkout. The installed package has none of them. */
export function peersFolder(): string | undefined {
  const folder = path.join(path.dirname(require.resolve('handgrad/package.json')), 'bench', 'peers');
  return existsSync(folder) ? folder : undefined;
}

/**
 * Every peer that can do the work here. Each is tried with no epoch, which imports all that it needs and loads the data.
 * @param tfjsNode the folder of tfjs-node, if handgrad found one
 */
export async function peerContenders(
  work: Work,
  { folder, python, data, tfjsNode }: { folder: string; python: string; data: string; tfjsNode: string | undefined },
  signal: AbortSignal,
): Promise<{ present: Contender[]; absent: Absent[] }> {
  const size = ['--batch-size', `${work.batchSize}`, '--hidden', work.hidden.join()];
  const script = (name: string) => path.join(folder, name);
  const pytorch = (name: string, file: string, flags: readonly string[]): Contender => ({
    name,
    program: ({ data, epochs }) => program(python, [script(file), ...flags], data, epochs),
  });
  const layers = (name: string, backend: string, samples?: number): Contender => ({
    name,
    samples,
    program: ({ data, epochs }) => {
      const limit = samples === undefined ? [] : ['--limit', `${samples}`];
      const args = [script('tfjs_layers.js'), '--backend', backend, ...size, ...limit];
      return program(process.execPath, args, data, samples === undefined ? epochs : Math.min(1, epochs));
    },
  });
  const candidates = [
    // Only the post's own network is published.
    ...(work.name === 'post' ? [pytorch(PEERS.published, 'post_as_published.py', [])] : []),
    pytorch(PEERS.inMemory, 'post_in_memory.py', size),
    ...(tfjsNode ? [layers(PEERS.layersTensorflow, tfjsNode)] : []),
    layers(PEERS.layersWasm, 'wasm', work.name === 'post' ? 6144 : 1024),
  ];
  const present: Contender[] = [];
  const absent: Absent[] = [];
  for (const peer of candidates) {
    try {
      await timedRun(peer.program({ data, epochs: 0, runDir: '' }), signal);
      present.push(peer);
    } catch (error) {
      signal.throwIfAborted();
      absent.push({ name: peer.name, reason: (error as Error).message.split('\n').at(-1)! });
    }
  }
  return { present, absent };
}

function program(file: string, args: readonly string[], data: string, epochs: number): Program {
  return { file, args: [...args, '--data', data, '--epochs', `${epochs}`, '--json'] };
}
