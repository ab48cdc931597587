import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import fs from 'node:fs';
import path from 'node:path';
import { createRandom } from '../../src/random';
import type { gradcheck as Gradcheck } from '../../src/training/gradcheck';
import { useEngine } from '../engine';
import { randomTensor } from '../finiteDifferences';

// F52: a gradient check is worth what it catches. Each mutant is one wrong term in the real source of a backward pass; the
// mutated source is compiled and run through the real gradcheck, which has to fail for every one of them.

const root = path.join(__dirname, '../..');

interface Mutant {
  readonly file: string;
  readonly what: string;
  readonly from: string;
  readonly to: string;
}

const LINEAR = 'src/nn/linear.ts';
const ACTIVATIONS = 'src/nn/activations.ts';
const LOSS = 'src/nn/softmaxCrossEntropy.ts';
const MLP = 'src/nn/mlp.ts';

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
    from: 'dY = ACTIVATIONS[activation].backward(dH, sums[l - 1]!, inputs[l]!)',
    to: 'dY = dH',
  },
  {
    file: MLP,
    what: 'walk: another layer’s input',
    from: 'linearBackward(dY, inputs[l]!)',
    to: 'linearBackward(dY, inputs[l === 2 ? 1 : l]!)',
  },
  { file: MLP, what: 'walk: another layer’s mask', from: 'sums[l - 1]!, inputs[l]!)', to: 'sums[l - 1]!, inputs[1]!)' },
];

// Square hidden layers and as many samples as classes: the shapes fit whatever is transposed or mixed up.
const widths = [5, 5, 5];

async function worstError(load: () => { gradcheck: typeof Gradcheck }): Promise<number> {
  const { gradcheck } = load();
  const params = [5, ...widths].flatMap((width, l, all) =>
    l === 0 ? [] : [randomTensor<tf.Rank.R2>([all[l - 1]!, width], l), randomTensor<tf.Rank.R1>([width], 10 + l, 0.5)],
  );
  const batch = { X: randomTensor<tf.Rank.R2>([6, 5], 20), y: tf.tensor1d([0, 1, 2, 3, 4, 2], 'int32') };
  const results = await gradcheck({ params, batch, random: createRandom(0, 'gradcheck'), entries: 25 });
  for (const { name, entries } of results) expect(entries, `entries compared in ${name}`).to.be.greaterThan(1);
  return Math.max(...results.map(({ relativeError }) => relativeError));
}

describe('F52 mutants of the backward pass', () => {
  useEngine('cpu');
  let copy: string;

  before(() => {
    fs.mkdirSync(path.join(root, '.cache'), { recursive: true });
    copy = fs.mkdtempSync(path.join(root, '.cache', 'mutants-'));
    fs.cpSync(path.join(root, 'src'), path.join(copy, 'src'), { recursive: true });
  });
  after(() => fs.rmSync(copy, { recursive: true, force: true }));

  const loadCopy = () => {
    for (const file of Object.keys(require.cache)) if (file.startsWith(copy)) delete require.cache[file];
    return require(path.join(copy, 'src/training/gradcheck')) as { gradcheck: typeof Gradcheck };
  };

  it('F52 the source as it is passes', async () => {
    expect(await worstError(loadCopy)).to.be.lessThan(2e-3);
  });

  for (const { file, what, from, to } of mutants) {
    it(`F52 ${what} is caught`, async () => {
      const source = fs.readFileSync(path.join(root, file), 'utf8');
      expect(source.split(from).length - 1, `"${from}" stands once in ${file}`).to.equal(1);
      fs.writeFileSync(path.join(copy, file), source.replace(from, to));
      try {
        expect(await worstError(loadCopy)).to.be.greaterThan(1e-2); // the tolerance of the command
      } finally {
        fs.writeFileSync(path.join(copy, file), source);
      }
    });
  }
});
