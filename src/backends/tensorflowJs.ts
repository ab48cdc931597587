import type * as TF from '@tensorflow/tfjs-core';

let loaded: typeof TF | undefined;

/**
 * TensorFlow.js's core, loaded with the first backend, so that help texts do not wait for it.
 * Kept here, because kernels need it in every step and a `require` takes 10 µs.
 */
export function core(): typeof TF {
  return (loaded ??= require('@tensorflow/tfjs-core') as typeof TF);
}

/**
 * Loads a part of TensorFlow.js with its warnings off. If a package in the user's folder has its own copy of
 * TensorFlow.js, the two share their registries, and each kernel that is registered again causes a harmless warning:
 * hundreds of lines. Errors are still reported.
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
  // setBackend hides the reason: calling the factory again throws it.
  await tf.findBackendFactory(name)();
  throw new Error(`TensorFlow.js could not initialize its ${name} backend`);
}

/** The versions that every backend reports. */
export function commonVersions(): Record<string, string> {
  return { node: process.versions.node, 'tfjs-core': core().version_core };
}
