import * as tf from '@tensorflow/tfjs-core';
import { HandgradError } from '../errors';
import { tensorsOf } from '../nn/network';
import { namedTensors, type StateTensors, stateTensors, type TrainState } from './trainState';

/** What is done about a batch that leads to numbers that are not finite. */
export const ON_NAN = ['stop', 'skip-batch'] as const;
export type OnNan = (typeof ON_NAN)[number];

/** Looking at the loss may take this share of the time, and looking at the parameters as much again. */
const SHARE = 0.002;
/** Milliseconds. A look at the loss that is quicker is not counted: it costs less than what else is done around a step. */
const FREE_MS = 0.1;

/** Looks at a state after a step, as often as its share of the time allows. */
export type Watch = (state: TrainState, lr: number) => Promise<void>;

/**
 * Finds out soon that training has diverged. Reading one number is what it costs: the sum of the epoch's losses, in which
 * a NaN or an infinity stays; and, because an infinite weight can hide behind a saturated unit, a sum of the parameters.
 * How long that takes depends on the backend: from microseconds where a step is computed when its call returns, to
 * milliseconds where the processor has to wait for a device. So each look is timed, and the next one waits until the looks
 * are within their share again. Where a step is computed when its call returns, the loss is looked at after every other step,
 * which keeps all of it near a hundredth of the time, or below.
 * @throws (the watch) HandgradError 'diverged' naming step, epoch, learning rate and the first tensor that is not finite
 */
export function createWatch(): Watch {
  const lossIsDue = withinShare(FREE_MS);
  const parametersAreDue = withinShare(0);
  let turn = false;
  return async (state, lr) => {
    turn = !turn;
    const suspicious =
      (turn && (await lossIsDue(async () => !(await isFiniteScalar(state.losses.sum))))) ||
      (await parametersAreDue(async () => !(await haveFiniteSum(tensorsOf(state.network)))));
    if (suspicious) await assertFinite(state, lr);
  };
}

/**
 * Whether everything that a step came to is finite, before it replaces what was there.
 * @param next the step's result
 */
export async function isFiniteState(next: StateTensors): Promise<boolean> {
  if (await haveFiniteSum(stateTensors(next))) return true;
  // The sum of large finite numbers may overflow.
  return (await firstNonFinite(next)) === undefined;
}

/**
 * Looks at every number of a state.
 * @throws HandgradError 'diverged' as the watch
 */
export async function assertFinite(state: TrainState, lr: number): Promise<void> {
  const tensor = await firstNonFinite(state);
  if (tensor === undefined) return;
  const [loss] = await state.losses.last.data();
  const where = `after step ${state.step}, in epoch ${state.epoch + 1}, at learning rate ${lr}`;
  const what = tensor.startsWith('losses/') ? `the loss is ${loss}` : `${tensor} is not finite and the loss is ${loss}`;
  throw new HandgradError(
    'diverged',
    `Training diverged: ${what} ${where}; try a smaller lr, or onNan skip-batch when a few samples are to blame.`,
  );
}

/** The name of the first tensor that holds a number that is not finite. */
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
  // Along the first axis first: that is the quicker way on wasm, by far.
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

/** Runs what it is given when its share of the time allows, and answers false otherwise. */
function withinShare(freeMs: number): (look: () => Promise<boolean>) => Promise<boolean> {
  let next = -Infinity;
  // Little at first: the first looks are held up by the compiler.
  let usual = 0.02;
  return async (look) => {
    const began = performance.now();
    if (began < next) return false;
    const found = await look();
    const ended = performance.now();
    // Now and then a look is held up by something else: that shall not blind the watch for a hundred times as long.
    usual = Math.min(ended - began, 2 * usual);
    next = usual < freeMs ? ended : ended + usual / SHARE;
    return found;
  };
}
