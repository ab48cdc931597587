import { HandgradError } from '../errors';
import type { LearningRate, Optimizer } from '../optim/optimizer';
import { steps, type StepsOptions } from './steps';
import { createTurn, type Turn } from './turn';

/** The rates of a range test. */
export interface RateRange {
  /** The rate of the first step, above 0. */
  readonly minLr: number;
  /** The rate of the last step. */
  readonly maxLr: number;
  /** The number of steps, at least 2. */
  readonly steps: number;
}

/** The range where none is given: from where no optimizer moves to where each of them diverges. */
export const RATE_RANGE: RateRange = { minLr: 1e-6, maxLr: 10, steps: 200 };

/** A step of a range test. */
export interface RangeStep {
  /** From 1. */
  readonly step: number;
  readonly lr: number;
  /** The loss of its batch, before the step. */
  readonly loss: number;
  /** The mean of the losses so far, in which older ones count less and less. */
  readonly smoothed: number;
}

/** A learning rate that a range test suggests. */
export interface RateSuggestion {
  /** Where the smoothed loss falls fastest, per factor of the rate: the suggestion. */
  readonly lr: number;
  /** The rate with the lowest smoothed loss; a tenth of it is a common choice, too. */
  readonly lowest: number;
}

/** What a range test has found. */
export interface RangeResult {
  readonly steps: readonly RangeStep[];
  /** Whether it ended early, because the loss diverged. */
  readonly diverged: boolean;
  /** Undefined when the loss fell at no rate. */
  readonly suggestion?: RateSuggestion;
}

/** The weight that the smoothed loss keeps from one step to the next. */
const KEPT = 0.9;
/** The test ends at a smoothed loss of so many times the lowest one, unless the first one is nearly as high. */
const DIVERGED = 4;
const FIRST = 1.5;
/** Slopes are taken over this share of the steps, before and after. */
const REACH = 1 / 20;
/** The loss has fallen when its lowest smoothed value is below this share of the first. */
const FALLEN = 0.98;

/** The rate of a step from 1: growing by the same factor every time, from `minLr` to `maxLr`. */
export function rangeRate({ minLr, maxLr, steps: count }: RateRange, step: number): number {
  return minLr * (maxLr / minLr) ** ((step - 1) / (count - 1));
}

/**
 * A learning-rate range test (Smith 2017, "Cyclical Learning Rates for Training Neural Networks", section 3.3; first in
 * arXiv:1506.01186, 2015): trains while the rate grows exponentially, and watches the loss. It is hardly changed by
 * rates that are too small, falls in the useful range, and rises beyond it. The steps are those of training; the
 * state changes, and its owner throws it away.
 * @param options.withRate the optimizer that the state was started with, at another learning rate
 * @returns the result, after the last step or the one at which the loss diverged
 * @throws HandgradError 'diverged' when the first loss is non-finite
 */
export async function* rangeTest(
  options: Omit<StepsOptions, 'optimizer'> &
    RateRange & { readonly withRate: (lr: LearningRate) => Optimizer; readonly turn?: Turn },
): AsyncGenerator<RangeStep, RangeResult, void> {
  const { state, withRate, turn = createTurn() } = options;
  const each = steps({ ...options, optimizer: withRate((step) => rangeRate(options, step)) });
  const found: RangeStep[] = [];
  let [mean, lowest] = [0, Infinity];
  let diverged = false;
  try {
    for (let step = 1; step <= options.steps && !diverged; step++) {
      await turn();
      each.next();
      const [loss] = await state.losses.last.data();
      mean = KEPT * mean + (1 - KEPT) * loss!;
      // The mean starts at 0, which its first values must not tend to.
      const smoothed = mean / (1 - KEPT ** step);
      diverged = !Number.isFinite(smoothed);
      if (diverged) break;
      lowest = Math.min(lowest, smoothed);
      const taken = { step, lr: rangeRate(options, step), loss: loss!, smoothed };
      found.push(taken);
      yield taken;
      diverged = smoothed > Math.max(DIVERGED * lowest, FIRST * found[0]!.smoothed);
    }
  } finally {
    each.return(undefined as never);
  }
  if (found.length === 0) {
    throw new HandgradError('diverged', 'The loss is non-finite before the first step; check the data.');
  }
  return { steps: found, diverged, suggestion: suggestRate(found) };
}

/**
 * The learning rate that a range test suggests: where the smoothed loss falls fastest, per factor of the rate, before
 * its lowest value.
 * @returns undefined when the loss has not fallen
 */
export function suggestRate(found: readonly RangeStep[]): RateSuggestion | undefined {
  const lowest = found.reduce((best, one) => (one.smoothed < best.smoothed ? one : best), found[0]!);
  const end = found.indexOf(lowest);
  if (!(lowest.smoothed < FALLEN * found[0]!.smoothed)) return undefined;
  const reach = Math.max(1, Math.round(found.length * REACH));
  // The same factor of the rate lies between any two steps, so the slope is a difference.
  const slope = (at: number) => {
    const [from, to] = [Math.max(0, at - reach), Math.min(end, at + reach)];
    return (found[to]!.smoothed - found[from]!.smoothed) / (to - from);
  };
  const steepest = found.slice(0, end).reduce((best, _, at) => (slope(at) < slope(best) ? at : best), 0);
  return { lr: Number(found[steepest]!.lr.toPrecision(2)), lowest: Number(lowest.lr.toPrecision(2)) };
}
