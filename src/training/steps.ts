import * as tf from '@tensorflow/tfjs-core';
import type { DataIterator } from './batches';
import { replaceTensors, type TrainState } from './trainState';
import { type StepOptions, trainStep } from './trainStep';

/** What endless steps are made of. */
export interface StepsOptions extends StepOptions {
  readonly state: TrainState;
  readonly trainIter: DataIterator;
}

/**
 * The steps of `train` and nothing else: pass after pass over the training samples, without an end, an evaluation or a
 * check. The state has changed when one is yielded; reading its losses waits for the backend.
 */
export function* steps(options: StepsOptions): Generator<void, never, void> {
  const { state, trainIter } = options;
  for (;;) {
    for (const batch of trainIter.pass(state.epoch, state.batch)) {
      replaceTensors(
        state,
        tf.tidy(() => trainStep(batch, state, options)),
      );
      state.step++;
      state.batch++;
      state.samples += batch.y.size;
      yield;
    }
    state.epoch++;
    state.batch = 0;
  }
}
