// What the charts draw, apart from them: the public types refer to these, and so not to Vega's, which need a browser's.

/** One line of a chart of curves. */
export interface Curve {
  readonly name: string;
  /** By epoch, from 1; a non-finite value leaves a gap. */
  readonly values: readonly (number | null | undefined)[];
}

/** A curve's epoch that is marked, and why. */
export interface MarkedEpoch {
  readonly epoch: number;
  readonly says: string;
}

/** A value after some step of training, from 1. */
export interface StepValue {
  readonly step: number;
  readonly value: number;
}

/** A run or trial: a line from its settings to its result. */
export interface Trial {
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly result: number;
}
