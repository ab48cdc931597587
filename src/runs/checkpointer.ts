import { type RunIdentity, type RunRecords, takeCheckpoint } from './checkpoint';
import type { CheckpointFolder } from './checkpointFolder';
import type { Lock } from '../files/lock';
import { isBetter } from '../training/earlyStopping';
import type { EpochEvent } from '../training/train';
import type { TrainState } from '../training/trainState';
import { parseCheckpointEvery } from './checkpointEvery';

export interface CheckpointerOptions {
  readonly state: TrainState;
  readonly folder: CheckpointFolder;
  readonly lock: Lock;
  readonly identity: RunIdentity;
  /** What the records of the run hold now, once all of it is on disk. */
  readonly records: () => Promise<RunRecords>;
  /** The config that the model file records. */
  readonly modelConfig: unknown;
  /** The setting `checkpointEvery`. */
  readonly every: string;
  /** The finished epochs of a resumed run. */
  readonly earlier: readonly EpochEvent[];
}

/** Saves the state of a run. A state is copied between two steps, and written while the next ones run. */
export interface Checkpointer {
  /** To call after every step. @throws HandgradError from writing an earlier state */
  readonly step: () => Promise<void>;
  /** To call after every epoch, once its event is recorded. */
  readonly epoch: (event: EpochEvent) => Promise<void>;
  /** Saves the current state, and waits until it is on disk. */
  readonly now: () => Promise<void>;
  /** Whether a write is pending: it proceeds only while the event loop is free. */
  readonly isBusy: () => boolean;
  /** Waits for a pending write, even if it fails. */
  readonly settle: () => Promise<void>;
}

/** Creates what decides when to save the state, and saves it. */
export function createCheckpointer(options: CheckpointerOptions): Checkpointer {
  const { state, folder, lock, identity, modelConfig, records } = options;
  const every = parseCheckpointEvery(options.every);
  let best: EpochEvent | undefined;
  for (const event of options.earlier) if (isBest(event, best)) best = event;
  let last = performance.now();
  let saved = -1;
  let writing: Promise<void> | undefined;
  let failure: unknown;

  async function save(asBest = false): Promise<void> {
    await written();
    last = performance.now();
    saved = state.step;
    const checkpoint = await takeCheckpoint(state, identity, modelConfig, await records());
    writing = lock
      .assertHeld()
      .then(() => folder.write(checkpoint, asBest))
      .catch((error: unknown) => (failure = error))
      .then(() => (writing = undefined));
  }

  async function written(): Promise<void> {
    await writing;
    if (failure !== undefined) throw failure as Error;
  }

  return {
    async step() {
      if (failure !== undefined) await written();
      const due =
        (every.unit === 'steps' && state.step % every.count === 0) ||
        (every.unit === 'seconds' && performance.now() - last >= every.count * 1000);
      if (due) await save();
    },
    async epoch(event) {
      const asBest = isBest(event, best);
      if (asBest) best = event;
      if (asBest || (every.unit === 'epochs' && event.epoch % every.count === 0)) await save(asBest);
    },
    async now() {
      if (saved !== state.step) await save();
      await written();
    },
    isBusy: () => writing !== undefined,
    settle: async () => void (await writing),
  };
}

/** Whether an epoch is the best so far on the validation samples. */
function isBest(event: EpochEvent, best: EpochEvent | undefined): boolean {
  const judged = ({ valLoss, valAccuracy }: EpochEvent) => ({ loss: valLoss, accuracy: valAccuracy });
  return event.valLoss !== undefined && isBetter(judged(event), best && judged(best));
}
