import * as tf from '@tensorflow/tfjs-core';
import { augmenter } from '../../src/data/augment';
import { fitNormalization } from '../../src/data/fitNormalization';
import type { LearningRate } from '../../src/optim/optimizer';
import { createOptimizer, type OptimizerName, type OptimizerOptions, OPTIMIZERS } from '../../src/optim/optimizers';
import { initParams } from '../../src/nn/initialize';
import { createLoss, type LossName } from '../../src/nn/losses';
import { withBatchNorm } from '../../src/nn/network';
import type { ActivationName } from '../../src/nn/activations';
import { learningRate } from '../../src/optim/schedules';
import { createRandom } from '../../src/random';
import { decodeCheckpoint, encodeCheckpoint, restoreState, takeCheckpoint } from '../../src/runs/checkpoint';
import { decodeSafetensors } from '../../src/model/safetensors';
import { dataIterator } from '../../src/training/batches';
import { train, type TrainEvent, type TrainOptions } from '../../src/training/train';
import { disposeState, startState, type TrainState } from '../../src/training/trainState';
import type { StepOptions } from '../../src/training/trainStep';
import { REGRESSION_TARGETS, smallDataset, smallRegression } from '../smallDataset';

/**
 * What a run can be made of. A new optimizer is in it by itself; anything else that a step remembers or draws (a
 * regularizer, an average, an augmentation) gets a row.
 */
export const VARIANTS: Readonly<Record<string, Variant>> = {
  ...Object.fromEntries(
    (Object.keys(OPTIMIZERS) as OptimizerName[]).map((optimizer) => [optimizer, { rule: optimizer }]),
  ),
  'two hidden layers': { hiddens: [8, 6] },
  'in the order of the samples': { shuffle: false },
  'with a validation part': { validation: true },
  'batch normalization and normalized inputs': {
    hiddens: [8, 6],
    batchNorm: true,
    normalize: true,
    activation: 'tanh',
  },
  'dropout, label smoothing and mixup': { dropout: 0.3, inputDropout: 0.1, labelSmoothing: 0.1, mixup: 0.4, seed: 5 },
  'a schedule, decay and clipping': {
    lr: (step) => learningRate('one-cycle', step, { ...PACE, lr: 0.3 }),
    rule: 'nesterov',
    weightDecay: 0.01,
    clipNorm: 0.1,
  },
  'averages, of batch normalization too': { ema: 0.9, batchNorm: true },
  augmentation: { augment: true },
  'regression, with weights': { regression: 'mse', mixup: 0.4, normalize: true, patience: 1, validation: true },
  "Huber's loss": { regression: 'huber', rule: 'adam', lr: 0.01 },
  'early stopping': { patience: 1, validation: true },
  'everything together': {
    ...{ hiddens: [8, 6], batchNorm: true, normalize: true, dropout: 0.3, inputDropout: 0.1, labelSmoothing: 0.1 },
    ...{ mixup: 0.4, ema: 0.9, augment: true, clipNorm: 1, patience: 1, validation: true, rule: 'adamw' },
    lr: (step) => learningRate('cosine', step, { ...PACE, lr: 0.01, warmupSteps: 3 }),
  },
};

interface Variant extends Omit<StepOptions, 'optimizer'>, OptimizerOptions, Pick<TrainOptions, 'patience'> {
  readonly rule?: OptimizerName;
  readonly lr?: LearningRate;
  readonly clipNorm?: number;
  readonly hiddens?: readonly number[];
  readonly shuffle?: boolean;
  readonly validation?: boolean;
  readonly batchNorm?: boolean;
  readonly normalize?: boolean;
  readonly activation?: ActivationName;
  readonly augment?: boolean;
  readonly regression?: LossName;
}

const EPOCHS = 2;
const BATCHES = 6;
const PACE = { totalSteps: EPOCHS * BATCHES, stepsPerEpoch: BATCHES, warmupSteps: 0 };
/** Any identity and config: they are not what is asked about here. */
const RUN = { backend: '', device: '', datasetDigest: '', trainSamples: 0 };

/**
 * Trains a small network for two epochs and once more from every step of that run, through the bytes of a checkpoint.
 * @returns at which steps resuming came to other weights, optimizer state or metrics, down to the last bit
 */
export async function resumeAtEveryStep(name: string): Promise<{ steps: number; differing: number[] }> {
  const variant = VARIANTS[name]!;
  const whole = runOf(variant);
  const checkpoints = new Map<number, Uint8Array>();
  const rows: string[] = [];
  for await (const event of train(whole)) {
    if (event.type === 'step') checkpoints.set(event.step, await bytesOf(whole.state));
    else rows.push(numbersOf(event));
  }
  const end = await contentOf(whole.state);
  const differing: number[] = [];
  for (const [step, bytes] of checkpoints) {
    const run = runOf(variant);
    restoreState(run.state, decodeCheckpoint(decodeSafetensors(bytes), 'the checkpoint'), 'the checkpoint');
    const later: string[] = [];
    for await (const event of train(run)) if (event.type !== 'step') later.push(numbersOf(event));
    const same = (await contentOf(run.state)) === end && rows.join('\n').endsWith(later.join('\n'));
    // The epoch of the last step is always reported again.
    if (!same || later.length < 2) differing.push(step);
    disposeState(run.state);
  }
  disposeState(whole.state);
  return { steps: checkpoints.size, differing };
}

function runOf(variant: Variant): TrainOptions {
  const {
    hiddens = [8],
    shuffle = true,
    validation = false,
    batchNorm,
    normalize,
    augment,
    regression,
    ...others
  } = variant;
  const { rule = 'sgd', lr = 0.05, clipNorm, weightDecay, activation, ...options } = others;
  const optimizer = createOptimizer(rule, lr, { clipNorm, weightDecay });
  const numOutputs = regression ? REGRESSION_TARGETS.length : 3;
  const network = initParams(20, numOutputs, hiddens, createRandom(0, 'init'), { init: 'he', activation });
  const draw = (count: number, seed: number) =>
    regression ? smallRegression(count, 20, seed) : smallDataset(count, 20, 3, seed);
  const samples = draw(BATCHES * 10 - 3, 1);
  const { mean, std } = fitNormalization(samples, true);
  const changes = augment ? augmenter([4, 5], { shift: 1, flip: true, cutout: 2 }, 3) : undefined;
  return {
    state: startState(batchNorm ? withBatchNorm(network) : network, optimizer, {
      normalization: normalize ? { mean: tf.tensor1d([...mean]), std: tf.tensor1d([...std]) } : undefined,
      averages: options.ema !== undefined,
      best: options.patience !== undefined,
      accuracy: !regression && !options.mixup,
    }),
    trainIter: dataIterator(samples, 10, { shuffleSeed: shuffle ? 0 : undefined, augment: changes }),
    testIter: dataIterator(draw(30, 2), 16),
    valIter: validation ? dataIterator(draw(20, 3), 16) : undefined,
    numEpochs: EPOCHS,
    ...(regression && { loss: createLoss(regression), targets: REGRESSION_TARGETS }),
    optimizer,
    ...options,
  };
}

const bytesOf = async (state: TrainState) => encodeCheckpoint(await takeCheckpoint(state, RUN, {}));

/** All of a state but its clock. */
async function contentOf(state: TrainState): Promise<string> {
  const { tensors, progress } = await takeCheckpoint(state, RUN, {});
  const still = { tensors, run: RUN, config: {}, progress: { ...progress, seconds: 0, epochStart: 0 } };
  return Buffer.from(encodeCheckpoint(still)).toString('base64');
}

/** An event without what clocks say. JSON keeps every bit of a number. */
function numbersOf(event: Exclude<TrainEvent, { type: 'step' }>): string {
  return JSON.stringify({ ...event, seconds: 0, trainSeconds: 0, samplesPerSecond: 0 });
}
