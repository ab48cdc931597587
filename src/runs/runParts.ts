import type { RunningBackend } from '../backends';
import type { Dataset, Samples } from '../data/samples';
import type { Lock } from '../files/lock';
import type { CheckpointFolder } from './checkpointFolder';
import type { Config } from './config';
import type { OpenedModel } from './modelConfig';
import type { ResumePoint } from './resume';
import type { RunFolder } from './runFolder';

/** The samples that a run works on. */
export interface RunSamples {
  readonly train: Samples;
  /** Undefined without a validation split. */
  readonly validation: Samples | undefined;
}

/** All that training works with. */
export interface RunParts {
  readonly config: Config;
  readonly dataset: Dataset;
  readonly samples: RunSamples;
  readonly backend: RunningBackend;
  readonly folder: RunFolder;
  readonly checkpoints: CheckpointFolder;
  readonly lock: Lock;
  /** The weights to start from; otherwise they are drawn. */
  readonly start: OpenedModel | undefined;
  /** Where a resumed run stands. */
  readonly resumePoint?: ResumePoint;
}
