import type * as Mocha from 'mocha';
import { type BackendName, selectBackend } from '../src/backends';
import { HandgradError } from '../src/errors';
import { need } from './need';

/** The engines that npm alone provides, so that every machine has them. */
export const NPM_ENGINES = ['cpu', 'wasm'] as const;

/**
 * The engines that the specs of the mathematics run on: npm's, or the one that HANDGRAD_SPEC_ENGINE names. `npm test` runs
 * them a second time on native, in a process of its own: tfjs-node brings TensorFlow.js's registered gradients with it.
 */
export const SPEC_ENGINES = (
  process.env['HANDGRAD_SPEC_ENGINE'] ? [process.env['HANDGRAD_SPEC_ENGINE']] : NPM_ENGINES
) as readonly BackendName[];

/** Runs the specs of `body` once on each engine of this process. */
export function onEachEngine(body: (this: Mocha.Suite, engine: BackendName) => void): void {
  for (const engine of SPEC_ENGINES) {
    describe(`on ${engine}`, function () {
      useEngine(engine);
      body.call(this, engine);
    });
  }
}

/** Makes the engine current before the specs of the surrounding suite; where it is not there, the suite is skipped. */
export function useEngine(engine: BackendName): void {
  before(async function () {
    await startEngine(this, engine);
  });
}

/** Makes the engine current; where it is not there, the running test, or the suite from its `before`, is skipped. */
export async function startEngine(context: Mocha.Context, engine: BackendName): Promise<void> {
  try {
    await selectBackend(engine, { allowSoftware: true });
  } catch (error) {
    if (!(error instanceof HandgradError && error.kind === 'backend')) throw error;
    need(context, error.message);
  }
}
