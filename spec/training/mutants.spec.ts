import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import type { ActivationName } from '../../src/nn/activations';
import { dropoutMasks } from '../../src/nn/dropoutMasks';
import { createRandom } from '../../src/random';
import type { gradcheck as Gradcheck } from '../../src/training/gradcheck';
import { useBackend } from '../backend';
import { randomTensor } from '../finiteDifferences';
import { type Mutant as PlainMutant, sourceCopy, wrongs as plainWrongs } from '../sourceCopy';

// F52: a gradient check is worth what it catches. Each mutant is one wrong term in the real source of a backward pass; the
// mutated source is compiled and run through the real gradcheck, which has to fail for every one of them.

interface Mutant extends PlainMutant {
  /** The network in which it shows. */
  readonly network?: Network;
}

interface Network {
  readonly activation?: ActivationName;
  readonly batchNorm?: boolean;
  readonly dropout?: number;
}

const LINEAR = 'src/nn/linear.ts';
const ACTIVATIONS = 'src/nn/activations.ts';
const LOSS = 'src/nn/softmaxCrossEntropy.ts';
const MLP = 'src/nn/mlp.ts';
const BATCH_NORM = 'src/nn/batchNorm.ts';
const DROPOUT = 'src/nn/dropout.ts';

/** Every way in which one expression of a backward pass can be wrong, and the network in which it shows. */
function wrongs(file: string, network: Network, from: string, ways: Record<string, string>): Mutant[] {
  return plainWrongs(file, from, ways).map((mutant) => ({ ...mutant, network }));
}

const batchNorm = { batchNorm: true, activation: 'tanh' } as const;
const dropped = { dropout: 0.4, activation: 'tanh' } as const;

const mutantsOfTheLayers: Mutant[] = [
  ...wrongs(BATCH_NORM, batchNorm, 'const db = tf.sum<tf.Tensor1D>(dY, 0);', {
    'batch norm, db: sign': 'const db = tf.neg(tf.sum<tf.Tensor1D>(dY, 0));',
    'batch norm, db: mean instead of sum': 'const db = tf.mean<tf.Tensor1D>(dY, 0);',
    'batch norm, db: dropped': 'const db = tf.zerosLike(tf.sum<tf.Tensor1D>(dY, 0));',
  }),
  ...wrongs(BATCH_NORM, batchNorm, 'tf.mul<tf.Tensor1D>(tf.sum(tf.mul(dY, D), 0), s)', {
    'batch norm, dg: sign': 'tf.neg<tf.Tensor1D>(tf.mul<tf.Tensor1D>(tf.sum(tf.mul(dY, D), 0), s))',
    'batch norm, dg: not normalised': 'tf.sum<tf.Tensor1D>(tf.mul(dY, D), 0)',
    'batch norm, dg: mean instead of sum': 'tf.mul<tf.Tensor1D>(tf.mean(tf.mul(dY, D), 0), s)',
    'batch norm, dg: D dropped': 'tf.mul<tf.Tensor1D>(tf.sum(dY, 0), s)',
    'batch norm, dg: dropped': 'tf.zerosLike<tf.Tensor1D>(s)',
  }),
  ...wrongs(BATCH_NORM, batchNorm, 'tf.sub(dY, tf.div(db, n))', {
    'batch norm, dZ: the part of the mean dropped': 'dY',
    'batch norm, dZ: the part of the mean, sign': 'tf.add(dY, tf.div(db, n))',
    'batch norm, dZ: the part of the mean, scale': 'tf.sub(dY, db)',
  }),
  ...wrongs(BATCH_NORM, batchNorm, 'tf.sub(centred, tf.mul(D, tf.mul(s, tf.div(dg, n))))', {
    'batch norm, dZ: the part of the variance dropped': 'centred',
    'batch norm, dZ: the part of the variance, sign': 'tf.add(centred, tf.mul(D, tf.mul(s, tf.div(dg, n))))',
    'batch norm, dZ: the part of the variance, scale': 'tf.sub(centred, tf.mul(D, tf.mul(s, tf.div(dg, 2 * n))))',
    'batch norm, dZ: the part of the variance, not normalised': 'tf.sub(centred, tf.mul(D, tf.div(dg, n)))',
  }),
  ...wrongs(BATCH_NORM, batchNorm, 'dZ: tf.mul(dN, tf.mul(g, s))', {
    'batch norm, dZ: sign': 'dZ: tf.neg(tf.mul(dN, tf.mul(g, s)))',
    'batch norm, dZ: g dropped': 'dZ: tf.mul(dN, s)',
    'batch norm, dZ: s dropped': 'dZ: tf.mul(dN, g)',
    'batch norm, dZ: dropped': 'dZ: tf.zerosLike(dN)',
  }),
  ...wrongs(DROPOUT, dropped, 'return tf.mul(dY, M)', {
    'dropout: mask dropped': 'return tf.mul(dY, tf.onesLike(M))',
    'dropout: not scaled': 'return tf.mul(dY, tf.step(M))',
    'dropout: scaled twice': 'return tf.mul(tf.mul(dY, M), M)',
    'dropout: mask inverted': 'return tf.mul(dY, tf.sub(1, tf.step(M)))',
    'dropout: sign': 'return tf.neg(tf.mul(dY, M))',
  }),
  ...wrongs(ACTIVATIONS, { activation: 'leaky-relu' }, 'tf.mul(dY, tf.add(LEAK, tf.mul(tf.step(Y), 1 - LEAK)))', {
    'leaky relu: leak dropped': 'tf.mul(dY, tf.step(Y))',
    'leaky relu: scale': 'tf.mul(dY, tf.add(LEAK, tf.step(Y)))',
    'leaky relu: sign': 'tf.neg(tf.mul(dY, tf.add(LEAK, tf.mul(tf.step(Y), 1 - LEAK))))',
  }),
  ...wrongs(ACTIVATIONS, { activation: 'tanh' }, 'tf.mul(dY, tf.sub(1, tf.square(Y)))', {
    'tanh: not squared': 'tf.mul(dY, tf.sub(1, Y))',
    'tanh: sign': 'tf.mul(dY, tf.sub(tf.square(Y), 1))',
    'tanh: slope dropped': 'tf.mul(dY, 1)',
    'tanh: scale': 'tf.mul(dY, tf.sub(1.1, tf.square(Y)))',
  }),
  ...wrongs(ACTIVATIONS, { activation: 'sigmoid' }, 'tf.mul(dY, tf.mul(Y, tf.sub(1, Y)))', {
    'sigmoid: one factor dropped': 'tf.mul(dY, tf.sub(1, Y))',
    'sigmoid: the other dropped': 'tf.mul(dY, Y)',
    'sigmoid: sign': 'tf.mul(dY, tf.mul(Y, tf.sub(Y, 1)))',
  }),
  ...wrongs(ACTIVATIONS, { activation: 'silu' }, 'tf.mul(dY, tf.add(S, tf.mul(Y, tf.sub(1, S))))', {
    'silu: first term dropped': 'tf.mul(dY, tf.mul(Y, tf.sub(1, S)))',
    'silu: second term dropped': 'tf.mul(dY, S)',
    'silu: second term, sign': 'tf.mul(dY, tf.sub(S, tf.mul(Y, tf.sub(1, S))))',
    'silu: input for output': 'tf.mul(dY, tf.add(S, tf.mul(X, tf.sub(1, S))))',
  }),
  ...wrongs(
    ACTIVATIONS,
    { activation: 'gelu' },
    'tf.add(tf.add(1, T), tf.mul(tf.mul(X, tf.sub(1, tf.square(T))), du))',
    {
      'gelu: second term dropped': 'tf.add(1, T)',
      'gelu: first term dropped': 'tf.mul(tf.mul(X, tf.sub(1, tf.square(T))), du)',
      'gelu: inner derivative dropped': 'tf.add(tf.add(1, T), tf.mul(X, tf.sub(1, tf.square(T))))',
      'gelu: slope of tanh, not squared': 'tf.add(tf.add(1, T), tf.mul(tf.mul(X, tf.sub(1, T)), du))',
    },
  ),
  ...wrongs(ACTIVATIONS, { activation: 'gelu' }, 'tf.mul(XX, 3 * GELU_CUBIC)', {
    'gelu: 3 of the cube dropped': 'tf.mul(XX, GELU_CUBIC)',
  }),
  ...wrongs(MLP, { ...batchNorm, ...dropped }, 'const dH = M ? dropoutBackward(dX, M) : dX;', {
    'walk: dropout left out': 'const dH = dX;',
  }),
  ...wrongs(MLP, batchNorm, '      dY = dZ;\n', { 'walk: batch normalisation left out': '' }),
  ...wrongs(MLP, batchNorm, 'linearBackward(dZ, inputs[l]!)', {
    'walk: dW before batch normalisation': 'linearBackward(dY, inputs[l]!)',
  }),
  ...wrongs(MLP, batchNorm, 'norms[l]!', { 'walk: another layer’s normalisation': 'norms[0]!' }),
  // Where units are dropped, what the activation gave is not what the next layer took in.
  ...wrongs(MLP, dropped, 'outputs[l - 1]!', { 'walk: dropped units for outputs': 'inputs[l]!' }),
];

const mutants: Mutant[] = [
  {
    file: LINEAR,
    what: 'dW: sign',
    from: 'dW: tf.matMul(X, dY, true, false)',
    to: 'dW: tf.neg(tf.matMul(X, dY, true, false))',
  },
  {
    file: LINEAR,
    what: 'dW: scale',
    from: 'dW: tf.matMul(X, dY, true, false)',
    to: 'dW: tf.mul(tf.matMul(X, dY, true, false), 1.1)',
  },
  {
    file: LINEAR,
    what: 'dW: mean instead of sum',
    from: 'dW: tf.matMul(X, dY, true, false)',
    to: 'dW: tf.div(tf.matMul(X, dY, true, false), X.shape[0])',
  },
  {
    file: LINEAR,
    what: 'dW: dropped',
    from: 'dW: tf.matMul(X, dY, true, false)',
    to: 'dW: tf.zerosLike(tf.matMul(X, dY, true, false))',
  },
  {
    file: LINEAR,
    what: 'dW: transposed',
    from: 'dW: tf.matMul(X, dY, true, false)',
    to: 'dW: tf.reshape(tf.matMul(dY, X, true, false), [X.shape[1], dY.shape[1]])',
  },
  { file: LINEAR, what: 'db: sign', from: 'db: tf.sum(dY, 0)', to: 'db: tf.neg(tf.sum(dY, 0))' },
  { file: LINEAR, what: 'db: mean instead of sum', from: 'db: tf.sum(dY, 0)', to: 'db: tf.mean(dY, 0)' },
  { file: LINEAR, what: 'db: scale', from: 'db: tf.sum(dY, 0)', to: 'db: tf.mul(tf.sum(dY, 0), 0.9)' },
  { file: LINEAR, what: 'db: dropped', from: 'db: tf.sum(dY, 0)', to: 'db: tf.zerosLike(tf.sum(dY, 0))' },
  {
    file: LINEAR,
    what: 'dX: sign',
    from: 'return tf.matMul(dY, W, false, true)',
    to: 'return tf.neg(tf.matMul(dY, W, false, true))',
  },
  {
    file: LINEAR,
    what: 'dX: scale',
    from: 'return tf.matMul(dY, W, false, true)',
    to: 'return tf.mul(tf.matMul(dY, W, false, true), 1.1)',
  },
  {
    file: LINEAR,
    what: 'dX: dropped',
    from: 'return tf.matMul(dY, W, false, true)',
    to: 'return tf.zerosLike(tf.matMul(dY, W, false, true))',
  },
  {
    file: LINEAR,
    what: 'dX: W not transposed',
    from: 'return tf.matMul(dY, W, false, true)',
    to: 'return tf.matMul(dY, W.shape[0] === W.shape[1] ? W : tf.reshape(W, [W.shape[1], W.shape[0]]))',
  },
  {
    file: ACTIVATIONS,
    what: 'relu: sign',
    from: 'return tf.mul(dY, tf.step(Y))',
    to: 'return tf.neg(tf.mul(dY, tf.step(Y)))',
  },
  {
    file: ACTIVATIONS,
    what: 'relu: scale',
    from: 'return tf.mul(dY, tf.step(Y))',
    to: 'return tf.mul(tf.mul(dY, tf.step(Y)), 1.1)',
  },
  {
    file: ACTIVATIONS,
    what: 'relu: mask dropped',
    from: 'return tf.mul(dY, tf.step(Y))',
    to: 'return tf.mul(dY, tf.onesLike(Y))',
  },
  {
    file: ACTIVATIONS,
    what: 'relu: mask inverted',
    from: 'return tf.mul(dY, tf.step(Y))',
    to: 'return tf.mul(dY, tf.sub(1, tf.step(Y)))',
  },
  {
    file: ACTIVATIONS,
    what: 'relu: output for mask',
    from: 'return tf.mul(dY, tf.step(Y))',
    to: 'return tf.mul(dY, Y)',
  },
  {
    file: LOSS,
    what: 'loss: sign',
    from: 'return tf.div(tf.sub(P, Y), P.shape[0])',
    to: 'return tf.div(tf.sub(Y, P), P.shape[0])',
  },
  {
    file: LOSS,
    what: 'loss: mean dropped',
    from: 'return tf.div(tf.sub(P, Y), P.shape[0])',
    to: 'return tf.sub(P, Y)',
  },
  {
    file: LOSS,
    what: 'loss: divided by classes',
    from: 'return tf.div(tf.sub(P, Y), P.shape[0])',
    to: 'return tf.div(tf.sub(P, Y), P.shape[1])',
  },
  {
    file: LOSS,
    what: 'loss: truth dropped',
    from: 'return tf.div(tf.sub(P, Y), P.shape[0])',
    to: 'return tf.div(P, P.shape[0])',
  },
  {
    file: LOSS,
    what: 'loss: prediction dropped',
    from: 'return tf.div(tf.sub(P, Y), P.shape[0])',
    to: 'return tf.div(tf.neg(Y), P.shape[0])',
  },
  {
    file: MLP,
    what: 'walk: activation left out',
    from: 'dY = ACTIVATIONS[activation].backward(dH, sums[l - 1]!, outputs[l - 1]!)',
    to: 'dY = dH',
  },
  {
    file: MLP,
    what: 'walk: another layer’s input',
    from: 'linearBackward(dY, inputs[l]!)',
    to: 'linearBackward(dY, inputs[l === 2 ? 1 : l]!)',
  },
  {
    file: MLP,
    what: 'walk: another layer’s mask',
    from: 'sums[l - 1]!, outputs[l - 1]!)',
    to: 'sums[l - 1]!, outputs[0]!)',
  },
  ...mutantsOfTheLayers,
];

// Square hidden layers and as many samples as classes: the shapes fit whatever is transposed or mixed up.
const widths = [5, 5, 5];

async function worstError(load: () => { gradcheck: typeof Gradcheck }, network: Network = {}): Promise<number> {
  const { activation, batchNorm, dropout } = network;
  const { gradcheck } = load();
  const params = [5, ...widths].flatMap((width, l, all) => {
    if (l === 0) return [];
    const scale = batchNorm && l < widths.length ? [randomTensor<tf.Rank.R1>([width], 30 + l)] : [];
    const W = randomTensor<tf.Rank.R2>([all[l - 1]!, width], l);
    return [W, randomTensor<tf.Rank.R1>([width], 10 + l, 0.5), ...scale];
  });
  const batch = { X: randomTensor<tf.Rank.R2>([6, 5], 20), y: tf.tensor1d([0, 1, 2, 3, 4, 2], 'int32') };
  const masks = dropoutMasks(6, params, { dropout, inputDropout: dropout }, 1);
  const random = createRandom(0, 'gradcheck');
  const results = await gradcheck({ params, batch, activation, masks, random, entries: 25 });
  for (const { name, entries } of results) expect(entries, `entries compared in ${name}`).to.be.greaterThan(1);
  return Math.max(...results.map(({ relativeError }) => relativeError));
}

describe('F52 mutants of the backward pass', () => {
  useBackend('cpu');
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
