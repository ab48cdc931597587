import type * as Mocha from 'mocha';
import { selectBackend } from '../src/backends';

/** The engines that npm alone provides, so that every machine has them. */
export const NPM_ENGINES = ['cpu', 'wasm'] as const;

/** Runs the specs of `body` once on each engine that npm provides. */
export function onEachEngine(body: (this: Mocha.Suite, engine: (typeof NPM_ENGINES)[number]) => void): void {
  for (const engine of NPM_ENGINES) {
    describe(`on ${engine}`, function () {
      useEngine(engine);
      body.call(this, engine);
    });
  }
}

/** Makes the engine current before the specs of the surrounding suite. */
export function useEngine(engine: (typeof NPM_ENGINES)[number]): void {
  before(async () => {
    await selectBackend(engine);
  });
}
