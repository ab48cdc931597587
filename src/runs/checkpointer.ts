import { type RunIdentity, takeCheckpoint } from './checkpoint';
import type { CheckpointFolder } from './checkpointFolder';
import type { Lock } from '../files/lock';
import type { EpochEvent } from '../training/train';
import type { TrainState } from '../training/trainState';
import { parseCheckpointEvery } from './checkpointEvery';

export interface CheckpointerOptions {
  readonly state: TrainState;
  readonly folder: CheckpointFolder;
  readonly lock: Lock;
  readonly identity: RunIdentity;
  /** As in the model file. */
  readonly modelConfig: unknown;
  /** The setting of this name. */
  readonly every: string;
  /** The finished epochs of a run that goes on. */
  readonly earlier: readonly Pick<EpochEvent, 'valAccuracy'>[];
}

/** Saves a run's state as it goes on. A state is copied between two steps, and written while the next ones run. */
export interface Checkpointer {
  /** After every step. @throws HandgradError what writing an earlier state met with */
  readonly step: () => Promise<void>;
  /** After every epoch, when what it tells has been recorded. */
  readonly epoch: (event: EpochEvent) => Promise<void>;
  /** Saves the state as it is, and waits until it is on the disk. */
  readonly now: () => Promise<void>;
  /** Whether something is being written: it goes on only while the process waits. */
  readonly isBusy: () => boolean;
  /** Waits for what is being written, however that ends. */
  readonly settle: () => Promise<void>;
}

/** Decides when the state is saved, and saves it. */
export function createCheckpointer(options: CheckpointerOptions): Checkpointer {
  const { state, folder, lock, identity, modelConfig } = options;
  const every = parseCheckpointEvery(options.every);
  let best = Math.max(-1, ...options.earlier.map(({ valAccuracy = -1 }) => valAccuracy));
  let last = performance.now();
  let saved = -1;
  let writing: Promise<void> | undefined;
  let failure: unknown;

  async function save(isBest = false): Promise<void> {
    await written();
    last = performance.now();
    saved = state.step;
    const checkpoint = await takeCheckpoint(state, identity, modelConfig);
    writing = lock
      .assertHeld()
      .then(() => folder.write(checkpoint, isBest))
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
    async epoch({ epoch, valAccuracy = -1 }) {
      const isBest = valAccuracy > best;
      best = Math.max(best, valAccuracy);
      if (isBest || (every.unit === 'epochs' && epoch % every.count === 0)) await save(isBest);
    },
    async now() {
      if (saved !== state.step) await save();
      await written();
    },
    isBusy: () => writing !== undefined,
    settle: async () => void (await writing),
  };
}
