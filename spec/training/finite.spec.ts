import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import type { Samples } from '../../src/data/samples';
import { HandgradError } from '../../src/errors';
import { initParams } from '../../src/nn/initialize';
import type { Layer } from '../../src/nn/mlp';
import { tensorsOf } from '../../src/nn/network';
import { createOptimizer } from '../../src/optim/optimizers';
import { createRandom } from '../../src/random';
import { dataIterator } from '../../src/training/batches';
import { createWatch } from '../../src/training/finite';
import { train, type TrainEvent, type TrainOptions } from '../../src/training/train';
import { disposeState, startState, stateTensors } from '../../src/training/trainState';
import { ONE_BACKEND, onEachBackend, useBackend } from '../backend';
import { smallDataset } from '../smallDataset';

const whole = smallDataset(100, 20, 3, 1);

/**
 * The samples with an infinite number in one of them. (The readers of data refuse such a file; a caller may have it.)
 */
function poisoned(row: number): Samples {
  const features = Float32Array.from(whole.features, (value) => value * whole.scale);
  features[row * 20] = Infinity;
  return { ...whole, features, scale: 1 };
}

function options(more: Partial<TrainOptions> & { samples?: Samples; lr?: number } = {}): TrainOptions {
  const { samples = whole, lr = 0.5, ...rest } = more;
  const optimizer = createOptimizer('sgd', lr);
  return {
    state: startState(initParams(20, 3, 8, createRandom(0, 'init')), optimizer),
    trainIter: dataIterator(samples, 10),
    testIter: dataIterator(smallDataset(30, 20, 3, 2), 30),
    numEpochs: 2,
    optimizer,
    ...rest,
  };
}

async function ended(run: TrainOptions): Promise<{ events: TrainEvent[]; error?: HandgradError }> {
  const events: TrainEvent[] = [];
  try {
    for await (const event of train(run)) events.push(event);
    return { events };
  } catch (error) {
    expect(error).to.be.instanceOf(HandgradError);
    return { events, error: error as HandgradError };
  }
}

describe('the watch', () => {
  useBackend(ONE_BACKEND);

  it('reads the loss once a second, to be shown, also where reading takes long', async function () {
    this.timeout(20_000);
    const { state } = options();
    const { sum } = state.losses;
    const slow = { data: async () => (await delay(20), await sum.data()) } as tf.Scalar;
    const watch = createWatch();
    const started = performance.now();
    let last = started;
    let longest = 0;
    while (performance.now() - started < 6000) {
      const read = await watch({ ...state, losses: { ...state.losses, sum: slow } }, 0.5);
      const now = performance.now();
      if (read !== undefined) [longest, last] = [Math.max(longest, now - last), now];
      await delay(1);
    }
    expect(longest).to.be.below(1600);
    expect(last - started).to.be.above(4400);
    disposeState(state);
  });
});

describe('F50 non-finite values', () => {
  onEachBackend(() => {
    for (const lr of [1e20, 1e38]) {
      it(`F50 a learning rate of ${lr}: found within two steps, with step, epoch, rate and tensor`, async () => {
        // The truth, by hand: the step whose loss is the first non-finite one, or leaves such a parameter.
        const watched = options({ lr, onNan: 'skip-batch' });
        let bad = 0;
        for await (const event of train(watched)) {
          if (event.type !== 'step' || watched.state.skippedBatches > 0) break;
          bad = event.step;
        }
        const run = options({ lr });
        const { events, error } = await ended(run);
        const steps = events.filter(({ type }) => type === 'step').length;
        expect(error!.kind).to.equal('diverged');
        const what = '(?:(?:W1|b1|W2|b2) has non-finite values and )?the loss is (?:NaN|-?\\d.*|-?Infinity)';
        const at = 'after step (\\d+), in epoch 1, at learning rate (.*); try a smaller `lr`, or';
        const where = new RegExp(`^Training diverged: ${what} ${at}`).exec(error!.message)!;
        expect(where, error!.message).to.not.equal(null);
        expect(Number(where[1])).to.equal(steps + 1);
        expect(Number(where[2])).to.equal(lr);
        expect(steps).to.be.within(bad, bad + 2);
        disposeState(run.state);
        disposeState(watched.state);
      });
    }

    it('F50 a poisoned sample: found in its step or the next two', async () => {
      const run = options({ samples: poisoned(45) }); // in the fifth batch
      const { events, error } = await ended(run);
      expect(error!.kind).to.equal('diverged');
      expect(events.length).to.be.within(4, 6);
      disposeState(run.state);
    });

    it('F50 an infinite weight that inactive units hide from the loss: found before the epoch ends', async () => {
      const run = options({ numEpochs: 50 });
      // One bias is minus infinity, so its unit is never active: its gradient is zero.
      const { layers, activation } = run.state.network;
      const [{ W, b }, output] = layers as [Layer, Layer];
      const hidden = { W, b: tf.tensor1d([-Infinity, ...Array.from(b.dataSync()).slice(1)]) };
      b.dispose();
      run.state.network = { layers: [hidden, output], activation };
      const { events, error } = await ended(run);
      expect(error!.message).to.match(/^Training diverged: b1 has non-finite values and the loss is \d/);
      expect(events.some(({ type }) => type === 'epoch')).to.equal(false);
      disposeState(run.state);
    });

    it('--on-nan skip-batch leaves out the batch of a poisoned sample and counts the others', async () => {
      const before = tf.memory().numTensors;
      const run = options({ samples: poisoned(45), onNan: 'skip-batch' });
      const { events, error } = await ended(run);
      expect(error?.message).to.equal(undefined);
      const rows = events.filter((event) => event.type === 'epoch');
      expect(rows.map(({ skippedBatches, step }) => [skippedBatches, step])).to.deep.equal([
        [1, 10],
        [1, 20],
      ]);
      // As a run that never had that batch: its loss is the mean over the other 90 samples.
      const kept = Array.from({ length: 100 }, (_, i) => i).filter((i) => i < 40 || i >= 50);
      const features = kept.flatMap((i) =>
        Array.from(whole.features.subarray(i * 20, i * 20 + 20), (v) => v * whole.scale),
      );
      const without: Samples = {
        features: Float32Array.from(features),
        scale: 1,
        labels: Int32Array.from(kept, (i) => whole.labels[i]!),
        count: 90,
        numInputs: 20,
      };
      const other = options({ samples: without });
      const reference = (await ended(other)).events.filter((event) => event.type === 'epoch');
      expect(rows.map(({ loss, testLoss }) => [loss, testLoss])).to.deep.equal(
        reference.map(({ loss, testLoss }) => [loss, testLoss]),
      );
      const [ours, theirs] = [tensorsOf(run.state.network), tensorsOf(other.state.network)];
      ours.forEach((tensor, i) => expect(tensor.dataSync()).to.deep.equal(theirs[i]!.dataSync()));
      disposeState(run.state);
      disposeState(other.state);
      expect(tf.memory().numTensors).to.equal(before);
    });

    it('--on-nan skip-batch stops when nothing of an epoch is left', async () => {
      const run = options({ lr: 1e38, onNan: 'skip-batch', numEpochs: 5 });
      const { error } = await ended(run);
      expect(error!.kind).to.equal('diverged');
      expect(error!.message).to.match(/every batch of epoch \d/);
      for (const tensor of stateTensors(run.state)) expect(tensor.dataSync().every(Number.isFinite)).to.equal(true);
      disposeState(run.state);
    });

    it('large numbers that are finite are no divergence, though their sum overflows', async () => {
      for (const onNan of ['stop', 'skip-batch'] as const) {
        const run = options({ lr: 1e-30, numEpochs: 1, onNan });
        // Units whose input weights are huge and whose inputs are zero.
        const samples = { ...whole, features: Uint8Array.from(whole.features, (v, i) => (i % 20 < 2 ? 0 : v)) };
        const { layers, activation } = run.state.network;
        const [{ W: W1, b }, output] = layers as [Layer, Layer];
        const data = W1.dataSync().slice();
        for (let j = 0; j < 16; j++) data[j] = 3e38;
        run.state.network = { layers: [{ W: tf.tensor2d(data, [20, 8]), b }, output], activation };
        W1.dispose();
        const { events, error } = await ended({
          ...run,
          trainIter: dataIterator(samples, 10),
          testIter: dataIterator(samples, 10),
        });
        expect(error?.message).to.equal(undefined);
        expect(events.find((event) => event.type === 'epoch')).to.not.have.property('skippedBatches');
        disposeState(run.state);
      }
    });
  });
});
