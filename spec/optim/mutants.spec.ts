import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import type { mixup as Mixup } from '../../src/nn/targets';
import type { updateAverages as UpdateAverages } from '../../src/optim/average';
import type { clipByGlobalNorm as ClipByGlobalNorm } from '../../src/optim/clip';
import type { createOptimizer as CreateOptimizer, OptimizerName } from '../../src/optim/optimizers';
import type { learningRate as LearningRate, ScheduleName } from '../../src/optim/schedules';
import type { Safetensors } from '../../src/model/safetensors';
import { ONE_BACKEND, useBackend, withoutKernel } from '../backend';
import { type Mutant, sourceCopy, wrongs } from '../sourceCopy';
import { deviations, readTrajectories, RUNS, type Source } from '../training/trajectory';

// F52 for what changes the parameters, and for what gradcheck does not see: each mutant is one wrong term in the real
// source of an update rule, a schedule, an average, the running statistics, the targets or a loss. It has to fail a
// check that the source passes: ten steps of PyTorch's, or numbers by hand.

const wrongsOf = (file: string) => (from: string, ways: Record<string, string>) => wrongs(`src/${file}.ts`, from, ways);
const sgd = wrongsOf('optim/sgd');
const momentum = wrongsOf('optim/momentum');
const rmsprop = wrongsOf('optim/rmsprop');
const adam = wrongsOf('optim/adam');
const optimizers = wrongsOf('optim/optimizers');
const network = wrongsOf('nn/network');
const decay = wrongsOf('optim/decay');
const clip = wrongsOf('optim/clip');
const average = wrongsOf('optim/average');
const schedules = wrongsOf('optim/schedules');
const batchNorm = wrongsOf('nn/batchNorm');
const targets = wrongsOf('nn/targets');
const meanSquaredError = wrongsOf('nn/meanSquaredError');
const huber = wrongsOf('nn/huber');
const crossEntropy = wrongsOf('nn/softmaxCrossEntropy');
const losses = wrongsOf('nn/losses');
const mlp = wrongsOf('nn/mlp');
const step = wrongsOf('training/trainStep');

const mutants: Mutant[] = [
  ...sgd('tf.sub(W, tf.mul(grads[i]!, rate))', {
    'sgd: sign': 'tf.add(W, tf.mul(grads[i]!, rate))',
    'sgd: lr dropped': 'tf.sub(W, grads[i]!)',
    'sgd: lr squared': 'tf.sub(W, tf.mul(grads[i]!, tf.square(rate)))',
    'sgd: gradient dropped': 'tf.clone(W)',
  }),
  ...momentum('tf.add(tf.mul(V, mu), grads[i]!)', {
    'momentum: μ dropped': 'tf.add(V, grads[i]!)',
    'momentum: velocity dropped': 'tf.clone(grads[i]!)',
    'momentum: gradient, sign': 'tf.sub(tf.mul(V, mu), grads[i]!)',
    'momentum: gradient damped by 1 - μ': 'tf.add(tf.mul(V, mu), tf.mul(grads[i]!, 1 - mu))',
  }),
  ...momentum('tf.add(grads[i]!, tf.mul(V, mu))', {
    'nesterov: gradient dropped': 'tf.mul(V, mu)',
    'nesterov: μ dropped': 'tf.add(grads[i]!, V)',
    'nesterov: sign': 'tf.sub(grads[i]!, tf.mul(V, mu))',
    'nesterov: the plain velocity': 'V',
  }),
  ...rmsprop('tf.add(tf.mul(S, beta), tf.mul(tf.square(grads[i]!), 1 - beta))', {
    'rmsprop, S: square dropped': 'tf.add(tf.mul(S, beta), tf.mul(tf.abs(grads[i]!), 1 - beta))',
    'rmsprop, S: 1 - β dropped': 'tf.add(tf.mul(S, beta), tf.square(grads[i]!))',
    'rmsprop, S: β dropped': 'tf.add(S, tf.mul(tf.square(grads[i]!), 1 - beta))',
    'rmsprop, S: forgotten': 'tf.mul(tf.square(grads[i]!), 1 - beta)',
  }),
  ...rmsprop('tf.div(tf.mul(grads[i]!, lr), tf.add(tf.sqrt(meanSquare[i]!), epsilon))', {
    'rmsprop: root dropped': 'tf.div(tf.mul(grads[i]!, lr), tf.add(meanSquare[i]!, epsilon))',
    'rmsprop: not divided': 'tf.mul(grads[i]!, lr)',
    'rmsprop: sign': 'tf.neg(tf.div(tf.mul(grads[i]!, lr), tf.add(tf.sqrt(meanSquare[i]!), epsilon)))',
    'rmsprop: ε dropped': 'tf.div(tf.mul(grads[i]!, lr), tf.sqrt(meanSquare[i]!))',
    'rmsprop: ε under the root': 'tf.div(tf.mul(grads[i]!, lr), tf.sqrt(tf.add(meanSquare[i]!, epsilon)))',
  }),
  ...adam('tf.add(tf.mul(M, beta1), tf.mul(dW, 1 - beta1))', {
    'adam, M: 1 - β1 dropped': 'tf.add(tf.mul(M, beta1), dW)',
    'adam, M: β1 dropped': 'tf.add(M, tf.mul(dW, 1 - beta1))',
    'adam, M: forgotten': 'tf.mul(dW, 1 - beta1)',
    'adam, M: sign': 'tf.sub(tf.mul(M, beta1), tf.mul(dW, 1 - beta1))',
  }),
  ...adam('tf.mul(S, beta2), tf.mul(tf.square(dW), 1 - beta2)', {
    'adam, S: square dropped': 'tf.mul(S, beta2), tf.mul(tf.abs(dW), 1 - beta2)',
    'adam, S: 1 - β2 dropped': 'tf.mul(S, beta2), tf.square(dW)',
    'adam, S: β2 dropped': 'S, tf.mul(tf.square(dW), 1 - beta2)',
    'adam, S: taken from M': 'tf.mul(tf.abs(M), beta2), tf.mul(tf.square(dW), 1 - beta2)',
  }),
  ...adam('lr / (1 - beta1 ** t)', {
    'adam: M not corrected': 'lr',
    'adam: M corrected by the step before': 'lr / (1 - beta1 ** (t - 1) + 1e-9)',
    'adam: M multiplied by the correction': 'lr * (1 - beta1 ** t)',
  }),
  ...adam('Math.sqrt(1 - beta2 ** t)', {
    'adam: S not corrected': '1',
    'adam: correction of S without its root': '1 - beta2 ** t',
    'adam: S corrected with β1': 'Math.sqrt(1 - beta1 ** t)',
  }),
  ...adam('tf.add(tf.sqrt(S), epsilon)', {
    'adam: root dropped': 'tf.add(S, epsilon)',
    'adam: ε dropped': 'tf.sqrt(S)',
  }),
  ...adam('epsilon: epsilon * root', { 'adam: ε not corrected': 'epsilon' }),
  ...adam('tf.sub(W, tf.div(', { 'adam: sign': 'tf.add(W, tf.div(' }),
  ...optimizers('[decay(options.weightDecay), adam(options)]', { 'adam: decay dropped': '[adam(options)]' }),
  ...optimizers('[decoupledDecay(options.weightDecay ?? 0.01), adam(options)]', {
    'adamw: decay dropped': '[adam(options)]',
    'adamw: decay through the loss': '[decay(options.weightDecay ?? 0.01), adam(options)]',
  }),
  ...optimizers('chain(lr, clipping(clipNorm), ...OPTIMIZERS[name](options))', {
    'chain: clipping dropped': 'chain(lr, ...OPTIMIZERS[name](options))',
    'chain: clipping after the rule': 'chain(lr, ...OPTIMIZERS[name](options), clipping(clipNorm))',
  }),
  ...decay('tf.add(dW, tf.mul(params[i]!, weightDecay))', {
    'decay through the loss: sign': 'tf.sub(dW, tf.mul(params[i]!, weightDecay))',
    'decay through the loss: twice': 'tf.add(dW, tf.mul(params[i]!, 2 * weightDecay))',
    'decay through the loss: gradient dropped': 'tf.mul(params[i]!, weightDecay)',
  }),
  ...network('{ W: true, b: false, g: false }', {
    'decay: of biases too': '{ W: true, b: true, g: true }',
    'decay: of biases only': '{ W: false, b: true, g: true }',
  }),
  ...decay('decays[i] ? tf.add', { 'decay through the loss: of everything': 'true ? tf.add' }),
  ...decay('decays[i] ? tf.mul', { 'decoupled decay: of everything': 'true ? tf.mul' }),
  ...decay('tf.mul(W, 1 - lr * weightDecay)', {
    'decoupled decay: sign': 'tf.mul(W, 1 + lr * weightDecay)',
    'decoupled decay: twice': 'tf.mul(W, 1 - 2 * lr * weightDecay)',
    'decoupled decay: the rate is not in it': 'tf.mul(W, 1 - weightDecay)',
  }),
  ...clip('tf.sqrt<tf.Scalar>(tf.addN(grads.map((dW) => tf.sum(tf.square(dW)))))', {
    'clip: root dropped': 'tf.addN(grads.map((dW) => tf.sum(tf.square(dW))))',
    'clip: the first gradient alone': 'tf.sqrt(tf.sum(tf.square(grads[0]!)))',
    'clip: mean instead of sum': 'tf.sqrt<tf.Scalar>(tf.addN(grads.map((dW) => tf.mean(tf.square(dW)))))',
  }),
  ...clip('tf.maximum(norm, maxNorm)', {
    'clip: short gradients are stretched': 'norm',
    'clip: long gradients stay': 'tf.minimum(norm, maxNorm)',
  }),
  ...average('tf.mul(tf.sub(params[i]!, A), 1 - d)', {
    'average: d and 1 - d exchanged': 'tf.mul(tf.sub(params[i]!, A), d)',
    'average: sign': 'tf.mul(tf.sub(A, params[i]!), 1 - d)',
    'average: stands still': 'tf.zerosLike(A)',
  }),
  ...average('Math.min(decay, (1 + step) / (10 + step))', {
    'average: no quicker start': 'decay',
    'average: the decay never reached': '(1 + step) / (10 + step)',
    'average: a start without its 1': 'Math.min(decay, step / (10 + step))',
  }),
  ...schedules('_span, { lr }) => lr;', { 'constant: half': '_span, { lr }) => lr / 2;' }),
  ...schedules('lr * decay ** Math.floor(t / (decayEvery === undefined ? span / 3 : decayEvery * stepsPerEpoch))', {
    'step: all at once':
      'lr * decay * Math.floor(t / (decayEvery === undefined ? span / 3 : decayEvery * stepsPerEpoch))',
    'step: not in steps': 'lr * decay ** (t / (decayEvery === undefined ? span / 3 : decayEvery * stepsPerEpoch))',
    'step: by steps, not by epochs': 'lr * decay ** Math.floor(t / (decayEvery === undefined ? span / 3 : decayEvery))',
    'step: halves, not thirds':
      'lr * decay ** Math.floor(t / (decayEvery === undefined ? span / 2 : decayEvery * stepsPerEpoch))',
  }),
  ...schedules('lr * decay ** (t / stepsPerEpoch)', {
    'exponential: by steps': 'lr * decay ** t',
    'exponential: by whole epochs': 'lr * decay ** Math.floor(t / stepsPerEpoch)',
  }),
  ...schedules('(lr * (1 + Math.cos((Math.PI * t) / span))) / 2', {
    'cosine: not halved': 'lr * (1 + Math.cos((Math.PI * t) / span))',
    'cosine: sign': '(lr * (1 - Math.cos((Math.PI * t) / span))) / 2',
    'cosine: a whole wave': '(lr * (1 + Math.cos((2 * Math.PI * t) / span))) / 2',
  }),
  ...schedules('return (lr * at) / rise;', {
    'warmup: dropped': 'return lr;',
    'warmup: begins at 0': 'return (lr * (at - 1)) / rise;',
  }),
  ...schedules('(1 - Math.cos((Math.PI * at) / rise)) / 2', {
    'one-cycle: rises along a line': 'at / rise',
    'one-cycle: falls first': '(1 + Math.cos((Math.PI * at) / rise)) / 2',
  }),
  ...schedules('lr * (ONE_CYCLE_START + (1 - ONE_CYCLE_START) * risen)', {
    'one-cycle: begins at 0': 'lr * risen',
    'one-cycle: rises too high': 'lr * (ONE_CYCLE_START + risen)',
  }),
  ...schedules('Math.min(at - rise - 1, span)', {
    'schedules: the warmup counts': 'Math.min(at - 1, span)',
    'schedules: a step late': 'Math.min(at - rise, span)',
  }),
  ...batchNorm('tf.mul(tf.sub(to, from), MOMENTUM)', {
    'running statistics: sign': 'tf.mul(tf.sub(from, to), MOMENTUM)',
    'running statistics: those of the last batch': 'tf.sub(to, from)',
    'running statistics: stand still': 'tf.zerosLike(from)',
  }),
  ...batchNorm('n / Math.max(1, n - 1)', { 'running variance: that of the batch alone': '1' }),
  ...batchNorm('b: tf.sub(b, tf.mul(mean, k))', {
    'batch norm in use: mean dropped': 'b',
    'batch norm in use: mean, sign': 'b: tf.add(b, tf.mul(mean, k))',
    'batch norm in use: mean not scaled': 'b: tf.sub(b, mean)',
  }),
  ...batchNorm('tf.mul(g, scaleOf(variance))', {
    'batch norm in use: g dropped': 'scaleOf(variance)',
    'batch norm in use: variance dropped': 'g',
  }),
  ...targets('tf.add(tf.mul(T, 1 - smoothing), smoothing / T.shape[1])', {
    'label smoothing: targets not lessened': 'tf.add(T, smoothing / T.shape[1])',
    'label smoothing: not shared': 'tf.add(tf.mul(T, 1 - smoothing), smoothing)',
    'label smoothing: nothing for the others': 'tf.mul(T, 1 - smoothing)',
  }),
  ...targets('tf.add<tf.Tensor2D>(tf.mul(A, lambda), tf.mul(tf.reverse(A, 0), 1 - lambda))', {
    'mixup: λ and 1 - λ exchanged': 'tf.add<tf.Tensor2D>(tf.mul(A, 1 - lambda), tf.mul(tf.reverse(A, 0), lambda))',
    'mixup: with itself': 'tf.add<tf.Tensor2D>(tf.mul(A, lambda), tf.mul(A, 1 - lambda))',
    'mixup: not weighed': 'tf.add<tf.Tensor2D>(tf.mul(A, lambda), tf.reverse(A, 0))',
    'mixup: columns exchanged': 'tf.add<tf.Tensor2D>(tf.mul(A, lambda), tf.mul(tf.reverse(A, 1), 1 - lambda))',
  }),
  ...targets('T: mix(T)', { 'mixup: targets not mixed': 'T' }),
  ...targets('w: w && mix(w)', { 'mixup: weights not mixed': 'w' }),
  // The losses themselves: gradcheck has definitions of its own.
  ...meanSquaredError('tf.mean(weigh(tf.square(tf.sub(O, T)), w))', {
    'mse: weights dropped': 'tf.mean(tf.square(tf.sub(O, T)))',
    'mse: square dropped': 'tf.mean(weigh(tf.abs(tf.sub(O, T)), w))',
    'mse: sum instead of mean': 'tf.sum(weigh(tf.square(tf.sub(O, T)), w))',
    'mse: targets dropped': 'tf.mean(weigh(tf.square(O), w))',
    'mse: sum over the outputs': 'tf.div(tf.sum(weigh(tf.square(tf.sub(O, T)), w)), O.shape[0])',
    'mse: half': 'tf.mul(0.5, tf.mean(weigh(tf.square(tf.sub(O, T)), w)))',
  }),
  ...huber('tf.mean(weigh(tf.mul(C, tf.sub(R, tf.mul(C, 0.5))), w))', {
    'huber: weights dropped': 'tf.mean(tf.mul(C, tf.sub(R, tf.mul(C, 0.5))))',
    'huber: the square everywhere': 'tf.mean(weigh(tf.mul(tf.square(R), 0.5), w))',
    'huber: linear everywhere': 'tf.mean(weigh(tf.mul(tf.abs(R), delta), w))',
    'huber: half dropped': 'tf.mean(weigh(tf.mul(C, tf.sub(R, C)), w))',
    'huber: δ/2 not subtracted': 'tf.mean(weigh(tf.mul(C, R), w))',
    'huber: sum instead of mean': 'tf.sum(weigh(tf.mul(C, tf.sub(R, tf.mul(C, 0.5))), w))',
  }),
  ...huber('const R = tf.sub<tf.Tensor2D>(O, T);', { 'huber: targets dropped': 'const R = O;' }),
  ...huber('const C = tf.clipByValue(R, -delta, delta);', {
    'huber: δ is 1': 'const C = tf.clipByValue(R, -1, 1);',
    'huber: clipped above only': 'const C = tf.minimum(R, delta);',
    'huber: clipped below only': 'const C = tf.maximum(R, -delta);',
  }),
  ...crossEntropy('tf.mean<tf.Scalar>(weigh(tf.sub(tf.log(S), tf.sum(tf.mul(T, D), 1, true)), w))', {
    'cross-entropy: weights dropped': 'tf.mean<tf.Scalar>(tf.sub(tf.log(S), tf.sum(tf.mul(T, D), 1, true)))',
  }),
  ...losses('huber(O, T, delta, w)', { 'losses: huber, weights dropped': 'huber(O, T, delta)' }),
  ...losses('meanSquaredError(O, T, w)', { 'losses: mse, weights dropped': 'meanSquaredError(O, T)' }),
  ...mlp('lossOf.forward(O, T, w)', { 'lossAndGradients: weights dropped': 'lossOf.forward(O, T)' }),
  ...step('options.loss, w)', {
    'step: weights dropped': 'options.loss)',
    'step: another loss': 'undefined, w)',
  }),
];

/** The rates of a run of 100 steps and 10 epochs at most 1, by hand: schedule, options, step, rate. */
const RATES: readonly [ScheduleName, { decay?: number; decayEvery?: number; warmupSteps?: number }, number, number][] =
  [
    ['constant', {}, 50, 1],
    ['constant', { warmupSteps: 20 }, 1, 0.05],
    ['constant', { warmupSteps: 20 }, 20, 1],
    ['step', {}, 34, 1],
    ['step', {}, 35, 0.1],
    ['step', {}, 68, 0.01],
    ['step', { decay: 0.5, decayEvery: 2 }, 41, 0.25],
    ['exponential', {}, 21, 0.95 ** 2],
    ['exponential', { decay: 0.25 }, 6, 0.5],
    ['cosine', {}, 1, 1],
    ['cosine', {}, 51, 0.5],
    ['cosine', { warmupSteps: 20 }, 61, 0.5],
    ['one-cycle', {}, 10, 0.04 + 0.96 / 4],
    ['one-cycle', {}, 15, 0.04 + 0.96 / 2],
    ['one-cycle', {}, 31, 1],
    ['one-cycle', {}, 66, 0.5],
  ];

describe('F52 mutants of update rules, schedules, averages, targets and losses', () => {
  useBackend(ONE_BACKEND);
  withoutKernel('AdamStep', ONE_BACKEND);
  const copy = sourceCopy();
  let file: Safetensors;
  before(async () => {
    file = await readTrajectories();
  });

  /** The largest deviation from PyTorch's ten steps over all runs, or the first one beyond any doubt. */
  function fromPyTorch(): number {
    const source: Source = {
      ...copy.load<Pick<Source, 'trainStep'>>('src/training/trainStep'),
      ...copy.load<Pick<Source, 'startState' | 'replaceTensors' | 'inferenceNetwork'>>('src/training/trainState'),
      ...copy.load<Pick<Source, 'createOptimizer'>>('src/optim/optimizers'),
      ...copy.load<Pick<Source, 'createLoss'>>('src/nn/losses'),
      ...copy.load<Pick<Source, 'mlp'>>('src/nn/mlp'),
    };
    let worst = 0;
    for (const name of Object.keys(RUNS)) {
      worst = Math.max(worst, ...Object.values(deviations(name, file, source)));
      if (!(worst < 1e-3)) return worst; // larger, or no number at all
    }
    return worst;
  }

  /** The largest error in numbers that are known by hand. */
  function byHand(): number {
    const errors: number[] = [];
    const compare = (actual: tf.Tensor, ...wanted: number[]) => {
      actual.dataSync().forEach((value, i) => errors.push(Math.abs(value - wanted[i]!) / Math.abs(wanted[i]!)));
    };
    const { learningRate } = copy.load<{ learningRate: typeof LearningRate }>('src/optim/schedules');
    for (const [name, options, step, rate] of RATES) {
      const run = { lr: 1, totalSteps: 100, stepsPerEpoch: 10, warmupSteps: 0, ...options };
      errors.push(Math.abs(learningRate(name, step, run) - rate) / rate);
    }
    const { clipByGlobalNorm } = copy.load<{ clipByGlobalNorm: typeof ClipByGlobalNorm }>('src/optim/clip');
    const gradients = () => [tf.tensor1d([3, 3]), tf.tensor1d([3, 3])]; // together 6 long
    for (const [maxNorm, wanted] of [
      [2, 1],
      [9, 3],
    ] as const) {
      for (const gradient of clipByGlobalNorm(gradients(), maxNorm)) compare(gradient, wanted, wanted);
    }
    const { updateAverages } = copy.load<{ updateAverages: typeof UpdateAverages }>('src/optim/average');
    const averaged = (A: number, W: number, d: number, t: number) =>
      updateAverages([tf.tensor1d([A])], [tf.tensor1d([W])], d, t)[0]!;
    compare(averaged(11, 22, 0.999, 1), 20); // 2/11 of 11 and 9/11 of 22
    compare(averaged(10, 20, 0.9, 1000), 11);
    // A first step with an ε that counts: M and S, corrected, are the gradient g and its square, so it is lr · g /
    // (|g| + ε).
    const { createOptimizer } = copy.load<{ createOptimizer: typeof CreateOptimizer }>('src/optim/optimizers');
    const firstStep = (name: OptimizerName, beta2: number) => {
      const params = [tf.tensor1d([10])];
      const optimizer = createOptimizer(name, 1, { beta2, epsilon: 2 });
      const gradients = { params, grads: [tf.tensor1d([2])], decays: [false] };
      return optimizer.update(gradients, optimizer.init(params), 1).params[0]!;
    };
    compare(firstStep('adam', 0.75), 10 - 2 / (2 + 2));
    compare(firstStep('rmsprop', 0.75), 10 - 2 / (1 + 2)); // S is not corrected: a quarter of 4
    const { mixup } = copy.load<{ mixup: typeof Mixup }>('src/nn/targets');
    const samples = tf.tensor2d([4, 8, 12, 24], [2, 2]);
    const weights = tf.tensor2d([1, 2], [2, 1]);
    const { X, T, w } = mixup(samples, tf.tensor2d([0.9, 0.1, 0.2, 0.8], [2, 2]), 0.75, weights);
    compare(X, 6, 12, 10, 20);
    compare(T, 0.725, 0.275, 0.375, 0.625);
    compare(w!, 1.25, 1.75);
    return Math.max(...errors);
  }

  it('F52 the source as it is passes', () => {
    expect(fromPyTorch()).to.be.lessThan(1e-5);
    expect(byHand()).to.be.lessThan(1e-6);
  });

  for (const mutant of mutants) {
    it(`F52 ${mutant.what} is caught`, () =>
      copy.withMutant(mutant, () => {
        const caught = !(byHand() < 1e-3) || !(fromPyTorch() < 1e-4);
        expect(caught, 'further from PyTorch than 1e-4, or from the numbers by hand than 1e-3').to.equal(true);
      }));
  }
});
