import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import v8 from 'node:v8';
import vm from 'node:vm';
import { HandgradError } from '../../src/errors';
import { initParams } from '../../src/nn/initialize';
import { createLoss } from '../../src/nn/losses';
import type { Network } from '../../src/nn/mlp';
import { tensorsOf, withBatchNorm } from '../../src/nn/network';
import { createOptimizer } from '../../src/optim/optimizers';
import { createRandom } from '../../src/random';
import { dataIterator } from '../../src/training/batches';
import { isBetter } from '../../src/training/earlyStopping';
import { evaluate, evaluateRegression } from '../../src/training/evaluate';
import { train, type TrainEvent, type TrainOptions } from '../../src/training/train';
import { bestNetwork, disposeState, startState, stateTensors, type TrainState } from '../../src/training/trainState';
import { NPM_BACKENDS, onEachBackend, SPEC_BACKENDS, startBackend, useBackend } from '../backend';
import { REGRESSION_TARGETS, smallDataset, smallRegression } from '../smallDataset';

const trainSamples = smallDataset(103, 20, 3, 1);
const testSamples = smallDataset(50, 20, 3, 2);

function options({ lr = 0.5, ...more }: Partial<TrainOptions> & { lr?: number } = {}): TrainOptions {
  const optimizer = createOptimizer('sgd', lr);
  return {
    state: startState(initParams(20, 3, 8, createRandom(0, 'init')), optimizer),
    trainIter: dataIterator(trainSamples, 10, { shuffleSeed: 0 }),
    testIter: dataIterator(testSamples, 32),
    numEpochs: 3,
    optimizer,
    ...more,
  };
}

async function collect(options: TrainOptions): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of train(options)) events.push(event);
  return events;
}

/** The network of a state that training adds nothing to: a plain one. */
const plain = ({ network }: TrainState) => network as Network;

const epochs = (events: TrainEvent[]) => events.filter((event) => event.type === 'epoch');

describe('train', () => {
  onEachBackend(() => {
    it('learns, and reports every step, every epoch and the end', async () => {
      const run = options({ numEpochs: 12 });
      const events = await collect(run);
      const steps = events.filter((event) => event.type === 'step');
      expect(steps).to.have.length(12 * 11);
      expect(steps.slice(9, 12).map(({ epoch, step, samples }) => [epoch, step, samples])).to.deep.equal([
        [1, 10, 100],
        [1, 11, 103],
        [2, 12, 10],
      ]);
      const rows = epochs(events);
      expect(rows.map(({ epoch, step }) => [epoch, step])).to.deep.equal(
        Array.from({ length: 12 }, (_, i) => [i + 1, (i + 1) * 11]),
      );
      expect(rows.at(-1)!.loss).to.be.lessThan(rows[0]!.loss / 2);
      expect(rows.at(-1)!.testAccuracy).to.be.greaterThan(0.9);
      const end = events.at(-1)!;
      const judged = await evaluate(run.testIter, plain(run.state));
      expect(end).to.include({ type: 'end', epochs: 12, testLoss: judged.loss, testAccuracy: judged.accuracy });
    });

    it('counts the last, smaller batch for what it is: the loss is the mean over the samples', async () => {
      // With a learning rate of 0 nothing moves, so the mean training loss is the loss on the training samples.
      const run = options({ lr: 0, numEpochs: 1 });
      const [epoch] = epochs(await collect(run));
      const { loss } = await evaluate(dataIterator(trainSamples, 1000), plain(run.state));
      expect(epoch!.loss).to.be.closeTo(loss, 1e-6);
    });

    it('reports the accuracy on the training samples where the state counts it', async () => {
      const network = () => initParams(20, 3, 8, createRandom(0, 'init'));
      const optimizer = createOptimizer('sgd', 1e-12);
      const counting = (accuracy: boolean) =>
        options({ state: startState(network(), optimizer, { accuracy }), optimizer });
      const run = counting(true);
      const rows = epochs(await collect(run));
      // The steps are too small to change an answer, so every epoch finds what an evaluation finds.
      const { accuracy } = await evaluate(dataIterator(trainSamples, 1000), plain(run.state));
      expect(rows.map(({ trainAccuracy }) => trainAccuracy)).to.deep.equal(rows.map(() => accuracy));
      expect(accuracy).to.be.greaterThan(0).and.lessThan(1);
      expect(epochs(await collect(counting(false)))[0]).not.to.have.property('trainAccuracy');
    });

    it('judges the epochs by the validation part when there is one, and looks at the test set once', async () => {
      let passes = 0;
      const testIter = dataIterator(testSamples, 32);
      const counted = {
        ...testIter,
        [Symbol.iterator]: () => {
          passes++;
          return testIter[Symbol.iterator]();
        },
      };
      const events = await collect(
        options({ testIter: counted, valIter: dataIterator(smallDataset(30, 20, 3, 3), 30) }),
      );
      expect(passes).to.equal(1);
      for (const row of epochs(events)) {
        expect(row).to.have.property('valAccuracy');
        expect(row).to.have.property('valLoss');
        expect(row).not.to.have.property('testAccuracy');
        expect(row).not.to.have.property('testLoss');
      }
      expect(events.at(-1)).to.have.property('testAccuracy').that.is.greaterThan(0.3);
    });

    it('repeats itself bit for bit with the same seed', async () => {
      const [one, two] = [options(), options()];
      const numbers = (events: TrainEvent[]) =>
        epochs(events).map(({ loss, lastBatchLoss, testLoss, testAccuracy }) => [
          loss,
          lastBatchLoss,
          testLoss,
          testAccuracy,
        ]);
      expect(numbers(await collect(one))).to.deep.equal(numbers(await collect(two)));
      const weights = tensorsOf(two.state.network);
      tensorsOf(one.state.network).forEach((tensor, i) => {
        expect(tensor.dataSync()).to.deep.equal(weights[i]!.dataSync());
      });
    });

    it('holds no tensor but the state at the end, when the loop is left, and when training diverges', async () => {
      const before = tf.memory().numTensors;
      const ends: Record<string, (run: TrainOptions) => Promise<void>> = {
        finished: async (run) => void (await collect(run)),
        'left after a step': async (run) => {
          for await (const event of train(run)) if (event.type === 'step' && event.step === 5) break;
        },
        'left after an epoch': async (run) => {
          for await (const event of train(run)) if (event.type === 'epoch') break;
        },
        diverged: async (run) => {
          const error = await collect({ ...run, optimizer: createOptimizer('sgd', 1e30) }).catch(
            (error: unknown) => error,
          );
          expect(error).to.be.instanceOf(HandgradError).with.property('kind', 'diverged');
        },
      };
      for (const [name, end] of Object.entries(ends)) {
        const run = options();
        await end(run);
        expect(tf.memory().numTensors, name).to.equal(before + stateTensors(run.state).length);
        disposeState(run.state);
        expect(tf.memory().numTensors, name).to.equal(before);
      }
    });
  });

  describe('with a validation part and patience', () => {
    useBackend('wasm');
    /** Noise: the labels have nothing to do with the samples, so the validation accuracy goes up and down. */
    const noise = (count: number, seed: number) => {
      const samples = smallDataset(count, 20, 3, seed);
      const random = createRandom(seed, 'order');
      return { ...samples, labels: samples.labels.map(() => random.integer(3)) };
    };
    const stopping = (patience: number) => {
      const network = initParams(20, 3, 8, createRandom(0, 'init'));
      return options({
        state: startState(network, createOptimizer('sgd', 0.5), { best: true }),
        trainIter: dataIterator(noise(103, 1), 10, { shuffleSeed: 0 }),
        valIter: dataIterator(noise(61, 2), 64),
        numEpochs: 60,
        patience,
      });
    };

    for (const patience of [1, 4]) {
      it(`stops after ${patience} epochs that were no better, and judges and keeps the best network`, async () => {
        const run = stopping(patience);
        const events = await collect(run);
        const accuracies = epochs(events).map(({ valAccuracy }) => valAccuracy!);
        const most = Math.max(...accuracies);
        const losses = epochs(events).map(({ valLoss, valAccuracy }) => (valAccuracy === most ? valLoss! : Infinity));
        const best = losses.indexOf(Math.min(...losses)) + 1;
        expect(accuracies.length)
          .to.equal(best + patience)
          .and.lessThan(60);
        const network = bestNetwork(run.state);
        const judged = await evaluate(run.valIter!, network);
        expect(judged.accuracy).to.equal(accuracies[best - 1]);
        const { accuracy } = await evaluate(run.testIter, network);
        expect(events.at(-1)).to.include({ epochs: best + patience, bestEpoch: best, testAccuracy: accuracy });
        const last = await evaluate(run.valIter!, plain(run.state));
        expect(last.accuracy).to.be.at.most(judged.accuracy);
        expect(network.layers[0]!.W.dataSync()).not.to.deep.equal(run.state.network.layers[0]!.W.dataSync());
      });
    }
  });

  describe('of numbers', () => {
    useBackend('wasm');
    const numbers = (count: number, seed: number, batchSize: number, shuffleSeed?: number) =>
      dataIterator(smallRegression(count, 20, seed), batchSize, { shuffleSeed });
    const regression = (more: Partial<TrainOptions> = {}): TrainOptions => {
      const optimizer = createOptimizer('adam', 0.01);
      return options({
        state: startState(initParams(20, 2, 16, createRandom(0, 'init'), { init: 'he' }), optimizer, { best: true }),
        trainIter: numbers(200, 1, 16, 0),
        testIter: numbers(80, 2, 64),
        optimizer,
        loss: createLoss('mse'),
        targets: REGRESSION_TARGETS,
        ...more,
      });
    };

    it('learns, and reports RMSE, MAE and R² in the place of accuracies', async () => {
      const run = regression({ numEpochs: 25 });
      const events = await collect(run);
      const rows = epochs(events);
      expect(rows[0]).to.include.keys('testLoss', 'testRmse', 'testMae', 'testR2');
      expect(rows[0]).not.to.have.any.keys('testAccuracy', 'valLoss', 'valRmse');
      expect(rows.at(-1)!.testR2).to.be.greaterThan(0.5).and.lessThan(1);
      expect(rows[0]!.testRmse).to.be.greaterThan(rows.at(-1)!.testRmse!);
      const judged = await evaluateRegression(run.testIter, plain(run.state), run.loss!, REGRESSION_TARGETS);
      const { loss: testLoss, rmse: testRmse, mae: testMae, r2: testR2 } = judged;
      expect(events.at(-1)).to.include({ type: 'end', testLoss, testRmse, testMae, testR2 });
    });

    it("the epoch's loss is the weighted mean over its samples, whatever the batches", async () => {
      const weights = smallRegression(200, 20, 1).weights!;
      const weight = weights.reduce((sum, one) => sum + one, 0) / 200;
      const still = createOptimizer('sgd', 1e-12);
      const losses: number[] = [];
      for (const batchSize of [16, 200]) {
        const state = startState(initParams(20, 2, 16, createRandom(0, 'init'), { init: 'he' }), still);
        const trainIter = numbers(200, 1, batchSize, 0);
        const [row] = epochs(await collect(regression({ state, trainIter, optimizer: still, numEpochs: 1 })));
        losses.push(row!.loss);
      }
      expect(losses[0]).to.be.closeTo(losses[1]!, 1e-5);
      expect(weight).not.to.be.closeTo(1, 1e-3);
    });

    it('stops early by the validation loss, and keeps the network of the smallest', async () => {
      const noise = (count: number, seed: number, batchSize: number) => {
        const samples = smallRegression(count, 20, seed);
        return dataIterator({ ...samples, targets: samples.targets!.toReversed() }, batchSize);
      };
      const [trainIter, valIter] = [noise(60, 1, 10), noise(50, 3, 64)];
      const run = regression({ trainIter, valIter, numEpochs: 60, patience: 3 });
      const events = await collect(run);
      const losses = epochs(events).map(({ valLoss }) => valLoss!);
      const best = losses.indexOf(Math.min(...losses)) + 1;
      expect(losses.length)
        .to.equal(best + 3)
        .and.lessThan(60);
      expect(epochs(events)[0]).to.include.keys('valRmse', 'valMae', 'valR2').and.not.any.keys('testRmse');
      expect(events.at(-1)).to.include({ bestEpoch: best }).and.include.keys('testRmse');
      const kept = await evaluateRegression(valIter, bestNetwork(run.state), run.loss!, REGRESSION_TARGETS);
      expect(kept.loss).to.equal(losses[best - 1]);
      expect(run.state).to.include({ bestLoss: kept.loss, bestAccuracy: undefined });
    });

    it('an epoch is better by its accuracy, then by its loss, of which one that overflows is the worst', () => {
      expect(isBetter({ loss: 9, accuracy: 0 }, undefined)).to.equal(true);
      expect(isBetter({ loss: 9, accuracy: 0.6 }, { loss: 1, accuracy: 0.5 })).to.equal(true);
      expect(isBetter({ loss: 1, accuracy: 0.5 }, { loss: 9, accuracy: 0.6 })).to.equal(false);
      expect(isBetter({ loss: 1, accuracy: 0.5 }, { loss: 2, accuracy: 0.5 })).to.equal(true);
      expect(isBetter({ loss: 2, accuracy: 0.5 }, { loss: 2, accuracy: 0.5 })).to.equal(false);
      expect(isBetter({ loss: 3 }, { loss: 4 })).to.equal(true);
      for (const loss of [NaN, Infinity]) {
        expect(isBetter({ loss }, { loss: 1e300 })).to.equal(false);
        expect(isBetter({ loss: 1e300 }, { loss })).to.equal(true);
      }
    });
  });

  describe('judges the network as it is used', () => {
    useBackend('wasm');
    it('by averages, running statistics and normalized inputs, all in the plain network it gives back', async () => {
      const fresh = withBatchNorm(initParams(20, 3, 8, createRandom(0, 'init'), { init: 'he' }));
      const optimizer = createOptimizer('adam', (step) => 0.02 / Math.sqrt(step));
      const run = options({
        state: startState(fresh, optimizer, {
          normalization: { mean: tf.tensor1d([0.3]), std: tf.tensor1d([0.25]) },
          averages: true,
        }), // prettier-ignore
        optimizer,
        ema: 0.9,
        dropout: 0.2,
        numEpochs: 4,
      });
      const rows = epochs(await collect(run));
      const network = bestNetwork(run.state);
      expect(tensorsOf(network).map(({ shape }) => shape)).to.deep.equal([[20, 8], [8], [8, 3], [3]]);
      const { loss, accuracy } = await evaluate(run.testIter, network);
      expect(rows.at(-1)).to.include({ testLoss: loss, testAccuracy: accuracy });
      expect(accuracy).to.be.greaterThan(0.9);
      expect(rows.map(({ lr }) => lr)).to.deep.equal([1, 2, 3, 4].map((epoch) => 0.02 / Math.sqrt(11 * epoch)));
    });
  });

  it('F65 the backends agree on a curve of two epochs', async function () {
    const curves: { loss: number; testAccuracy: number }[][] = [];
    for (const backend of new Set([...NPM_BACKENDS, ...SPEC_BACKENDS])) {
      await startBackend(this, backend);
      const rows = epochs(await collect(options({ numEpochs: 2 })));
      curves.push(rows.map(({ loss, testAccuracy }) => ({ loss, testAccuracy: testAccuracy! })));
    }
    const [reference, ...others] = curves;
    for (const curve of others) {
      curve.forEach(({ loss, testAccuracy }, i) => {
        expect(Math.abs(loss / reference![i]!.loss - 1)).to.be.lessThan(1e-4);
        expect(testAccuracy).to.be.closeTo(reference![i]!.testAccuracy, 0.005);
      });
    }
  });
});

/** Without it, what is measured is when V8 collects, not what training leaves behind. */
function collectGarbage(): void {
  v8.setFlagsFromString('--expose-gc');
  (vm.runInNewContext('gc') as () => void)();
}

describe('F53 ten thousand steps', function () {
  this.timeout(120_000);
  onEachBackend(() => {
    it('F53 tensors and bytes are flat, and memory within 5%', async () => {
      const run = options({
        numEpochs: 100,
        lr: 0.01,
        trainIter: dataIterator(trainSamples, 1, { shuffleSeed: 0 }),
      });
      let start: { numTensors: number; numBytes: number } | undefined;
      const resident: number[] = [];
      for await (const event of train(run)) {
        if (event.type !== 'step' || event.step % 1000 !== 0) continue;
        const { numTensors, numBytes } = tf.memory();
        start ??= { numTensors, numBytes };
        expect({ numTensors, numBytes }).to.deep.equal(start);
        collectGarbage();
        resident.push(process.memoryUsage().rss);
        if (event.step === 10_000) break;
      }
      expect(resident).to.have.length(10);
      expect(resident.at(-1)! / resident[4]!).to.be.lessThan(1.05);
    });
  });
});
