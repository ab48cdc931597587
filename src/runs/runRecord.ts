import type { RunningBackend } from '../backends';
import type { Dataset, Samples } from '../data/samples';
import type { Lock } from '../files/lock';
import type { EndEvent, EpochEvent, StepEvent } from '../training/train';
import type { RunIdentity } from './checkpoint';
import type { CheckpointFolder, FoundCheckpoint } from './checkpointFolder';
import type { Config } from './config';
import type { OpenedModel } from './modelConfig';
import type { RunData } from './readRun';
import type { RunFolder } from './runFolder';

/** The samples that a run works on. */
export interface RunSamples {
  readonly train: Samples;
  /** Undefined without a validation split. */
  readonly validation: Samples | undefined;
}

/** A run that is ready to begin, or to go on. */
export interface Run {
  readonly config: Config;
  readonly dataset: Dataset;
  readonly samples: RunSamples;
  readonly backend: RunningBackend;
  readonly folder: RunFolder;
  readonly checkpoints: CheckpointFolder;
  readonly lock: Lock;
  /** The weights to start from; otherwise they are drawn. */
  readonly start: OpenedModel | undefined;
  /** Where it goes on; undefined when it begins. */
  readonly resumed?: ResumedRun;
}

/** What has to be the same for a run to go on to the same numbers. */
export function identityOf(dataset: Dataset, samples: RunSamples, backend: RunningBackend): RunIdentity {
  return {
    backend: backend.name,
    device: backend.device,
    datasetDigest: dataset.digest,
    trainSamples: samples.train.count,
  };
}

/** A run that is to go on. */
export interface ResumedRun {
  readonly dir: string;
  /** As it was, with what was asked for now. */
  readonly config: Config;
  readonly earlier: RunData;
  /** Where it goes on; undefined when it was stopped before the first checkpoint: it then begins again. */
  readonly found: FoundCheckpoint | undefined;
  /** The epochs that the checkpoint knows. */
  readonly epochs: readonly EpochEvent[];
  /** What its end told, when nothing is left to do. */
  readonly end: RunData['end'];
}

/** The first event of a run, the first line of its JSON output. */
export interface StartEvent {
  readonly type: 'start';
  readonly dataset: string;
  readonly backend: string;
  readonly device: string;
  readonly parameters: number;
  readonly trainSamples: number;
  readonly valSamples?: number;
  readonly testSamples: number;
  /** Of the network, from its inputs to its outputs. */
  readonly widths: readonly number[];
  readonly config: Config;
  readonly runDir: string;
  /** Where a run stands that goes on: its finished epochs and steps. */
  readonly resumed?: { readonly epoch: number; readonly step: number };
}

/** What is told of a run while it goes on. */
export interface TrainingReport {
  readonly start: (event: StartEvent) => void;
  readonly step: (event: StepEvent) => void;
  readonly epoch: (event: EpochEvent) => void;
  readonly end: (event: EndEvent & { readonly runDir: string }) => void;
  /** Takes what moves off the screen; has to be called however the run ends. */
  readonly stop: () => void;
}
