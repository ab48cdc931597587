import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../../src/runs/config';
import { estimateRun } from '../../src/runs/estimate';
import { leastStepBytes } from '../../src/training/stepMemory';
import { ONE_BACKEND } from '../backend';
import { writePoints } from '../cli/points';
import { failure } from '../failure';

describe('estimateRun', () => {
  let folder: string;
  let csv: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'handgrad-estimate-'));
    csv = writePoints(join(folder, 'points.csv'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const settings = (): Settings => ({ dataset: csv, backend: ONE_BACKEND, hidden: [40], batchSize: 25, epochs: 4 });

  it('counts steps by hand, of 120 training rows, and of three folds of 100', async () => {
    const one = await estimateRun(settings(), { env: {} });
    expect(one).to.include({ trainSamples: 120, testSamples: 30, stepsPerEpoch: 5, steps: 20, parameters: 243 });
    expect(one.network.parameters).to.equal(2 * 40 + 40 + 40 * 3 + 3);
    const folds = await estimateRun({ ...settings(), folds: 3, stopAfter: 2 }, { env: {} });
    expect(folds).to.include({ trainSamples: 100, stepsPerEpoch: 4, steps: 24 });
    expect(folds.seconds).to.be.closeTo(6 * (4 * folds.stepSeconds + folds.evaluationSeconds), 1e-9);
  });

  it('adds up times, with the test set once where the epochs are judged by validation samples', async () => {
    const { stepSeconds, evaluationSeconds, seconds, ...rest } = await estimateRun(
      { ...settings(), valFraction: 0.5 },
      { env: {} },
    );
    const { trainSamples, valSamples = 0, testSamples, stepsPerEpoch, measuredSteps } = rest;
    expect(trainSamples + valSamples).to.equal(120);
    expect(Math.min(stepSeconds, evaluationSeconds)).to.be.above(0);
    const test = (evaluationSeconds / valSamples) * testSamples;
    expect(seconds).to.be.closeTo(4 * (stepsPerEpoch * stepSeconds + evaluationSeconds) + test, 1e-9);
    expect(measuredSteps).to.be.within(5, 500);
  });

  it('measures the memory of a step: more than its lower bound, and larger with a larger batch', async () => {
    const bytes = async (batchSize: number) =>
      (await estimateRun({ ...settings(), batchSize }, { env: {} })).tensorBytes;
    const [small, large] = [await bytes(10), await bytes(120)];
    expect(small).to.be.above(leastStepBytes([2, 40, 3], 10));
    expect(large).to.be.within(leastStepBytes([2, 40, 3], 120), 20 * leastStepBytes([2, 40, 3], 120));
    expect(large).to.be.above(small);
  });

  it('leaves no tensor and no file, and refuses the folder that a run could not have', async () => {
    await estimateRun(settings(), { env: {} });
    const { numTensors } = tf.memory();
    const before = readdirSync(folder);
    const { sampleBytes } = await estimateRun(settings(), { env: {}, dir: join(folder, 'run') });
    expect(tf.memory().numTensors).to.equal(numTensors);
    expect(readdirSync(folder)).to.deep.equal(before);
    // Two inputs and a label, in four bytes each.
    expect(sampleBytes).to.equal(150 * 12);
    mkdirSync(join(folder, 'taken'));
    writeFileSync(join(folder, 'taken', 'config.json'), '{}');
    await failure('usage', () => estimateRun(settings(), { env: {}, dir: join(folder, 'taken') }));
    const stopped = AbortSignal.abort(new Error('stopped'));
    const error = await estimateRun(settings(), { env: {}, signal: stopped }).catch((reason: Error) => reason);
    expect(error).to.have.property('message', 'stopped');
  });
});
