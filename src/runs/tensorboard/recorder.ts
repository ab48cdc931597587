import * as tf from '@tensorflow/tfjs-core';
import { selectRows } from '../../data/samples';
import type { Loss } from '../../nn/losses';
import { lossAndGradients } from '../../nn/mlp';
import { normalize } from '../../nn/fold';
import { listGradients, numOutputs, parametersOf, trainingSteps } from '../../nn/network';
import { learningRateAt } from '../../optim/optimizer';
import { encodePng } from '../../pictures/png';
import { GRAYS, weightGrid } from '../../pictures/weightGrid';
import type { Parameter } from '../../model/architecture';
import { readParameters, readTensors } from '../../model/parameters';
import { type EventFileContent, openEventFile } from './eventFile';
import { histogramOf } from './histogram';
import type { SummaryValue } from './messages';
import { dataIterator, type DataIterator, targetsOf } from '../../training/batches';
import type { EndEvent, EpochEvent, TrainEvent, TrainOptions } from '../../training/train';
import type { TrainState } from '../../training/trainState';
import { type Config, keysWhere } from '../config';
import { withoutFolders } from '../modelConfig';
import type { RunParts } from '../runParts';

/** The maximum number of units of the first layer in an image. */
const MOST_UNITS = 64;
/** The approximate number of images per run; TensorBoard shows ten. */
const PICTURES = 20;

/** Epochs that get norms and histograms in any case: the first ones, and those of at least so many steps. */
const FIRST_EPOCHS = 10;
const STEPS = 100;

/** Writes a run's events for TensorBoard. */
export interface TensorBoard {
  readonly record: (event: TrainEvent) => Promise<void>;
  /** Returns when everything recorded is on disk. */
  readonly flush: () => Promise<void>;
  /** The events that are on disk; undefined when none are written. */
  readonly content: () => EventFileContent | undefined;
  readonly close: () => Promise<void>;
}

const NONE: TensorBoard = {
  record: async () => {},
  flush: async () => {},
  content: () => undefined,
  close: async () => {},
};

/**
 * Opens the event file of a run, new or resumed. Each epoch adds the metrics of the epoch event; each one that
 * `hasDistributions`, norms and histograms of weights and gradients, and sometimes an image of the first layer.
 *
 * Gradients are computed at the end of the epoch on one fixed batch, the first training samples, without dropout, mixup
 * or augmentation. So training is unaffected, and epochs and runs are comparable. It costs one extra step for each.
 * @throws HandgradError `storage`
 */
export async function openTensorBoard(run: RunParts, { state, optimizer, loss }: TrainOptions): Promise<TensorBoard> {
  const { config, folder, lock, resumePoint } = run;
  if (!config.tensorboard) return NONE;
  const kept = resumePoint?.found?.checkpoint.records?.events;
  const file = await openEventFile(folder.dir, { kept, over: state.step === 0, guard: lock.assertHeld });
  const fixed = firstBatch(run);
  const write = (step: number, values: readonly SummaryValue[]) =>
    file.append([{ wallTime: Date.now() / 1000, step, values }]);
  try {
    if (state.step === 0) {
      await write(0, [{ tag: '_hparams_/session_start_info', started: Date.now() / 1000, settings: hparams(config) }]);
    }
  } catch (error) {
    await file.close();
    throw error;
  }
  return {
    async record(event) {
      if (event.type === 'epoch') {
        await write(event.step, [
          ...figures(event, learningRateAt(optimizer.lr, event.step)),
          ...(await weightsNow(run, state, event)),
          ...(hasDistributions(event) ? distributions('gradients', await gradientsOf(fixed, state, loss)) : []),
        ]);
      } else if (event.type === 'log') {
        const { loss, lr, gradientNorm } = event;
        await write(
          event.step,
          present([
            ['step/loss', loss],
            ['step/learning_rate', lr],
            ['step/gradient_norm', gradientNorm],
          ]),
        );
      } else if (event.type === 'end') {
        await write(state.step, [
          // With a validation split, epoch events have no test metrics.
          ...(config.valFraction > 0 ? testFigures(event) : []),
          { tag: '_hparams_/session_end_info', ended: Date.now() / 1000 },
        ]);
      }
    },
    flush: () => file.flush(),
    content: () => file.content(),
    close: () => file.close(),
  };
}

/**
 * Whether an epoch gets norms and histograms: each of the first ones and each long one, and of the further short ones,
 * which take less time than their histograms, one in about a hundred steps. It depends on nothing but the epoch and its
 * steps, so the events of a resumed or extended run are those of an uninterrupted one.
 */
export function hasDistributions({ epoch, step }: Pick<EpochEvent, 'epoch' | 'step'>): boolean {
  const before = step - step / epoch;
  return epoch <= FIRST_EPOCHS || Math.floor(step / STEPS) > Math.floor(before / STEPS);
}

function figures(event: EpochEvent, lr: number): SummaryValue[] {
  const named: readonly [tag: string, value: number | undefined][] = [
    ['loss/train', event.loss],
    ['accuracy/train', event.trainAccuracy],
    ['loss/validation', event.valLoss],
    ['accuracy/validation', event.valAccuracy],
    ['rmse/validation', event.valRmse],
    ['mae/validation', event.valMae],
    ['r2/validation', event.valR2],
    ['rate/learning_rate', lr],
    ['throughput/samples_per_second', event.samplesPerSecond],
    ['throughput/epoch_seconds', event.seconds],
    ['epoch', event.epoch],
  ];
  return [...testFigures(event), ...present(named)];
}

function testFigures(event: EpochEvent | EndEvent): SummaryValue[] {
  return present([
    ['loss/test', event.testLoss],
    ['accuracy/test', event.testAccuracy],
    ['rmse/test', event.testRmse],
    ['mae/test', event.testMae],
    ['r2/test', event.testR2],
  ]);
}

function present(named: readonly (readonly [tag: string, value: number | undefined])[]): SummaryValue[] {
  return named.flatMap(([tag, scalar]) => (scalar === undefined ? [] : [{ tag, scalar }]));
}

/** Histograms and image of the weights. They are read once, and released before anything else is read. */
async function weightsNow(run: RunParts, { network }: TrainState, event: EpochEvent): Promise<SummaryValue[]> {
  const [isShown, isPictured] = [hasDistributions(event), hasPicture(run, event)];
  if (!isShown && !isPictured) return [];
  const weights = await readParameters(network);
  return [
    ...(isShown ? distributions('weights', weights) : []),
    ...(isPictured ? [await picture(run, weights[0]!)] : []),
  ];
}

/** A histogram of each tensor, and the global L2 norm. */
function distributions(what: string, tensors: readonly Parameter[]): SummaryValue[] {
  const histograms = tensors.map(({ data }) => histogramOf(data));
  const squares = histograms.reduce((sum, { sumSquares }) => sum + sumSquares, 0);
  return [
    ...histograms.map((histogram, i) => ({ tag: `${what}/${tensors[i]!.name}`, histogram })),
    { tag: `norm/${what}`, scalar: Math.sqrt(squares) },
  ];
}

/** The first training samples, unchanged, as an iterator of one batch. */
function firstBatch({ config, samples: { train } }: RunParts): DataIterator {
  const count = Math.min(config.batchSize, train.count);
  const rows = Int32Array.from({ length: count }, (_, i) => i);
  return dataIterator(selectRows(train, rows), count);
}

async function gradientsOf(
  batches: DataIterator,
  { network, normalization }: Pick<TrainState, 'network' | 'normalization'>,
  loss: Loss | undefined,
): Promise<Parameter[]> {
  for (const batch of batches) {
    const { X, w } = batch;
    const grads = tf.tidy(() => {
      const inputs = normalization ? normalize(X, normalization) : X;
      const T = targetsOf(batch, numOutputs(network));
      return listGradients(lossAndGradients(inputs, T, trainingSteps(network), loss, w).grads);
    });
    try {
      return await readTensors(parametersOf(network).map(({ name }, i) => ({ name, tensor: grads[i]! })));
    } finally {
      tf.dispose(grads);
    }
  }
  return [];
}

function hasPicture({ config, dataset }: RunParts, { epoch }: EpochEvent): boolean {
  const every = Math.max(1, Math.round(config.epochs / PICTURES));
  return dataset.imageShape !== undefined && (epoch % every === 0 || epoch === 1 || epoch === config.epochs);
}

async function picture({ dataset }: RunParts, W1: Parameter): Promise<SummaryValue> {
  const { width, height, ...grid } = weightGrid(W1, dataset.imageShape!, { paint: GRAYS, most: MOST_UNITS });
  return { tag: 'first_layer', image: { width, height, png: await encodePng({ width, height, ...grid }) } };
}

/** The settings that runs are compared by. */
function hparams(config: Config): Record<string, number | string | boolean> {
  const shown = withoutFolders(config);
  return Object.fromEntries(
    keysWhere(({ compared }) => compared !== false).flatMap((key) => {
      const value = shown[key];
      return value === undefined ? [] : [[key, typeof value === 'object' ? value.join() : value]];
    }),
  );
}
