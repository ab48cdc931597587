import { cp, mkdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { inTemporaryFolder } from './measure/rounds';

/** The time of `npm run train`, from command to prompt, in a checkout after `npm ci` only; seconds of each round. */
export interface FreshTraining {
  /** With the default backend, which is compiled if it is native. */
  readonly auto: readonly number[];
  /** With HANDGRAD_BACKEND=wasm. */
  readonly wasm: readonly number[];
  /** The backend chosen. */
  readonly backend?: string;
  /** Why native was not chosen, or why nothing was timed. */
  readonly why?: string;
}

/** The files of a clone that training may need. */
const SOURCES = ['bin', 'cli', 'src', 'bench', 'datasets', 'pages', 'package.json', 'tsconfig.json'];

/**
 * Trains in a copy of the checkout without compiled sources or native backend, with both backends in turn.
 * Excludes `npm ci` and the download of the data.
 * @param flags of `train`: where the data is, and how much of it
 */
export async function measureFreshTraining(
  root: string,
  flags: readonly string[],
  rounds: number,
  signal = new AbortController().signal,
): Promise<FreshTraining> {
  return inTemporaryFolder(async (folder) => {
    const checkout = path.join(folder, 'checkout');
    await copySources(root, checkout);
    const ways = { auto: undefined, wasm: 'wasm' };
    const seconds = { auto: [] as number[], wasm: [] as number[] };
    let [backend, why]: (string | undefined)[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const [way, wanted] of Object.entries(ways) as [keyof typeof ways, string | undefined][]) {
        await rm(path.join(checkout, '.cache'), { recursive: true, force: true });
        const library = path.join(folder, `library-${round}-${way}`);
        const run = path.join(folder, `run-${round}-${way}`);
        const env = environment(wanted, library);
        const args = ['run', '--silent', 'train', '--', '--json', '--run-dir', run, ...flags];
        const started = performance.now();
        const { stdout, stderr } = await execa('npm', args, {
          cwd: checkout,
          env,
          stdin: 'ignore',
          cancelSignal: signal,
        });
        seconds[way].push((performance.now() - started) / 1000);
        if (way !== 'auto') continue;
        ({ backend } = JSON.parse(stdout.split('\n')[0]!) as { backend: string });
        why = backend === 'native' ? undefined : `auto took ${backend}; ${notesOf(stderr)}`;
      }
    }
    return { ...seconds, backend, why };
  });
}

async function copySources(root: string, checkout: string): Promise<void> {
  await mkdir(checkout);
  // Data sets in the checkout are folders beside the files that describe them.
  const data = path.join(root, 'datasets') + path.sep;
  for (const name of SOURCES) {
    const filter = (file: string) => !file.startsWith(data) || file.endsWith('.json');
    await cp(path.join(root, name), path.join(checkout, name), { recursive: true, filter });
  }
  await symlink(path.join(root, 'node_modules'), path.join(checkout, 'node_modules'), 'junction');
}

/** An environment without a chosen or cached backend and without a GPU, to time native. */
function environment(backend: string | undefined, library: string): Record<string, string | undefined> {
  return {
    HANDGRAD_BACKEND: backend,
    HANDGRAD_NO_COMPILE: undefined,
    HANDGRAD_NATIVE: library,
    CUDA_VISIBLE_DEVICES: '-1',
  };
}

/** The notices about the choice, in one line. */
function notesOf(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  return lines.filter((line) => /^(Note:|not )/.test(line)).join(' ') || 'it did not say why';
}
