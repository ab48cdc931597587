import { HandgradError } from '../errors';
import { quoted } from '../words';
import { type Backend, type BackendOptions, MAX_THREADS, type Running, type Unavailable } from './backend';
import { cpu } from './cpu';
import { cuda } from './device/cuda/cuda';
import { native } from './device/native/native';
import { tensorflowGpu } from './tensorflow/tensorflowGpu';
import { tensorflow } from './tensorflow/tensorflow';
import { core } from './tensorflowJs';
import { verify } from './selfTest';
import { wasm } from './wasm/wasm';
import { webgpu } from './webgpu/webgpu';

export { MAX_THREADS };

/** Every backend, by the name that users give. */
export const BACKENDS = {
  cuda,
  native,
  'tensorflow-gpu': tensorflowGpu,
  tensorflow,
  webgpu,
  wasm,
  cpu,
} satisfies Record<string, Backend>;

/** The name of a backend. */
export type BackendName = keyof typeof BACKENDS;

/**
 * The backends that `auto` tries, fastest first; cpu, which always runs, is the last resort.
 * webgpu must be named: its speed and precision depend on the GPU and its driver.
 */
export const AUTO_ORDER: readonly BackendName[] = ['cuda', 'native', 'tensorflow-gpu', 'tensorflow', 'wasm', 'cpu'];

/** The backend that TensorFlow.js computes on. */
export interface RunningBackend extends Running {
  readonly name: BackendName;
  /**
   * The faster backends that `auto` had to pass over, and why, except those without the hardware; empty for a named
   * backend.
   */
  readonly rejected: readonly Rejection[];
}

/** A backend that `auto` passed over. */
export interface Rejection {
  readonly name: BackendName;
  readonly reason: string;
}

/** How a backend is selected. */
export interface SelectOptions extends BackendOptions {
  /**
   * Lets `auto` compile the native backend if needed, unless the environment has HANDGRAD_NO_COMPILE=1.
   * Requested by name, it is always compiled if needed.
   */
  readonly compile?: boolean;
  /** Receives one-sentence messages for the user. */
  readonly onNotice?: (message: string) => void;
}

/**
 * Starts a backend, checks its arithmetic on a small network with known numbers, and makes it the one that
 * TensorFlow.js computes on.
 * @param requested a name, or `auto` for the first of cuda, native, tensorflow-gpu, tensorflow, wasm and cpu that runs
 * here
 * @throws HandgradError `usage` for an unknown name, an invalid number of threads, or TF32 on a backend other than
 * cuda; `backend` with a remedy when the named backend cannot run here or computes wrong numbers. No other backend
 * takes its place: the previous one stays current.
 */
export async function selectBackend(
  requested: 'auto' | BackendName,
  { onNotice = () => {}, ...options }: SelectOptions = {},
): Promise<RunningBackend> {
  if (requested !== 'auto' && !Object.hasOwn(BACKENDS, requested)) {
    const names = Object.keys(BACKENDS).join(', ');
    throw new HandgradError('usage', `There is no backend ${quoted(requested)}: choose auto or one of ${names}.`);
  }
  const { threads } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS)) {
    throw new HandgradError('usage', `A backend cannot have ${threads} threads: choose 1 to ${MAX_THREADS}.`);
  }
  const compile = requested !== 'auto' || (options.compile === true && process.env['HANDGRAD_NO_COMPILE'] !== '1');
  const before = core().getBackend();
  const rejected: (Rejection & Unavailable)[] = [];
  for (const name of requested === 'auto' ? AUTO_ORDER : [requested]) {
    if (options.tf32 && requested !== 'auto' && name !== 'cuda') throw onlyOnCuda(name);
    const started = await start(name, onNotice, { ...options, compile });
    if (!('reason' in started)) {
      if (options.tf32 && name !== 'cuda') throw onlyOnCuda(name);
      if (threads !== undefined && started.threads === undefined) {
        onNotice(`The ${name} backend chooses its threads itself: the number ${threads} has no effect on it.`);
      }
      const missed = rejected.filter(({ noHardware }) => !noHardware);
      return { name, ...started, rejected: missed.map(({ name, reason }) => ({ name, reason })) };
    }
    rejected.push({ name, ...started });
  }
  if (before) await core().setBackend(before);
  const which = requested === 'auto' ? 'No backend runs here' : `The ${requested} backend cannot run here`;
  const why = rejected.map(({ name, reason }) => (requested === 'auto' ? `${name}: ${reason}` : reason)).join('; ');
  throw new HandgradError('backend', `${which}: ${why}; ${rejected.at(-1)!.remedy}.`);
}

const onlyOnCuda = (name: BackendName) =>
  new HandgradError(
    'usage',
    `TF32 is a format of NVIDIA's tensor cores: the cuda backend computes in it, ${name} does not.`,
  );

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
