import type { Samples } from '../../../src/data/samples';
import { initParams } from '../../../src/nn/initialize';
import type { Layer, Network } from '../../../src/nn/mlp';
import { createOptimizer } from '../../../src/optim/optimizers';
import { createRandom } from '../../../src/random';
import { dataIterator, type DataIterator } from '../../../src/training/batches';
import { type EpochEvent, type StepEvent, train } from '../../../src/training/train';
import { disposeState, startState } from '../../../src/training/trainState';
import type { TrainingSettings } from '../settings';

/** How many images are evaluated at once. */
const TEST_BATCH = 500;

/** What happened in a training: after a step, with the loss of its batch; and after an epoch, as `train` reports it. */
export type Advance = (StepEvent & { readonly loss: number }) | EpochEvent;

/** A training of the post's network, advanced from outside. */
export interface Training {
  /** As it is now; valid until the next step. */
  network(): Network & { readonly layers: readonly [Layer, Layer] };
  /** Finished steps. */
  steps(): number;
  readonly testIter: DataIterator;
  /** @throws HandgradError 'diverged' */
  advance(): Promise<Advance>;
  dispose(): Promise<void>;
}

/** Starts a training as `handgrad train` does, with the same seed to the same numbers. */
export function startTraining(
  samples: { readonly train: Samples; readonly test: Samples },
  { seed, lr, width, batchSize }: TrainingSettings,
): Training {
  const { numInputs } = samples.train;
  const network = initParams(numInputs, 10, width, createRandom(seed, 'init'));
  const optimizer = createOptimizer('sgd', lr);
  const state = startState(network, optimizer);
  const testIter = dataIterator(samples.test, TEST_BATCH);
  const trainIter = dataIterator(samples.train, batchSize, { shuffleSeed: seed });
  const events = train({ state, optimizer, seed, trainIter, testIter, numEpochs: Infinity });
  return {
    network: () => state.network as ReturnType<Training['network']>,
    steps: () => state.step,
    testIter,
    async advance() {
      const { value } = await events.next();
      if (value?.type !== 'step') return value as EpochEvent;
      const [loss] = await state.losses.last.data();
      return { ...value, loss: loss! };
    },
    async dispose() {
      await events.return();
      disposeState(state);
    },
  };
}
