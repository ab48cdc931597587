import { getKernel, type KernelConfig, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import type * as Mocha from 'mocha';
import { type BackendName, selectBackend } from '../src/backends';
import { HandgradError } from '../src/errors';
import { need } from './need';

/** The backends that npm alone provides, so that every machine has them. */
export const NPM_BACKENDS = ['cpu', 'wasm'] as const;

/**
 * The backends that the specs of the mathematics run on: npm's, or the one that HANDGRAD_SPEC_BACKEND names. `npm
 * test` runs them again on native, and on tensorflow in a process of its own: tfjs-node brings TensorFlow.js's
 * registered gradients with it.
 */
export const SPEC_BACKENDS = (
  process.env['HANDGRAD_SPEC_BACKEND'] ? [process.env['HANDGRAD_SPEC_BACKEND']] : NPM_BACKENDS
) as readonly BackendName[];

/** The first of them, for what is too slow to be run on each. */
export const ONE_BACKEND = SPEC_BACKENDS[0]!;

/** Runs the specs of `body` once on each backend of this process. */
export function onEachBackend(body: (this: Mocha.Suite, backend: BackendName) => void): void {
  for (const backend of SPEC_BACKENDS) {
    describe(`on ${backend}`, function () {
      useBackend(backend);
      body.call(this, backend);
    });
  }
}

/** Makes the backend current before the specs of the surrounding suite; where it is not there, the suite is skipped. */
export function useBackend(backend: BackendName): void {
  before(async function () {
    await startBackend(this, backend);
  });
}

/** Takes a kernel of ours from the backend during the surrounding suite, which is about the operations in its place. */
export function withoutKernel(kernelName: string, backend: BackendName): void {
  let kernel: KernelConfig | undefined;
  before(() => {
    kernel = getKernel(kernelName, backend);
    if (kernel) unregisterKernel(kernelName, backend);
  });
  after(() => kernel && registerKernel(kernel));
}

/** Makes the backend current; where it is not there, the running test, or the suite from its `before`, is skipped. */
export async function startBackend(context: Mocha.Context, backend: BackendName): Promise<void> {
  try {
    await selectBackend(backend, { allowSoftware: true });
  } catch (error) {
    if (!(error instanceof HandgradError && error.kind === 'backend')) throw error;
    need(context, error.message);
  }
}
