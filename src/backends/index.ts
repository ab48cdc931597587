import { HandgradError } from '../errors';
import type { Backend, BackendOptions, Running, Unavailable } from './backend';
import { cpu } from './cpu';
import { tensorflowGpu } from './tensorflow/tensorflowGpu';
import { tensorflow } from './tensorflow/tensorflow';
import { core } from './tensorflowJs';
import { verify } from './selfTest';
import { wasm } from './wasm/wasm';
import { MAX_THREADS } from './wasm/threads';
import { webgpu } from './webgpu/webgpu';

export { MAX_THREADS };

/** Every backend, by the name that users give. */
export const BACKENDS = { 'tensorflow-gpu': tensorflowGpu, tensorflow, webgpu, wasm, cpu } satisfies Record<
  string,
  Backend
>;

export type BackendName = keyof typeof BACKENDS;

/**
 * What `auto` tries. Fastest first; cpu, which every Node runs, is the last resort. webgpu is taken by name only: how fast and
 * how exact it is depends on the GPU and its driver.
 */
export const AUTO_ORDER: readonly BackendName[] = ['tensorflow-gpu', 'tensorflow', 'wasm', 'cpu'];

/** The backend that TensorFlow.js computes on from now on. */
export interface RunningBackend extends Running {
  readonly name: BackendName;
  /** The backends that `auto` would have liked better, and why it could not take each; empty for a named backend. */
  readonly rejected: readonly Rejection[];
}

export interface Rejection {
  readonly name: BackendName;
  readonly reason: string;
}

/**
 * Starts a backend, checks its arithmetic on a small network with known numbers, and makes it the one that
 * TensorFlow.js computes on.
 * @param requested a name, or `auto` for the first of tensorflow-gpu, tensorflow, wasm and cpu that runs here
 * @param options.onNotice takes one-sentence messages that the user should see
 * @param options.threads how many threads the wasm backend computes on, 1 … 8; the others choose theirs themselves
 * @param options.allowSoftware let webgpu take an adapter that is a program on the processor, such as SwiftShader
 * @throws HandgradError `usage` for another name or number of threads; `backend` when the named backend cannot run here or computes wrong numbers, with the remedy. No
 * other backend is taken in its place, and the one that was current before is current again.
 */
export async function selectBackend(
  requested: 'auto' | BackendName,
  { onNotice = () => {}, ...options }: BackendOptions & { onNotice?: (message: string) => void } = {},
): Promise<RunningBackend> {
  if (requested !== 'auto' && !Object.hasOwn(BACKENDS, requested)) {
    const names = Object.keys(BACKENDS).join(', ');
    throw new HandgradError(
      'usage',
      `There is no backend ${JSON.stringify(requested)}: choose auto or one of ${names}.`,
    );
  }
  const { threads } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS)) {
    throw new HandgradError('usage', `A backend cannot have ${threads} threads: choose 1 to ${MAX_THREADS}.`);
  }
  const before = core().getBackend();
  const rejected: (Rejection & Unavailable)[] = [];
  for (const name of requested === 'auto' ? AUTO_ORDER : [requested]) {
    const started = await start(name, onNotice, options);
    if (!('reason' in started)) {
      if (threads !== undefined && started.threads === undefined) {
        onNotice(`The ${name} backend chooses its threads itself: the number ${threads} has no effect on it.`);
      }
      return { name, ...started, rejected: rejected.map(({ name, reason }) => ({ name, reason })) };
    }
    rejected.push({ name, ...started });
  }
  if (before) await core().setBackend(before);
  const which = requested === 'auto' ? 'No backend runs here' : `The ${requested} backend cannot run here`;
  const why = rejected.map(({ name, reason }) => (requested === 'auto' ? `${name}: ${reason}` : reason)).join('; ');
  throw new HandgradError('backend', `${which}: ${why}; ${rejected.at(-1)!.remedy}.`);
}

async function start(
  name: BackendName,
  notice: (message: string) => void,
  options: BackendOptions,
): Promise<Running | Unavailable> {
  try {
    const started = await BACKENDS[name].start(notice, options);
    if ('reason' in started) return started;
    const wrong = await verify();
    return wrong ? { reason: `it computes wrong numbers (${wrong})`, remedy: 'choose another backend' } : started;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      reason: `it does not start (${message.split('\n')[0]})`,
      remedy: 'install its packages again or choose another backend',
    };
  }
}
