import * as tf from '@tensorflow/tfjs-core';
import type { Samples } from '../../../src/data/samples';
import { INITIALIZERS, initParams } from '../../../src/nn/initialize';
import { lossAndGradients, type Layer, type Network, plainSteps, mlp } from '../../../src/nn/mlp';
import { listGradients, parametersOf, withParameters } from '../../../src/nn/network';
import {
  crossEntropyLoss,
  softmax,
  softmaxCrossEntropy,
  softmaxCrossEntropyBackward,
} from '../../../src/nn/softmaxCrossEntropy';
import { oneHot } from '../../../src/nn/targets';
import { createOptimizer } from '../../../src/optim/optimizers';
import { updater } from '../../../src/optim/sgd';
import { createRandom } from '../../../src/random';
import { type Batch, dataIterator } from '../../../src/training/batches';
import { confusionMatrix, predictProbabilities } from '../../../src/training/evaluate';
import { centralDifference, createCheck, gradcheck, lossWith } from '../../../src/training/gradcheck';
import { disposeState, replaceTensors, startState } from '../../../src/training/trainState';
import { trainStep } from '../../../src/training/trainStep';
import type { TrainingSettings } from '../settings';
import { passes } from './passes';
import type { Training } from './training';

/** What the questions are about. */
export interface Session {
  readonly samples: { readonly train: Samples; readonly test: Samples };
  readonly training: Training;
}

/** A batch, and what the network of the training makes of it; matrices row by row. */
export interface View {
  readonly steps: number;
  readonly n: number;
  readonly width: number;
  readonly labels: Int32Array;
  readonly loss: number;
  readonly X: Float32Array;
  readonly Z: Float32Array;
  readonly H: Float32Array;
  readonly O: Float32Array;
  readonly P: Float32Array;
  readonly T: Float32Array;
  readonly dO: Float32Array;
  readonly dH: Float32Array;
  readonly dZ: Float32Array;
  /** What belongs to one hidden unit: its column of W1 and of dW1, its bias and row of W2. */
  readonly unit: number;
  readonly W1: Float32Array;
  readonly dW1: Float32Array;
  readonly b1: number;
  readonly W2: Float32Array;
}

/** Training images by their rows. */
function batchOf({ train }: Session['samples'], rows: readonly number[]): Batch {
  const { features, numInputs, labels } = train;
  const X = new Float32Array(rows.length * numInputs);
  rows.forEach((row, i) => X.set(features.subarray(row * numInputs, (row + 1) * numInputs), i * numInputs));
  return {
    X: tf.tidy(() => tf.div(tf.tensor2d(X, [rows.length, numInputs]), 255)),
    y: tf.tensor1d(
      Int32Array.from(rows, (row) => labels[row]!),
      'int32',
    ),
  };
}

/** One image, its pixels from 0 to 1, to be drawn. */
export function pixelsOf({ features, numInputs, scale }: Samples, row: number): Float32Array {
  return Float32Array.from(features.subarray(row * numInputs, (row + 1) * numInputs), (value) => value * scale);
}

/** Reads tensors, and disposes of them. */
async function read<K extends string>(tensors: Record<K, tf.Tensor>): Promise<Record<K, Float32Array>> {
  try {
    const entries = Object.entries<tf.Tensor>(tensors).map(async ([name, tensor]) => [name, await tensor.data()]);
    return Object.fromEntries(await Promise.all(entries)) as Record<K, Float32Array>;
  } finally {
    tf.dispose(tensors);
  }
}

async function withBatch<R>(session: Session, rows: readonly number[], use: (batch: Batch) => Promise<R>): Promise<R> {
  const batch = batchOf(session.samples, rows);
  try {
    return await use(batch);
  } finally {
    tf.dispose([batch.X, batch.y]);
  }
}

/** The forward and the backward pass of some images. */
function look(session: Session, rows: readonly number[], unit: number): Promise<View> {
  return withBatch(session, rows, async ({ X, y }) => {
    const { layers } = session.training.network();
    const [first, second] = layers;
    const [inputs, width] = first.W.shape;
    const tensors = tf.tidy(() => {
      const T = oneHot(y, 10);
      const { Z, H, O, loss, P, dO, dH, dZ, dW1 } = passes(X, T, layers);
      const column = (W: tf.Tensor2D) => tf.slice(W, [0, unit], [inputs, 1]);
      return {
        ...{ X: tf.clone(X), Z, H, O, loss, P, T, dO, dH, dZ, W1: column(first.W), dW1: column(dW1) },
        b1: tf.slice(first.b, unit, 1),
        W2: tf.slice(second.W, [unit, 0], [1, 10]),
      };
    });
    const labels = (await y.data()) as Int32Array;
    const { loss, b1, ...matrices } = await read(tensors);
    const { training } = session;
    return { ...matrices, steps: training.steps(), n: rows.length, width, labels, loss: loss[0]!, b1: b1[0]!, unit };
  });
}

/** Ways to start that the first figure compares: the library's, and some that fail. */
export const STARTS = {
  normal: (W: tf.Tensor2D) => W,
  he: (W: tf.Tensor2D) => W,
  glorot: (W: tf.Tensor2D) => W,
  zeros: (W: tf.Tensor2D) => tf.zerosLike(W),
  equal: (W: tf.Tensor2D) => tf.fill<tf.Rank.R2>(W.shape, 0.01),
  large: (W: tf.Tensor2D) => tf.mul<tf.Tensor2D>(W, 100),
} as const;

/** A network as it starts, and how it does in its first steps. */
async function begin(
  { samples: { train: samples } }: Session,
  start: keyof typeof STARTS,
  { seed, lr, width, batchSize }: TrainingSettings,
  steps: number,
): Promise<{ weights: Float32Array; losses: number[]; distinct: number }> {
  const init = start in INITIALIZERS ? (start as keyof typeof INITIALIZERS) : 'normal';
  const network = tf.tidy((): Network => {
    const { layers, activation } = initParams(samples.numInputs, 10, width, createRandom(seed, 'init'), { init });
    return { layers: layers.map(({ W, b }): Layer => ({ W: STARTS[start](W), b })), activation };
  });
  const weights = (await network.layers[0]!.W.data()).slice() as Float32Array;
  const optimizer = createOptimizer('sgd', lr);
  const state = startState(network, optimizer);
  const losses: number[] = [];
  try {
    for (const batch of dataIterator(samples, batchSize, { shuffleSeed: seed }).pass(0)) {
      replaceTensors(
        state,
        tf.tidy(() => trainStep(batch, state, { optimizer })),
      );
      losses.push((await state.losses.last.data())[0]!);
      if (++state.step === steps) break;
    }
    const units = await unitsOf(state.network.layers[0]!, width);
    return { weights, losses, distinct: new Set(units.map((unit) => unit.join())).size };
  } finally {
    disposeState(state);
  }
}

/** The weights of the first units of a layer. */
async function unitsOf({ W }: Pick<Layer, 'W'>, count: number): Promise<Float32Array[]> {
  const [inputs, width] = W.shape;
  const shown = Math.min(count, width);
  const { columns } = await read({ columns: tf.tidy(() => tf.transpose(tf.slice(W, [0, 0], [inputs, shown]))) });
  return Array.from({ length: shown }, (_, k) => columns.slice(k * inputs, (k + 1) * inputs));
}

/** Probabilities and loss of some logits, the stable way and the post's. */
async function lossOf(_session: Session, logits: readonly number[], label: number) {
  const tensors = tf.tidy(() => {
    const O = tf.tensor2d([[...logits]]);
    const y = tf.tensor1d([label], 'int32');
    const T = oneHot(y, logits.length);
    const E = tf.exp(O);
    const { loss, P } = softmaxCrossEntropy(O, T);
    return {
      ...{ P, loss, dO: softmaxCrossEntropyBackward(P, T), separate: crossEntropyLoss(softmax(O), y) },
      post: crossEntropyLoss(tf.div(E, tf.sum(E, 1, true)), y),
    };
  });
  const { P, dO, ...numbers } = await read(tensors);
  return { P, dO, loss: numbers.loss[0]!, separate: numbers.separate[0]!, post: numbers.post[0]! };
}

/** One weight: its gradient by hand and by difference, and the loss around it. */
function check(session: Session, rows: readonly number[], name: string, index: number, range: number, points: number) {
  return withBatch(session, rows, async (batch) => {
    const network = session.training.network();
    const parameters = parametersOf(network);
    const parameter = parameters.find((one) => one.name === name)!;
    const grads = tf.tidy(() =>
      listGradients(lossAndGradients(batch.X, oneHot(batch.y, 10), plainSteps(network)).grads),
    );
    const byHand = (await read({ dW: grads[parameters.indexOf(parameter)]! })).dW[index]!;
    tf.dispose(grads);
    const w = (await parameter.tensor.data())[index]!;
    const options = await createCheck({ network, batch, random: createRandom(0, 'gradcheck') });
    const difference = await centralDifference(options, parameter, index);
    const values = Array.from({ length: points }, (_, i) => w + range * ((2 * i) / (points - 1) - 1));
    const losses: number[] = [];
    for (const value of values) losses.push((await lossWith(options, parameter, index, value)).loss);
    const { loss } = await lossWith(options, parameter, index, w);
    return { w, byHand, difference: difference?.slope, values, losses, loss };
  });
}

/** The library's own check of all parameters, on some images. */
function checkAll(session: Session, rows: readonly number[], entries: number) {
  return withBatch(session, rows, (batch) => {
    return gradcheck({ network: session.training.network(), batch, random: createRandom(0, 'gradcheck'), entries });
  });
}

/** The loss of some images after one step of each rate, and after some steps of one rate. */
function descend(session: Session, rows: readonly number[], rates: readonly number[], lr: number, steps: number) {
  return withBatch(session, rows, async ({ X, y }) => {
    const network = session.training.network();
    const tensors = tf.tidy(() => {
      const T = oneHot(y, 10);
      const losses = (params: readonly tf.Tensor[]) =>
        lossAndGradients(X, T, plainSteps(withParameters(network, params)));
      let params: readonly tf.Tensor[] = parametersOf(network).map(({ tensor }) => tensor);
      const here = losses(params);
      const dW = listGradients(here.grads);
      const along = rates.map((rate) => losses(updater(params, dW, rate)).loss);
      const walk = [here.loss];
      for (let i = 0; i < steps; i++) {
        params = updater(params, listGradients(losses(params).grads), lr);
        walk.push(losses(params).loss);
      }
      const squared = tf.addN(dW.map((gradient) => tf.sum(tf.square(gradient))));
      return { along: tf.stack(along), walk: tf.stack(walk), squared };
    });
    const { along, walk, squared } = await read(tensors);
    return { along: [...along], walk: [...walk], slope: -squared[0]! };
  });
}

/** The images of one batch of an epoch, and their labels. */
async function batchAt({ samples }: Session, { seed, batchSize }: TrainingSettings, epoch: number, batch: number) {
  for (const { X, y } of dataIterator(samples.train, batchSize, { shuffleSeed: seed }).pass(epoch, batch)) {
    const { pixels, labels } = await read({ pixels: tf.clone(X), labels: tf.clone(y) });
    return { pixels, labels };
  }
  return { pixels: new Float32Array(), labels: new Float32Array() };
}

/** How the network does on the test images: accuracy, which classes it confuses, and its worst mistakes. */
async function examine({ samples: { test }, training }: Session, mistakes: number) {
  const network = training.network();
  const confusion = await confusionMatrix(training.testIter, network);
  const rows = await predictProbabilities(training.testIter, network);
  const correct = confusion.reduce((sum, counts, c) => sum + counts[c]!, 0);
  const found = rows
    .map((P, row) => ({ row, label: test.labels[row]!, predicted: P.indexOf(Math.max(...P)), share: Math.max(...P) }))
    // The probabilities of a network that diverged are NaN: it predicts nothing.
    .filter(({ label, predicted }) => predicted >= 0 && label !== predicted)
    .sort((a, b) => b.share - a.share)
    .slice(0, mistakes)
    .map((one) => ({ ...one, pixels: pixelsOf(test, one.row) }));
  return { steps: training.steps(), accuracy: correct / test.count, confusion, mistakes: found };
}

/** The weights of the first hidden units, one picture each. */
function weights({ training }: Session, count: number): Promise<Float32Array[]> {
  return unitsOf(training.network().layers[0], count);
}

/** The probabilities that the network gives to an image. */
async function classify({ training }: Session, pixels: Float32Array): Promise<Float32Array> {
  const network = training.network();
  const P = tf.tidy(() => softmax(mlp(tf.div(tf.tensor2d(pixels, [1, pixels.length]), 255), network)));
  return (await read({ P })).P;
}

/** What the figures ask for, by name. */
export const QUESTIONS = {
  ...{ look, begin, lossOf, check, checkAll, descend, batchAt, examine, weights, classify },
};
