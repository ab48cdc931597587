import * as tf from '@tensorflow/tfjs-core';
import { HandgradError } from '../errors';
import { parametersOf } from '../nn/network';
import { namedTensors, type StateTensors, stateTensors, type TrainState } from './trainState';

/** What to do about a batch that produces non-finite values. */
export const ON_NAN = ['stop', 'skip-batch'] as const;
export type OnNan = (typeof ON_NAN)[number];

/** The share of the time that checking the loss may take, and checking the parameters as much again. */
const SHARE = 0.002;
/** Milliseconds. A loss check that is faster than this counts as free. */
const FREE_MS = 0.1;
/** Milliseconds. The loss is read at least this often, because it is shown while training. */
const SHOWN_MS = 1000;

/**
 * Checks a state after a step, as often as its share of the time allows.
 * @returns the sum of the epoch's losses, if this check has read it
 */
export type Watch = (state: TrainState, lr: number) => Promise<number | undefined>;

/**
 * Detects divergence early. A check reads one number: the sum of the epoch's losses, in which a NaN or an infinity
 * persists, or a sum of the parameters, because an infinite weight can hide behind a saturated unit. How long reading
 * takes depends on the backend: from microseconds where a step is computed when its call returns, to milliseconds where
 * the processor has to wait for a device. So each check is timed, and the next one waits until the checks are within
 * their share again. Where reading is fast, the loss is checked every second step, at about 1% of the time or less;
 * everywhere it is read once a second, to be shown.
 * @throws (the watch) HandgradError 'diverged' naming step, epoch, learning rate and the first non-finite tensor
 */
export function createWatch(): Watch {
  const lossIsDue = withinShare(FREE_MS, SHOWN_MS);
  const parametersAreDue = withinShare(0);
  let turn = false;
  return async (state, lr) => {
    turn = !turn;
    let sum: number | undefined;
    const suspicious =
      (turn &&
        (await lossIsDue(async () => {
          sum = (await state.losses.sum.data())[0]!;
          return !Number.isFinite(sum);
        }))) ||
      (await parametersAreDue(
        async () => !(await haveFiniteSum(parametersOf(state.network).map(({ tensor }) => tensor))),
      ));
    if (suspicious) await assertFinite(state, lr);
    return sum;
  };
}

/**
 * Whether all results of a step are finite, before they replace what was there.
 * @param next the step's result
 */
export async function isFiniteState(next: StateTensors): Promise<boolean> {
  if (await haveFiniteSum(stateTensors(next))) return true;
  // The sum of large finite numbers may overflow.
  return (await firstNonFinite(next)) === undefined;
}

/**
 * Checks every number of a state.
 * @throws HandgradError 'diverged' as the watch
 */
export async function assertFinite(state: TrainState, lr: number): Promise<void> {
  const tensor = await firstNonFinite(state);
  if (tensor === undefined) return;
  const [loss] = await state.losses.last.data();
  const where = `after step ${state.step}, in epoch ${state.epoch + 1}, at learning rate ${lr}`;
  const what = tensor.startsWith('losses/')
    ? `the loss is ${loss}`
    : `${tensor} has non-finite values and the loss is ${loss}`;
  throw new HandgradError(
    'diverged',
    `Training diverged: ${what} ${where}; ` +
      'try a smaller `lr`, or `onNan` skip-batch if only a few samples cause it.',
  );
}

/** The name of the first tensor that holds a non-finite value. */
async function firstNonFinite(state: StateTensors): Promise<string | undefined> {
  for (const [name, tensor] of namedTensors(state)) if (!allFinite(await tensor.data())) return name;
  return undefined;
}

/** Whether every number of an array is finite. */
export function allFinite(data: ArrayLike<number>): boolean {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return false;
  return true;
}

async function haveFiniteSum(tensors: readonly tf.Tensor[]): Promise<boolean> {
  // Along the first axis first: on wasm that is faster by far.
  const sum = tf.tidy(() =>
    tf.addN(tensors.map((tensor) => tf.sum(tensor.rank > 1 ? tf.sum(tensor, 0) : tf.cast(tensor, 'float32')))),
  );
  try {
    return await isFiniteScalar(sum);
  } finally {
    sum.dispose();
  }
}

async function isFiniteScalar(scalar: tf.Tensor): Promise<boolean> {
  return Number.isFinite((await scalar.data())[0]);
}

/**
 * Runs a check if its share of the time allows, or the last one was so long ago; returns false otherwise.
 * @param mostMs milliseconds
 */
function withinShare(freeMs: number, mostMs = Infinity): (check: () => Promise<boolean>) => Promise<boolean> {
  let next = -Infinity;
  // Small at first: JIT compilation slows down the first checks.
  let cost = 0.02;
  return async (check) => {
    const started = performance.now();
    if (started < next) return false;
    const found = await check();
    const ended = performance.now();
    // Cap the estimate: one slow reading must not suspend the checks.
    cost = Math.min(ended - started, 2 * cost);
    next = cost < freeMs ? ended : ended + Math.min(cost / SHARE, mostMs);
    return found;
  };
}
