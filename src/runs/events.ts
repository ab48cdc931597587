import type { Rejection } from '../backends';
import type { DownloadEvent } from '../data/download/download';
import type { EndEvent, EpochEvent, StepEvent } from '../training/train';
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
  /** Of the network, from its inputs to its outputs. */
  readonly widths: readonly number[];
  readonly config: Config;
  readonly runDir: string;
  /** Where a resumed run stands: its finished epochs and steps. */
  readonly resumed?: { readonly epoch: number; readonly step: number };
}

/** Once, after the last epoch; the last line of `metrics.jsonl`. */
export interface RunEnd extends EndEvent {
  readonly runDir: string;
}

/** The run was aborted after a step, and its state is saved: `resumeRun` continues it. */
export interface StoppedEvent {
  readonly type: 'stopped';
  /** The epoch that the step belongs to, from 1. */
  readonly epoch: number;
  readonly step: number;
  readonly runDir: string;
}

/** What a run yields while it trains: plain records, in the order in which things happen. */
export type RunEvent = StartEvent | StepEvent | EpochEvent | RunEnd | StoppedEvent;

/** What happens while data and backend are opened. */
export type OpenEvent =
  | DownloadEvent
  /** One sentence that the user should see. */
  | { readonly type: 'notice'; readonly message: string }
  /** What computes from now on, and why `auto` took none that it would have liked better. */
  | {
      readonly type: 'backend';
      readonly name: string;
      readonly device: string;
      readonly rejected: readonly Rejection[];
    };

/** How data and backend are opened. */
export interface OpenOptions {
  readonly onEvent?: (event: OpenEvent) => void;
  /** Aborted: whatever is being loaded or downloaded is given up. */
  readonly signal?: AbortSignal;
  /** Gives the defaults of some settings (`HANDGRAD_BACKEND`, `HANDGRAD_DATA_DIR`); `process.env` when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}
