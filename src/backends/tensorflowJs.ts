import type * as TF from '@tensorflow/tfjs-core';

let loaded: typeof TF | undefined;

/**
 * TensorFlow.js's core, loaded when a backend is: a command line that only wants the backends' names does not wait for
 * it. Kernels ask for it in every step, and Node takes 10 µs to find what is loaded already.
 */
export function core(): typeof TF {
  return (loaded ??= require('@tensorflow/tfjs-core') as typeof TF);
}

/**
 * Loads a part of TensorFlow.js with its warnings off. When an addon of the user's folder brings a TensorFlow.js of its
 * own, the two share their registries and each kernel that is registered again is worth a warning to it: hundreds of
 * lines, all of them harmless. Errors are not warnings and come through.
 */
export async function loadQuietly<T>(load: () => T | Promise<T>): Promise<T> {
  const flags = core().env();
  const before = flags.getBool('PROD'); // in this mode TensorFlow.js prints no warnings; nothing else changes
  flags.set('PROD', true);
  try {
    return await load();
  } finally {
    flags.set('PROD', before);
  }
}

/**
 * Makes a registered backend of TensorFlow.js the current one.
 * @throws what the backend's own initialization throws
 */
export async function activate(name: string): Promise<void> {
  const tf = core();
  if (await loadQuietly(() => tf.setBackend(name))) return;
  // setBackend keeps the reason to itself: the factory, asked again, throws it.
  await tf.findBackendFactory(name)();
  throw new Error(`TensorFlow.js could not initialize its ${name} backend`);
}

/** The versions that every backend reports. */
export function commonVersions(): Record<string, string> {
  return { node: process.versions.node, 'tfjs-core': core().version_core };
}
