import path from 'node:path';
import { execa } from 'execa';
import { BACKENDS, type BackendName } from '../../src/backends';
import type { BackendOptions } from '../../src/backends/backend';
import { allowedProcessors } from '../../src/backends/processors';
import { HandgradError } from '../../src/errors';
import type { Answer, Question } from './productProcess';
import type { About, Program } from './timedRun';
import type { Product, Work } from './work';

/** A contender: handgrad on one backend, or a peer. */
export interface Contender {
  readonly name: string;
  readonly about: About;
  /** The backend that it computes on, if it is one of handgrad's. */
  readonly backend?: BackendName;
  /** If it is slow: how many training samples represent all 60,000; it then runs in one round only. */
  readonly samples?: number;
  /** The program that trains, for `epochs` epochs. */
  program(how: { data: string; epochs: number; runDir: string }): Program;
  /** Seconds of the matrix products alone, if they can be timed. */
  products?(products: readonly Product[], signal: AbortSignal): Promise<number>;
}

/** A contender that could not be measured, and why. */
export interface Absent {
  readonly name: string;
  readonly reason: string;
}

/** The wasm backend does not scale beyond this. */
const MOST_THREADS = 4;

/**
 * handgrad on every backend that runs here; wasm on one thread and, if there are processors for it, on several.
 * @param wanted the backends to include
 */
export async function ownContenders(
  work: Work,
  wanted: readonly BackendName[],
  allowSoftware: boolean,
  signal: AbortSignal,
): Promise<{ present: Contender[]; absent: Absent[]; tfjsNode: string | undefined }> {
  const present: Contender[] = [];
  const absent: Absent[] = [];
  const threads = Math.min(MOST_THREADS, allowedProcessors());
  let tfjsNode: string | undefined;
  for (const backend of (Object.keys(BACKENDS) as BackendName[]).filter((name) => wanted.includes(name))) {
    const variants: BackendOptions[] =
      backend !== 'wasm' ? [{ allowSoftware }] : threads === 1 ? [{ threads: 1 }] : [{ threads: 1 }, { threads }];
    for (const options of variants) {
      const name = ownName(backend, options.threads);
      if (backend === 'cpu' && work.name === 'deep') {
        absent.push({ name, reason: 'evaluating the test set alone takes a minute on this network' });
        continue;
      }
      const answer = await measureProducts(backend, options, [], signal);
      if ('refused' in answer) absent.push({ name, reason: answer.refused });
      else {
        tfjsNode ??= answer.tfjsNode;
        present.push(own(work, name, backend, options, answer.about));
      }
    }
  }
  return { present, absent, tfjsNode };
}

/** The name of handgrad on a backend in tables: `handgrad, wasm, 2 threads`. */
export function ownName(backend: BackendName, threads?: number): string {
  const text = threads === undefined ? '' : threads === 1 ? ', one thread' : `, ${threads} threads`;
  return `handgrad, ${backend}${text}`;
}

function own(work: Work, name: string, backend: BackendName, options: BackendOptions, about: About): Contender {
  const samples =
    backend === 'cpu' ? 2 * work.batchSize : work.name === 'deep' && backend === 'wasm' ? 6144 : undefined;
  return {
    name,
    about,
    backend,
    samples,
    program: ({ data, epochs, runDir }) => {
      const flags = {
        dataset: data,
        hidden: work.hidden.join(),
        'batch-size': work.batchSize,
        epochs: samples === undefined ? epochs : 1,
        backend,
        'run-dir': runDir,
        ...(samples === undefined ? {} : { limit: samples }),
        ...(options.threads === undefined ? {} : { threads: options.threads }),
      };
      const given = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, `${value}`]);
      return thisProgram(['train', '--json', ...given, ...(options.allowSoftware ? ['--allow-software'] : [])]);
    },
    products: async (products, signal) => {
      const answer = await measureProducts(backend, options, products, signal);
      if ('refused' in answer) throw new HandgradError('backend', answer.refused);
      return answer.seconds;
    },
  };
}

/** Starts this program again as it was started. */
function thisProgram(args: readonly string[]): Program {
  return { file: process.execPath, args: [...process.execArgv, process.argv[1]!, ...args] };
}

/**
 * Times matrix products on a backend, in a separate process.
 * @param products empty to find only whether the backend runs, and on which device
 */
async function measureProducts(
  backend: BackendName,
  options: BackendOptions,
  products: readonly Product[],
  signal: AbortSignal,
): Promise<Answer> {
  const question: Question = { backend, options, products };
  const script = path.join(__dirname, `productProcess${path.extname(__filename)}`);
  try {
    const args = [...process.execArgv, script, JSON.stringify(question)];
    const { stdout } = await execa(process.execPath, args, { stdin: 'ignore', cancelSignal: signal });
    return JSON.parse(stdout) as Answer;
  } catch (error) {
    signal.throwIfAborted();
    throw new HandgradError('failure', `The products of ${backend} could not be timed: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
