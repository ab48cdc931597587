import type { KernelFunc } from '@tensorflow/tfjs-core';
import { core } from './tensorflowJs';

const replacements = new WeakSet<KernelFunc>();

/**
 * Replaces a kernel of a running backend by `wrap(kernel)`. A kernel that is already replaced stays as it is.
 * @param backendName as TensorFlow.js names the backend: `wasm`, `tensorflow`
 */
export function replaceKernel(
  backendName: string,
  kernelName: string,
  wrap: (original: KernelFunc) => KernelFunc,
): void {
  const tf = core();
  const registered = tf.getKernel(kernelName, backendName);
  if (!registered) throw new Error(`TensorFlow.js's ${backendName} backend has no kernel ${kernelName}`);
  if (replacements.has(registered.kernelFunc)) return;
  const kernelFunc = wrap(registered.kernelFunc);
  replacements.add(kernelFunc);
  tf.unregisterKernel(kernelName, backendName); // registering over a kernel prints a warning
  tf.registerKernel({ ...registered, kernelFunc });
}
