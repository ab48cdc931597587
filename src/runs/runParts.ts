import type { RunningBackend } from '../backends';
import type { Dataset, Samples } from '../data/samples';
import type { Lock } from '../files/lock';
import type { CheckpointFolder } from './checkpointFolder';
import type { Config } from './config';
import type { OpenedModel } from './modelConfig';
import type { ResumePoint } from './resume';
import type { RunFolder } from './runFolder';

/** The samples of a run. */
export interface RunSamples {
  readonly train: Samples;
  /** Undefined without a validation split. */
  readonly validation: Samples | undefined;
}

/** The parts of an opened run. */
export interface RunParts {
  readonly config: Config;
  readonly dataset: Dataset;
  readonly samples: RunSamples;
  readonly backend: RunningBackend;
  readonly folder: RunFolder;
  readonly checkpoints: CheckpointFolder;
  readonly lock: Lock;
  /** The initial weights of `initFrom`; undefined when they are drawn. */
  readonly start: OpenedModel | undefined;
  /** Only for a resumed run. */
  readonly resumePoint?: ResumePoint;
}
