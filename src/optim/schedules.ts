/** What a schedule knows. Steps count from 1; all of these are fixed for a run. */
export interface ScheduleOptions {
  /** The learning rate that the user gave: the largest one. */
  readonly lr: number;
  /** Steps in the whole run. */
  readonly totalSteps: number;
  /** Steps in an epoch. */
  readonly stepsPerEpoch: number;
  /** Steps of linear warmup before the schedule proper; one-cycle has a rise of its own, and takes this as its length. */
  readonly warmupSteps: number;
  /** step, exponential: what the rate is multiplied with. */
  readonly decay?: number;
  /** step: after how many epochs; a third of the run when not given. */
  readonly decayEvery?: number;
}

/**
 * The learning rate at a step, as a pure function of the step: there is nothing to save, and a resumed run goes on where it was.
 * @param t steps since the end of the warmup, from 0
 * @param T steps from there to the end of the run, at least 1
 */
type Schedule = (t: number, T: number, options: ScheduleOptions) => number;

/** The same rate all the time. */
const constant: Schedule = (_t, _T, { lr }) => lr;

/** Down at once by a factor γ (0.1) every so many epochs: lr·γ^⌊epochs / every⌋. */
const step: Schedule = (t, T, { lr, stepsPerEpoch, decay = 0.1, decayEvery }) =>
  lr * decay ** Math.floor(t / (decayEvery === undefined ? T / 3 : decayEvery * stepsPerEpoch));

/** Down by a factor γ (0.95) in every epoch, smoothly: lr·γ^epochs. */
const exponential: Schedule = (t, _T, { lr, stepsPerEpoch, decay = 0.95 }) => lr * decay ** (t / stepsPerEpoch);

/** Half a cosine wave from lr down to 0 (Loshchilov and Hutter 2017, without restarts): lr·(1 + cos(π t / T)) / 2. */
const cosine: Schedule = (t, T, { lr }) => (lr * (1 + Math.cos((Math.PI * t) / T))) / 2;

/** Every schedule, by the name that users give. `one-cycle` is cosine, after a rise of its own: see `learningRate`. */
export const SCHEDULES = { constant, step, exponential, cosine, 'one-cycle': cosine } satisfies Record<
  string,
  Schedule
>;

export type ScheduleName = keyof typeof SCHEDULES;

/** one-cycle: how much smaller the first rate is than the largest, and the part of the run in which it rises. */
const ONE_CYCLE_START = 1 / 25;
const ONE_CYCLE_RISE = 0.3;

/**
 * The learning rate at a step.
 *
 * With a warmup of w steps, step s ≤ w gets lr·s / w, and the schedule starts after it: large steps from weights that are
 * still random do harm. One-cycle (Smith and Topin 2018) rises along half a cosine wave from lr/25 to lr in the first 30% of
 * the run, unless the warmup says how long, and falls along another to 0.
 * @param at the step, from 1 to totalSteps; after that the schedule's last value stands
 */
export function learningRate(schedule: ScheduleName, at: number, options: ScheduleOptions): number {
  const { lr, totalSteps } = options;
  const oneCycle = schedule === 'one-cycle';
  const rise = oneCycle && options.warmupSteps === 0 ? Math.round(ONE_CYCLE_RISE * totalSteps) : options.warmupSteps;
  if (at <= rise) {
    if (!oneCycle) return (lr * at) / rise;
    const risen = (1 - Math.cos((Math.PI * at) / rise)) / 2;
    return lr * (ONE_CYCLE_START + (1 - ONE_CYCLE_START) * risen);
  }
  const T = Math.max(1, totalSteps - rise);
  return SCHEDULES[schedule](Math.min(at - rise - 1, T), T, options);
}
