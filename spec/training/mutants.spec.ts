import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import type { ActivationName } from '../../src/nn/activations';
import { dropInputs, dropoutMasks, type TrainableNetwork } from '../../src/nn/network';
import type { LossName } from '../../src/nn/losses';
import { createRandom } from '../../src/random';
import type { gradcheck as Gradcheck } from '../../src/training/gradcheck';
import { ONE_BACKEND, useBackend } from '../backend';
import { randomTensor } from '../finiteDifferences';
import { type Mutant as PlainMutant, sourceCopy, wrongs as plainWrongs } from '../sourceCopy';

// F52: a gradient check is worth what it catches. Each mutant is one wrong term in the real source of a backward pass;
// the mutated source is compiled and run through the real gradcheck, which has to fail for every one of them.

interface Mutant extends PlainMutant {
  /** The network in which it shows. */
  readonly network?: Network;
}

interface Network {
  readonly activation?: ActivationName;
  readonly batchNorm?: boolean;
  readonly dropout?: number;
  readonly loss?: LossName;
  readonly weighted?: boolean;
}

const LINEAR = 'src/nn/linear.ts';
const ACTIVATIONS = 'src/nn/activations.ts';
const LOSS = 'src/nn/softmaxCrossEntropy.ts';
const MSE = 'src/nn/meanSquaredError.ts';
const HUBER = 'src/nn/huber.ts';
const LOSSES = 'src/nn/losses.ts';
const WEIGHTS = 'src/nn/weights.ts';
const MLP = 'src/nn/mlp.ts';
const BATCH_NORM = 'src/nn/batchNorm.ts';
const DROPOUT = 'src/nn/dropout.ts';
/** How the walk over the steps calls each one's backward. */
const WALK = 'step.backward(dY(), taken)';

/** Every way in which one expression of a backward pass can be wrong, and the network in which it shows. */
function wrongs(file: string, network: Network, from: string, ways: Record<string, string>): Mutant[] {
  return plainWrongs(file, from, ways).map((mutant) => ({ ...mutant, network }));
}

const batchNorm = { batchNorm: true, activation: 'tanh' } as const;
const dropped = { dropout: 0.4, activation: 'tanh' } as const;

const mutantsOfTheLayers: Mutant[] = [
  ...wrongs(BATCH_NORM, batchNorm, 'const db = tf.sum<tf.Tensor1D>(dZ, 0);', {
    'batch norm, db: sign': 'const db = tf.neg(tf.sum<tf.Tensor1D>(dZ, 0));',
    'batch norm, db: mean instead of sum': 'const db = tf.mean<tf.Tensor1D>(dZ, 0);',
    'batch norm, db: dropped': 'const db = tf.zerosLike(tf.sum<tf.Tensor1D>(dZ, 0));',
  }),
  ...wrongs(BATCH_NORM, batchNorm, 'tf.mul<tf.Tensor1D>(tf.sum(tf.mul(dZ, D), 0), s)', {
    'batch norm, dg: sign': 'tf.neg<tf.Tensor1D>(tf.mul<tf.Tensor1D>(tf.sum(tf.mul(dZ, D), 0), s))',
    'batch norm, dg: not normalized': 'tf.sum<tf.Tensor1D>(tf.mul(dZ, D), 0)',
    'batch norm, dg: mean instead of sum': 'tf.mul<tf.Tensor1D>(tf.mean(tf.mul(dZ, D), 0), s)',
    'batch norm, dg: D dropped': 'tf.mul<tf.Tensor1D>(tf.sum(dZ, 0), s)',
    'batch norm, dg: dropped': 'tf.zerosLike<tf.Tensor1D>(s)',
  }),
  ...wrongs(BATCH_NORM, batchNorm, 'tf.sub(dZ, tf.div(db, n))', {
    'batch norm, dU: the part of the mean dropped': 'dZ',
    'batch norm, dU: the part of the mean, sign': 'tf.add(dZ, tf.div(db, n))',
    'batch norm, dU: the part of the mean, scale': 'tf.sub(dZ, db)',
  }),
  ...wrongs(BATCH_NORM, batchNorm, 'tf.sub(centered, tf.mul(D, tf.mul(s, tf.div(dg, n))))', {
    'batch norm, dU: the part of the variance dropped': 'centered',
    'batch norm, dU: the part of the variance, sign': 'tf.add(centered, tf.mul(D, tf.mul(s, tf.div(dg, n))))',
    'batch norm, dU: the part of the variance, scale': 'tf.sub(centered, tf.mul(D, tf.mul(s, tf.div(dg, 2 * n))))',
    'batch norm, dU: the part of the variance, not normalized': 'tf.sub(centered, tf.mul(D, tf.div(dg, n)))',
  }),
  ...wrongs(BATCH_NORM, batchNorm, 'dU: tf.mul(dN, tf.mul(g, s))', {
    'batch norm, dU: sign': 'dU: tf.neg(tf.mul(dN, tf.mul(g, s)))',
    'batch norm, dU: g dropped': 'dU: tf.mul(dN, s)',
    'batch norm, dU: s dropped': 'dU: tf.mul(dN, g)',
    'batch norm, dU: dropped': 'dU: tf.zerosLike(dN)',
  }),
  ...wrongs(DROPOUT, dropped, 'return tf.mul(dH, M)', {
    'dropout: mask dropped': 'return tf.mul(dH, tf.onesLike(M))',
    'dropout: not scaled': 'return tf.mul(dH, tf.step(M))',
    'dropout: scaled twice': 'return tf.mul(tf.mul(dH, M), M)',
    'dropout: mask inverted': 'return tf.mul(dH, tf.sub(1, tf.step(M)))',
    'dropout: sign': 'return tf.neg(tf.mul(dH, M))',
  }),
  ...wrongs(ACTIVATIONS, { activation: 'leaky-relu' }, 'tf.mul(dH, tf.add(LEAK, tf.mul(tf.step(H), 1 - LEAK)))', {
    'leaky relu: leak dropped': 'tf.mul(dH, tf.step(H))',
    'leaky relu: scale': 'tf.mul(dH, tf.add(LEAK, tf.step(H)))',
    'leaky relu: sign': 'tf.neg(tf.mul(dH, tf.add(LEAK, tf.mul(tf.step(H), 1 - LEAK))))',
  }),
  ...wrongs(ACTIVATIONS, { activation: 'tanh' }, 'tf.mul(dH, tf.sub(1, tf.square(H)))', {
    'tanh: not squared': 'tf.mul(dH, tf.sub(1, H))',
    'tanh: sign': 'tf.mul(dH, tf.sub(tf.square(H), 1))',
    'tanh: slope dropped': 'tf.mul(dH, 1)',
    'tanh: scale': 'tf.mul(dH, tf.sub(1.1, tf.square(H)))',
  }),
  ...wrongs(ACTIVATIONS, { activation: 'sigmoid' }, 'tf.mul(dH, tf.mul(H, tf.sub(1, H)))', {
    'sigmoid: one factor dropped': 'tf.mul(dH, tf.sub(1, H))',
    'sigmoid: the other dropped': 'tf.mul(dH, H)',
    'sigmoid: sign': 'tf.mul(dH, tf.mul(H, tf.sub(H, 1)))',
  }),
  ...wrongs(ACTIVATIONS, { activation: 'silu' }, 'tf.mul(dH, tf.add(G, tf.mul(H, tf.sub(1, G))))', {
    'silu: first term dropped': 'tf.mul(dH, tf.mul(H, tf.sub(1, G)))',
    'silu: second term dropped': 'tf.mul(dH, G)',
    'silu: second term, sign': 'tf.mul(dH, tf.sub(G, tf.mul(H, tf.sub(1, G))))',
    'silu: input for output': 'tf.mul(dH, tf.add(G, tf.mul(Z, tf.sub(1, G))))',
  }),
  ...wrongs(
    ACTIVATIONS,
    { activation: 'gelu' },
    'tf.add(tf.add(1, G), tf.mul(tf.mul(Z, tf.sub(1, tf.square(G))), du))',
    {
      'gelu: second term dropped': 'tf.add(1, G)',
      'gelu: first term dropped': 'tf.mul(tf.mul(Z, tf.sub(1, tf.square(G))), du)',
      'gelu: inner derivative dropped': 'tf.add(tf.add(1, G), tf.mul(Z, tf.sub(1, tf.square(G))))',
      'gelu: slope of tanh, not squared': 'tf.add(tf.add(1, G), tf.mul(tf.mul(Z, tf.sub(1, G)), du))',
    },
  ),
  ...wrongs(ACTIVATIONS, { activation: 'gelu' }, 'tf.mul(ZZ, 3 * GELU_CUBIC)', {
    'gelu: 3 of the cube dropped': 'tf.mul(ZZ, GELU_CUBIC)',
  }),
  // The step of a layer, and the walk over the steps.
  ...wrongs(DROPOUT, { ...batchNorm, ...dropped }, 'dX: () => dropoutBackward(dH, M)', {
    'walk: dropout left out': 'dX: () => dH',
  }),
  ...wrongs(BATCH_NORM, batchNorm, 'dX: () => linearInputBackward(dU, W)', {
    'walk: batch normalization left out': 'dX: () => linearInputBackward(dZ, W)',
  }),
  ...wrongs(BATCH_NORM, batchNorm, 'dW: tf.matMul(X, dU, true, false)', {
    'walk: dW before batch normalization': 'dW: tf.matMul(X, dZ, true, false)',
  }),
  ...wrongs(MLP, batchNorm, WALK, {
    'walk: another layer’s normalization': 'step.backward(dY(), { ...trace[0]!, X: taken.X, Y: taken.Y })',
  }),
  // Where units are dropped, what the activation gave is not what the next layer took in.
  ...wrongs(MLP, dropped, WALK, {
    'walk: dropped units for outputs':
      'step.backward(dY(), { ...taken, Y: (trace[trace.findIndex((other) => other.step === step) + 1] ?? taken).Y })',
  }),
];

const mutantsOfTheLosses: Mutant[] = [
  ...wrongs(MSE, { loss: 'mse' }, 'tf.mul(weigh(tf.sub(O, T), w), 2 / O.size)', {
    'mse: sign': 'tf.mul(weigh(tf.sub(T, O), w), 2 / O.size)',
    'mse: 2 dropped': 'tf.mul(weigh(tf.sub(O, T), w), 1 / O.size)',
    'mse: mean dropped': 'tf.mul(weigh(tf.sub(O, T), w), 2)',
    'mse: mean over the samples only': 'tf.mul(weigh(tf.sub(O, T), w), 2 / O.shape[0])',
    'mse: mean over the outputs only': 'tf.mul(weigh(tf.sub(O, T), w), 2 / O.shape[1])',
    'mse: targets dropped': 'tf.mul(weigh(O, w), 2 / O.size)',
    'mse: prediction dropped': 'tf.mul(weigh(tf.neg(T), w), 2 / O.size)',
    'mse: slope of the absolute value': 'tf.mul(weigh(tf.sign(tf.sub(O, T)), w), 2 / O.size)',
  }),
  ...wrongs(MSE, { loss: 'mse', weighted: true }, 'tf.mul(weigh(tf.sub(O, T), w), 2 / O.size)', {
    'mse: weights dropped': 'tf.mul(tf.sub(O, T), 2 / O.size)',
    'mse: weights twice': 'tf.mul(weigh(weigh(tf.sub(O, T), w), w), 2 / O.size)',
    'mse: divided by the weights': 'tf.div(tf.mul(weigh(tf.sub(O, T), w), 2 / O.shape[1]), tf.sum(w!))',
  }),
  ...wrongs(HUBER, { loss: 'huber' }, 'tf.div(weigh(tf.clipByValue(tf.sub(O, T), -delta, delta), w), O.size)', {
    'huber: sign': 'tf.div(weigh(tf.clipByValue(tf.sub(T, O), -delta, delta), w), O.size)',
    'huber: not clipped': 'tf.div(weigh(tf.sub(O, T), w), O.size)',
    'huber: clipped above only': 'tf.div(weigh(tf.minimum(tf.sub(O, T), delta), w), O.size)',
    'huber: clipped below only': 'tf.div(weigh(tf.maximum(tf.sub(O, T), -delta), w), O.size)',
    'huber: clipped at 1': 'tf.div(weigh(tf.clipByValue(tf.sub(O, T), -1, 1), w), O.size)',
    'huber: slope 1 beyond δ': 'tf.div(weigh(tf.div(tf.clipByValue(tf.sub(O, T), -delta, delta), delta), w), O.size)',
    'huber: targets dropped': 'tf.div(weigh(tf.clipByValue(O, -delta, delta), w), O.size)',
    'huber: scale': 'tf.div(weigh(tf.clipByValue(tf.sub(O, T), -delta, delta), w), O.size / 2)',
    'huber: mean dropped': 'weigh(tf.clipByValue(tf.sub(O, T), -delta, delta), w)',
    'huber: mean over the samples only': 'tf.div(weigh(tf.clipByValue(tf.sub(O, T), -delta, delta), w), O.shape[0])',
  }),
  ...wrongs(
    HUBER,
    { loss: 'huber', weighted: true },
    'tf.div(weigh(tf.clipByValue(tf.sub(O, T), -delta, delta), w), O.size)',
    {
      'huber: weights dropped': 'tf.div(tf.clipByValue(tf.sub(O, T), -delta, delta), O.size)',
      'huber: weights inside the clip': 'tf.div(tf.clipByValue(weigh(tf.sub(O, T), w), -delta, delta), O.size)',
    },
  ),
  ...wrongs(LOSSES, { loss: 'huber', weighted: true }, 'huberBackward(O, T, delta, w)', {
    'losses: huber, weights dropped': 'huberBackward(O, T, delta)',
    'losses: huber, δ dropped': 'huberBackward(O, T, 1, w)',
  }),
  ...wrongs(LOSSES, { loss: 'mse', weighted: true }, 'backward: meanSquaredErrorBackward', {
    'losses: mse, weights dropped': 'backward: (O, T) => meanSquaredErrorBackward(O, T)',
  }),
  ...wrongs(LOSS, { weighted: true }, 'return tf.div(weigh(tf.sub(P, T), w), P.shape[0])', {
    'loss: weights dropped': 'return tf.div(tf.sub(P, T), P.shape[0])',
    'loss: only predictions weighted': 'return tf.div(tf.sub(weigh(P, w), T), P.shape[0])',
    'loss: divided by the weights': 'return tf.div(weigh(tf.sub(P, T), w), tf.sum(w!))',
  }),
  ...wrongs(MLP, { weighted: true }, 'lossOf.backward(P, T, w)', {
    'loss: weights left out': 'lossOf.backward(P, T)',
  }),
  ...wrongs(WEIGHTS, { weighted: true }, 'tf.mul(A, w)', {
    'weights: their mean for each': 'tf.mul(A, tf.mean(w))',
    'weights: divided by': 'tf.div(A, tf.add(w, 0.1))',
    'weights: squared': 'tf.mul(A, tf.square(w))',
    'weights: of other samples': 'tf.mul(A, tf.reverse(w, 0))',
  }),
];

const mutants: Mutant[] = [
  {
    file: LINEAR,
    what: 'dW: sign',
    from: 'dW: tf.matMul(X, dZ, true, false)',
    to: 'dW: tf.neg(tf.matMul(X, dZ, true, false))',
  },
  {
    file: LINEAR,
    what: 'dW: scale',
    from: 'dW: tf.matMul(X, dZ, true, false)',
    to: 'dW: tf.mul(tf.matMul(X, dZ, true, false), 1.1)',
  },
  {
    file: LINEAR,
    what: 'dW: mean instead of sum',
    from: 'dW: tf.matMul(X, dZ, true, false)',
    to: 'dW: tf.div(tf.matMul(X, dZ, true, false), X.shape[0])',
  },
  {
    file: LINEAR,
    what: 'dW: dropped',
    from: 'dW: tf.matMul(X, dZ, true, false)',
    to: 'dW: tf.zerosLike(tf.matMul(X, dZ, true, false))',
  },
  {
    file: LINEAR,
    what: 'dW: transposed',
    from: 'dW: tf.matMul(X, dZ, true, false)',
    to: 'dW: tf.reshape(tf.matMul(dZ, X, true, false), [X.shape[1], dZ.shape[1]])',
  },
  { file: LINEAR, what: 'db: sign', from: 'db: tf.sum(dZ, 0)', to: 'db: tf.neg(tf.sum(dZ, 0))' },
  { file: LINEAR, what: 'db: mean instead of sum', from: 'db: tf.sum(dZ, 0)', to: 'db: tf.mean(dZ, 0)' },
  { file: LINEAR, what: 'db: scale', from: 'db: tf.sum(dZ, 0)', to: 'db: tf.mul(tf.sum(dZ, 0), 0.9)' },
  { file: LINEAR, what: 'db: dropped', from: 'db: tf.sum(dZ, 0)', to: 'db: tf.zerosLike(tf.sum(dZ, 0))' },
  {
    file: LINEAR,
    what: 'dX: sign',
    from: 'return tf.matMul(dZ, W, false, true)',
    to: 'return tf.neg(tf.matMul(dZ, W, false, true))',
  },
  {
    file: LINEAR,
    what: 'dX: scale',
    from: 'return tf.matMul(dZ, W, false, true)',
    to: 'return tf.mul(tf.matMul(dZ, W, false, true), 1.1)',
  },
  {
    file: LINEAR,
    what: 'dX: dropped',
    from: 'return tf.matMul(dZ, W, false, true)',
    to: 'return tf.zerosLike(tf.matMul(dZ, W, false, true))',
  },
  {
    file: LINEAR,
    what: 'dX: W not transposed',
    from: 'return tf.matMul(dZ, W, false, true)',
    to: 'return tf.matMul(dZ, W.shape[0] === W.shape[1] ? W : tf.reshape(W, [W.shape[1], W.shape[0]]))',
  },
  {
    file: ACTIVATIONS,
    what: 'relu: sign',
    from: 'return tf.mul(dH, tf.step(H))',
    to: 'return tf.neg(tf.mul(dH, tf.step(H)))',
  },
  {
    file: ACTIVATIONS,
    what: 'relu: scale',
    from: 'return tf.mul(dH, tf.step(H))',
    to: 'return tf.mul(tf.mul(dH, tf.step(H)), 1.1)',
  },
  {
    file: ACTIVATIONS,
    what: 'relu: mask dropped',
    from: 'return tf.mul(dH, tf.step(H))',
    to: 'return tf.mul(dH, tf.onesLike(H))',
  },
  {
    file: ACTIVATIONS,
    what: 'relu: mask inverted',
    from: 'return tf.mul(dH, tf.step(H))',
    to: 'return tf.mul(dH, tf.sub(1, tf.step(H)))',
  },
  {
    file: ACTIVATIONS,
    what: 'relu: output for mask',
    from: 'return tf.mul(dH, tf.step(H))',
    to: 'return tf.mul(dH, H)',
  },
  {
    file: LOSS,
    what: 'loss: sign',
    from: 'return tf.div(weigh(tf.sub(P, T), w), P.shape[0])',
    to: 'return tf.div(weigh(tf.sub(T, P), w), P.shape[0])',
  },
  {
    file: LOSS,
    what: 'loss: mean dropped',
    from: 'return tf.div(weigh(tf.sub(P, T), w), P.shape[0])',
    to: 'return tf.sub(P, T)',
  },
  {
    file: LOSS,
    what: 'loss: divided by classes',
    from: 'return tf.div(weigh(tf.sub(P, T), w), P.shape[0])',
    to: 'return tf.div(tf.sub(P, T), P.shape[1])',
  },
  {
    file: LOSS,
    what: 'loss: targets dropped',
    from: 'return tf.div(weigh(tf.sub(P, T), w), P.shape[0])',
    to: 'return tf.div(P, P.shape[0])',
  },
  {
    file: LOSS,
    what: 'loss: prediction dropped',
    from: 'return tf.div(weigh(tf.sub(P, T), w), P.shape[0])',
    to: 'return tf.div(tf.neg(T), P.shape[0])',
  },
  {
    file: MLP,
    what: 'walk: activation left out',
    from: 'dX: () => ACTIVATIONS[name].backward(dH, Z, H)',
    to: 'dX: () => dH',
  },
  {
    file: MLP,
    what: 'walk: another layer’s input',
    from: WALK,
    to: 'step.backward(dY(), { ...taken, X: trace[Math.max(0, trace.findIndex((t) => t.step === step) - 2)]!.X })',
  },
  {
    file: MLP,
    what: 'walk: another layer’s mask',
    from: WALK,
    to: 'step.backward(dY(), { ...taken, Y: trace[1]!.Y })',
  },
  {
    file: MLP,
    what: 'walk: from the first step to the last',
    from: 'trace.toReversed()',
    to: 'trace',
  },
  ...mutantsOfTheLayers,
  ...mutantsOfTheLosses,
];

// Square hidden layers and as many samples as classes: the shapes fit whatever is transposed or mixed up.
const widths = [5, 5, 5];

async function worstError(load: () => { gradcheck: typeof Gradcheck }, kind: Network = {}): Promise<number> {
  const { activation = 'relu', batchNorm, dropout = 0, loss, weighted } = kind;
  const { gradcheck } = load();
  const layers = widths.map((width, l) => {
    const inputs = widths[l - 1] ?? 5;
    const W = randomTensor<tf.Rank.R2>([inputs, width], l + 1);
    const b = randomTensor<tf.Rank.R1>([width], 11 + l, 0.5);
    if (!batchNorm || l === widths.length - 1) return { W, b };
    return {
      W,
      norm: { b, g: randomTensor<tf.Rank.R1>([width], 31 + l), mean: tf.zerosLike(b), variance: tf.onesLike(b) },
    };
  });
  const network: TrainableNetwork = { layers, activation };
  const X = dropInputs(randomTensor<tf.Rank.R2>([6, 5], 20), dropout, 1);
  const batch = {
    X,
    y: tf.tensor1d([0, 1, 2, 3, 4, 2], 'int32'),
    // Far enough off that Huber's loss is quadratic for some and linear for others, on both sides.
    ...(loss && { T: randomTensor<tf.Rank.R2>([6, 5], 40, 2) }),
    ...(weighted && { w: tf.tensor2d([0.2, 3, 1, 0, 1.8, 0.7], [6, 1]) }),
  };
  const masks = dropoutMasks(6, network, dropout, 1);
  const random = createRandom(0, 'gradcheck');
  const results = await gradcheck({ network, batch, masks, random, entries: 25, loss, lossOptions: { delta: 2.5 } });
  for (const { name, entries } of results) expect(entries, `entries compared in ${name}`).to.be.greaterThan(1);
  return Math.max(...results.map(({ relativeError }) => relativeError));
}

describe('F52 mutants of the backward pass', () => {
  useBackend(ONE_BACKEND);
  const copy = sourceCopy();
  const load = () => copy.load<{ gradcheck: typeof Gradcheck }>('src/training/gradcheck');

  const networks = new Map(mutants.map(({ network = {} }) => [JSON.stringify(network), network]));
  for (const [name, network] of networks) {
    it(`F52 the source as it is passes: ${name}`, async () => {
      expect(await worstError(load, network)).to.be.lessThan(2e-3);
    });
  }

  for (const mutant of mutants) {
    it(`F52 ${mutant.what} is caught`, () =>
      copy.withMutant(mutant, async () => {
        expect(await worstError(load, mutant.network)).to.be.greaterThan(1e-2); // the tolerance of the command
      }));
  }
});
