/** The inputs of a schedule. Steps count from 1; all of these are fixed for a run. */
export interface ScheduleOptions {
  /** The largest learning rate: the one that the user gave. */
  readonly lr: number;
  /** Steps in the whole run. */
  readonly totalSteps: number;
  /** Steps in an epoch. */
  readonly stepsPerEpoch: number;
  /** Steps of linear warmup before the schedule proper; one-cycle takes this as the length of its own rise. */
  readonly warmupSteps: number;
  /** step, exponential: the factor that the rate is multiplied by. */
  readonly decay?: number;
  /** step: the epochs between two such factors; a third of the run when left out. */
  readonly decayEvery?: number;
}

/**
 * The learning rate of a step, as a pure function of the step:
 * nothing has to be saved, and a resumed run continues where it was.
 * @param t steps since the end of the warmup, from 0
 * @param span steps from there to the end of the run, at least 1
 */
type Schedule = (t: number, span: number, options: ScheduleOptions) => number;

/** The same rate throughout. */
const constant: Schedule = (_t, _span, { lr }) => lr;

/** Down by a factor γ (0.1) every so many epochs, all at once: lr·γ^⌊epochs / every⌋. */
const step: Schedule = (t, span, { lr, stepsPerEpoch, decay = 0.1, decayEvery }) =>
  lr * decay ** Math.floor(t / (decayEvery === undefined ? span / 3 : decayEvery * stepsPerEpoch));

/** Down by a factor γ (0.95) in every epoch, smoothly: lr·γ^epochs. */
const exponential: Schedule = (t, _span, { lr, stepsPerEpoch, decay = 0.95 }) => lr * decay ** (t / stepsPerEpoch);

/** Half a cosine wave from lr to 0 (Loshchilov and Hutter 2017, without restarts): lr·(1 + cos(π t / span)) / 2. */
const cosine: Schedule = (t, span, { lr }) => (lr * (1 + Math.cos((Math.PI * t) / span))) / 2;

/** Every schedule, by the name that users give. `one-cycle` is cosine after its own rise: see `learningRate`. */
export const SCHEDULES = { constant, step, exponential, cosine, 'one-cycle': cosine } satisfies Record<
  string,
  Schedule
>;

/** The name of a schedule. */
export type ScheduleName = keyof typeof SCHEDULES;

/** one-cycle: the first rate as a fraction of the largest, and the fraction of the run in which it rises. */
const ONE_CYCLE_START = 1 / 25;
const ONE_CYCLE_RISE = 0.3;

/**
 * The learning rate of a step.
 *
 * With a warmup of w steps, step s ≤ w gets lr·s / w, and the schedule starts after it: large steps are harmful while
 * the weights are still random. One-cycle (Smith and Topin 2018) rises along half a cosine wave from lr/25 to lr in the
 * first 30% of the run, unless the warmup says how long, and falls along another to 0.
 * @param at the step, from 1 to totalSteps; later steps get the schedule's last value
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
  const span = Math.max(1, totalSteps - rise);
  return SCHEDULES[schedule](Math.min(at - rise - 1, span), span, options);
}
