import * as tf from '@tensorflow/tfjs-core';

/** How often to yield to the event loop, in milliseconds. */
const TURN_MS = 50;

/** To be awaited often in a long computation. */
export type Turn = () => Promise<void>;

/**
 * Lets the process handle signals, timers and requests now and then while it computes.
 * @param signal ends the computation: the turn after it is aborted throws its reason
 */
export function createTurn(signal?: AbortSignal): Turn {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < TURN_MS) return;
    await tf.nextFrame();
    last = performance.now();
    signal?.throwIfAborted();
  };
}
