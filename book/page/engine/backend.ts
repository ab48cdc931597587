import * as tf from '@tensorflow/tfjs-core';
import { replaceWasmKernels } from '../../../src/backends/wasm/kernels';

interface Backend {
  /** Loads it. */
  load(): Promise<unknown>;
  /** Whether the browser has it, on something faster than the processor. */
  isFast(): boolean | Promise<boolean>;
}

/** The backends in the order in which they are tried. wasm runs everywhere. */
const BACKENDS: Readonly<Record<string, Backend>> = {
  webgpu: {
    load: () => import('@tensorflow/tfjs-backend-webgpu'),
    async isFast() {
      const adapter = await gpu()?.requestAdapter();
      return adapter ? !adapter.info?.isFallbackAdapter && !isSoftware(adapter.info?.description ?? '') : false;
    },
  },
  webgl: {
    load: () => import('@tensorflow/tfjs-backend-webgl'),
    isFast() {
      const context = new OffscreenCanvas(1, 1).getContext('webgl2');
      const details = context?.getExtension('WEBGL_debug_renderer_info');
      return (
        context !== null && !(details && isSoftware(String(context.getParameter(details.UNMASKED_RENDERER_WEBGL))))
      );
    },
  },
  wasm: {
    async load() {
      const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
      setWasmPaths(new URL('./', import.meta.url).href);
      // A server that isolates its pages would allow threads; the sums and their order are then the same.
      tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    },
    isFast: () => true,
  },
};

interface Adapter {
  readonly info?: { readonly isFallbackAdapter?: boolean; readonly description?: string };
}

const gpu = () => (navigator as { gpu?: { requestAdapter(): Promise<Adapter | null> } }).gpu;

/** A graphics driver that computes on the processor: wasm is faster. */
const isSoftware = (renderer: string) => /swiftshader|llvmpipe|software|basic render/i.test(renderer);

/**
 * Starts a backend of TensorFlow.js.
 * @param wanted its name; `auto` takes the first one that this browser runs
 * @returns its name
 * @throws Error when none runs
 */
export async function startBackend(wanted: string): Promise<string> {
  const names = Object.keys(BACKENDS).filter((name) => wanted === 'auto' || name === wanted);
  const reasons: string[] = [];
  for (const name of names) {
    try {
      if (wanted === 'auto' && !(await BACKENDS[name]!.isFast())) continue;
      await BACKENDS[name]!.load();
      if (!(await tf.setBackend(name)) || !(await computes())) throw new Error('it does not compute');
      if (name === 'wasm') replaceWasmKernels();
      return name;
    } catch (error) {
      reasons.push(`${name} (${error instanceof Error ? error.message : String(error)})`);
    }
  }
  const known = Object.keys(BACKENDS).join(', ');
  throw new Error(
    names.length === 0
      ? `There is no backend "${wanted}"; choose one of auto, ${known}.`
      : `This browser runs none of these backends: ${reasons.join(', ')}.`,
  );
}

async function computes(): Promise<boolean> {
  const product = tf.tidy(() => tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])));
  const [eleven] = await product.data();
  product.dispose();
  return Math.abs(eleven! - 11) < 1e-3;
}
