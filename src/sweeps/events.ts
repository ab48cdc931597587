import type { OpenEvent } from '../runs/events';
import type { SweepSpec } from './spec/sweepFile';
import type { Configuration } from './spec/samplers';
import type { Importance } from './state/importance';
import type { RunId } from './state/journal';
import type { Value } from './spec/distributions';

/** The first event of a sweep. */
export interface SweepStart {
  readonly type: 'start';
  readonly sweep: string;
  readonly name: string | undefined;
  readonly method: SweepSpec['method'];
  readonly metric: SweepSpec['metric'];
  /** The number of trials; null when it is not known in advance. */
  readonly trials: number | null;
  readonly seeds: number;
  readonly rungs: readonly number[] | undefined;
  /** How this machine is divided; undefined when the workers of a queue train. */
  readonly workers: number | undefined;
  readonly threads: number | undefined;
  readonly gpus: readonly string[];
  /** Runs that an earlier process finished. */
  readonly finished: number;
  readonly sweepDir: string;
}

/** A run of a trial starts. */
export interface TrialStart extends RunId {
  readonly type: 'trial';
  /** The epoch after which it ends. */
  readonly epochs: number;
  readonly settings: Readonly<Record<string, Value>>;
}

/** A run of a trial has finished an epoch. */
export interface TrialEpoch extends RunId {
  readonly type: 'epoch';
  readonly epoch: number;
  /** The sweep's metric. */
  readonly value: number | null;
}

/** A run of a trial succeeded. */
export interface TrialResult extends RunId {
  readonly type: 'result';
  readonly value: number;
  readonly epochs: number;
  /** Wall-clock seconds of its process, and of the training in it alone. */
  readonly seconds: number;
  readonly trainingSeconds: number;
  /** Its folder, relative to the sweep's; undefined when it is on another machine. */
  readonly runDir?: string;
}

/** A run of a trial has failed. */
export interface TrialFailure extends RunId {
  readonly type: 'failure';
  /** A clause, without a period. */
  readonly reason: string;
  /** The kind of error, the signal, or the exit code. */
  readonly code: number | string;
  /** Whether a retry may succeed. */
  readonly retry: boolean;
}

/** The last event of a sweep that has nothing left to do. */
export interface SweepEnd {
  readonly type: 'end';
  readonly state: 'complete' | 'partial';
  /** It ended before `run_cap`, because nothing improved any more. */
  readonly stoppedEarly?: true;
  /** Trials that have a result. */
  readonly done: number;
  /** Those of them that halving stopped before the last epoch. */
  readonly stopped: number;
  readonly failed: number;
  readonly best: { readonly trial: number; readonly value: number; readonly configuration: Configuration } | null;
  readonly importance: readonly Importance[];
  readonly seconds: number;
  readonly sweepDir: string;
}

/**
 * The sweep was aborted, or stopped through its queue. Its runs have saved their state, and `resumeSweep` continues it.
 */
export interface SweepStopped {
  readonly type: 'stopped';
  /** Whether it was stopped through its queue. */
  readonly elsewhere: boolean;
  /** Trials that have nothing left to do. */
  readonly done: number;
  readonly sweepDir: string;
}

/** The events of a sweep, in order: plain records. */
export type SweepEvent =
  SweepStart | TrialStart | TrialEpoch | TrialResult | TrialFailure | SweepEnd | SweepStopped | OpenEvent;
