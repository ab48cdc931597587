import type { Rejection } from '../backends';
import type { DownloadEvent } from '../data/download/download';
import type { EndEvent, EpochEvent, LogEvent, StepEvent } from '../training/train';
import type { LeftOut, PreparedColumn } from '../data/samples';
import type { Config } from './config';

/** The first event of a run, the first line of its JSON output. */
export interface StartEvent {
  readonly type: 'start';
  readonly dataset: string;
  readonly backend: string;
  readonly device: string;
  readonly parameters: number;
  readonly trainSamples: number;
  /** Undefined without a validation split. */
  readonly valSamples?: number;
  readonly testSamples: number;
  /** The widths of the network, from its inputs to its outputs. */
  readonly widths: readonly number[];
  readonly config: Config;
  /** Of a table: the labels, how its columns become inputs, and which do not. */
  readonly table?: {
    readonly labels: readonly string[];
    readonly inputs: readonly PreparedColumn[];
    readonly leftOut: readonly LeftOut[];
  };
  readonly runDir: string;
  /** Where a resumed run stands: its finished epochs and steps. */
  readonly resumed?: { readonly epoch: number; readonly step: number };
}

/** How the figures of the folds of a cross-validation spread. */
export interface Spread {
  readonly folds: number;
  /** By figure, such as `testAccuracy`: the mean, and the standard deviation of the sample. */
  readonly mean: Readonly<Record<string, number>>;
  readonly std: Readonly<Record<string, number>>;
}

/** The end of the run, after the last epoch; the last line of `metrics.jsonl`. Of a cross-validation, the means. */
export interface RunEnd extends EndEvent, Partial<Spread> {
  readonly runDir: string;
}

/** The last line of `metrics.jsonl` when the training diverged; a resumed run takes it back. */
export interface Divergence {
  readonly type: 'diverged';
  /** A sentence for people. */
  readonly message: string;
}

/** The end of one fold of a cross-validation. */
export interface FoldEvent extends Omit<RunEnd, 'type' | keyof Spread> {
  readonly type: 'fold';
  /** From 1. */
  readonly fold: number;
  readonly folds: number;
}

/** The run was aborted after a step, and its state is saved; `resumeRun` continues it. */
export interface StoppedEvent {
  readonly type: 'stopped';
  /** The epoch that the step belongs to, from 1. */
  readonly epoch: number;
  readonly step: number;
  readonly runDir: string;
}

/** The events of a run, in order: plain records. */
export type RunEvent = StartEvent | StepEvent | LogEvent | EpochEvent | FoldEvent | RunEnd | StoppedEvent;

/** The events of loading data and starting a backend. */
export type OpenEvent =
  | DownloadEvent
  /** A table is being read: the bytes so far, and those of all its files if they are known. */
  | { readonly type: 'reading'; readonly path: string; readonly bytes: number; readonly total?: number }
  /** A sentence for the user. */
  | { readonly type: 'notice'; readonly message: string }
  /** The backend that was started, and why `auto` rejected those that it prefers. */
  | {
      readonly type: 'backend';
      readonly name: string;
      readonly device: string;
      readonly rejected: readonly Rejection[];
    };

/** Options for loading data and starting a backend. */
export interface OpenOptions {
  readonly onEvent?: (event: OpenEvent) => void;
  /** Opens what the data set `-` stands for. */
  readonly stdin?: () => AsyncIterable<Buffer>;
  /** When aborted, loading and downloading stop. */
  readonly signal?: AbortSignal;
  /** Variables that give defaults (`HANDGRAD_BACKEND`, `HANDGRAD_DATA_DIR`); `process.env` when omitted. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}
