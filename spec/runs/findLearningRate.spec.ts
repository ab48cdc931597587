import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../../src/runs/config';
import { findLearningRate, type RangeEvent } from '../../src/runs/findLearningRate';
import { startRun } from '../../src/runs/run';
import { ONE_BACKEND } from '../backend';
import { writePoints } from '../cli/points';
import { failure } from '../failure';

describe('findLearningRate', () => {
  let folder: string;
  let csv: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'handgrad-rate-'));
    csv = writePoints(join(folder, 'points.csv'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const settings = (more: Settings = {}): Settings => ({ dataset: csv, backend: ONE_BACKEND, hidden: [16], ...more });
  const find = async (more: Settings = {}, options = {}) => {
    const events: RangeEvent[] = [];
    for await (const event of findLearningRate(settings(more), { env: {}, ...options })) events.push(event);
    const end = events.at(-1)!;
    if (end.type !== 'end') throw new Error('no end');
    return { events, end };
  };
  const train = async (name: string, more: Settings) => {
    const run = await startRun(settings(more), { dir: join(folder, name), env: {} });
    let accuracy: number | undefined;
    for await (const event of run.train()) if (event.type === 'end') accuracy = event.testAccuracy;
    return accuracy!;
  };

  it('suggests a rate that trains, where a thousandth of it does not', async () => {
    for (const optimizer of ['sgd', 'adam'] as const) {
      const { end } = await find({ optimizer });
      const lr = end.suggestion!.lr;
      expect(await train(optimizer, { optimizer, lr, epochs: 20 }), `${optimizer} at ${lr}`).to.be.above(0.9);
      expect(await train(`${optimizer}-slow`, { optimizer, lr: lr / 1000, epochs: 20 })).to.be.below(0.9);
    }
  });

  it('yields what it trains, every step and the result; the same every time', async () => {
    const range = { minLr: 1e-4, maxLr: 1, steps: 25 };
    const { events, end } = await find({ batchSize: 50, optimizer: 'sgd' }, range);
    expect(events[0]).to.include({ type: 'start', ...range, trainSamples: 120, parameters: 3 * 16 + 17 * 3 });
    expect(events.slice(1, -1).map(({ type }) => type)).to.deep.equal(Array(end.steps.length).fill('step'));
    expect(end.steps[0]).to.include({ step: 1, lr: 1e-4 });
    expect(end.steps[0]!.loss).to.be.closeTo(Math.log(3), 0.01);
    const { end: again } = await find({ batchSize: 50, optimizer: 'sgd', lr: 7, schedule: 'cosine' }, range);
    expect(again).to.deep.equal(end);
  });

  it('leaves no tensor, no file, and initial weights as they are', async () => {
    await train('first', { optimizer: 'sgd', epochs: 1 });
    const model = join(folder, 'first', 'model.safetensors');
    const bytes = readFileSync(model);
    const before = readdirSync(folder, { recursive: true });
    const { numTensors } = tf.memory();
    await find({ hidden: undefined, initFrom: model });
    for await (const event of findLearningRate(settings(), { env: {} })) if (event.type === 'step') break;
    expect(tf.memory().numTensors).to.equal(numTensors);
    expect(readdirSync(folder, { recursive: true })).to.deep.equal(before);
    expect(readFileSync(model)).to.deep.equal(bytes);
  });

  it('takes the first fold of a cross-validation, and refuses a range that is none', async () => {
    expect((await find({ folds: 3 }, { steps: 20 })).events[0]).to.include({ trainSamples: 100 });
    for (const range of [{ minLr: 1, maxLr: 1 }, { minLr: 0 }, { maxLr: Infinity }, { minLr: NaN }]) {
      expect(await failure('usage', () => find({}, range))).to.match(/must be above 0, and `maxLr` above `minLr`/);
    }
    for (const steps of [19, 20.5]) {
      expect(await failure('usage', () => find({}, { steps }))).to.contain('takes at least 20 `steps`');
    }
  });
});
