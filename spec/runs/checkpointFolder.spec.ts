import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HandgradError } from '../../src/errors';
import { initParams } from '../../src/nn/initialize';
import { tensorsOf } from '../../src/nn/network';
import { createOptimizer, type OptimizerName } from '../../src/optim/optimizers';
import { createRandom } from '../../src/random';
import { decodeCheckpoint, encodeCheckpoint, restoreState, takeCheckpoint } from '../../src/runs/checkpoint';
import { decodeSafetensors } from '../../src/model/safetensors';
import { newestCheckpoint, openCheckpointFolder, removeLeftovers } from '../../src/runs/checkpointFolder';
import { disposeState, mapTensors, namedTensors, startState, type TrainState } from '../../src/training/trainState';
import { temporaryFolder } from '../data/tinyDataset';
import { useBackend } from '../backend';

const RUN = { backend: 'cpu', device: 'a device', datasetDigest: 'ab12', trainSamples: 60 };
const CONFIG = { lr: 0.1 };
const stem = (step: number) => `step-${String(step).padStart(8, '0')}`;
const tensorsFile = (step: number) => `${stem(step)}.safetensors`;
const manifest = (step: number) => `${stem(step)}.json`;

function stateAt(step: number, hiddens = 4, rule: OptimizerName = 'sgd'): TrainState {
  const optimizer = createOptimizer(rule, 0.1);
  return { ...startState(initParams(5, 3, hiddens, createRandom(step, 'init')), optimizer), step };
}

async function write(dir: string, steps: readonly number[], best?: number): Promise<void> {
  const folder = await openCheckpointFolder(dir);
  for (const step of steps) {
    const state = stateAt(step);
    await folder.write(await takeCheckpoint(state, RUN, CONFIG), step === best);
    disposeState(state);
  }
}

async function failure(promise: Promise<unknown>): Promise<HandgradError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(HandgradError);
  return error as HandgradError;
}

describe('the folder of checkpoints', () => {
  useBackend('cpu');
  const folder = temporaryFolder();

  it('gives back the newest state, bit for bit', async () => {
    await write(folder(), [1, 2]);
    const found = (await newestCheckpoint(folder()))!;
    expect(found.path).to.equal(join(folder(), tensorsFile(2)));
    expect(found.damaged).to.deep.equal([]);
    expect(found.checkpoint.run).to.deep.equal(RUN);
    expect(found.checkpoint.config).to.deep.equal(CONFIG);
    const [state, expected] = [stateAt(7), stateAt(2)];
    restoreState(state, found.checkpoint, found.path);
    const wanted = tensorsOf(expected.network);
    tensorsOf(state.network).forEach((tensor, i) => expect(tensor.dataSync()).to.deep.equal(wanted[i]!.dataSync()));
    expect(state.step).to.equal(2);
  });

  it('keeps the last two generations and the best one, and nothing else', async () => {
    await write(folder(), [1, 2, 3, 10, 100], 2);
    const kept = [2, 10, 100].flatMap((step) => [manifest(step), tensorsFile(step)]);
    expect(readdirSync(folder()).sort()).to.deep.equal(['best.json', ...kept].sort());
    expect(JSON.parse(readFileSync(join(folder(), 'best.json'), 'utf8'))).to.deep.equal({
      step: 2,
      file: tensorsFile(2),
    });
    // Known to the next process as well.
    await write(folder(), [101, 102]);
    expect(existsSync(join(folder(), tensorsFile(2)))).to.equal(true);
    expect(existsSync(join(folder(), tensorsFile(100)))).to.equal(false);
  });

  it('is undefined where nothing was ever finished', async () => {
    expect(await newestCheckpoint(join(folder(), 'absent'))).to.equal(undefined);
    writeFileSync(join(folder(), tensorsFile(1)), 'no manifest yet');
    expect(await newestCheckpoint(folder())).to.equal(undefined);
  });

  it('F01 what a killed process left is removed, and nothing else', async () => {
    await write(folder(), [1, 2], 1);
    const before = readdirSync(folder()).sort();
    writeFileSync(join(folder(), `.${tensorsFile(3)}.77-0123abcd.tmp`), 'half');
    writeFileSync(join(folder(), 'mine.tmp'), 'not written by handgrad');
    before.push('mine.tmp');
    writeFileSync(join(folder(), tensorsFile(3)), 'without a manifest');
    await removeLeftovers(folder());
    expect(readdirSync(folder()).sort()).to.deep.equal(before.sort());
  });

  it('F05 a flipped bit in the tensors or their manifest: the previous generation is used, with a notice', async () => {
    await write(folder(), [1, 2]);
    let flips = 0;
    for (const name of [tensorsFile(2), manifest(2)]) {
      const path = join(folder(), name);
      const whole = readFileSync(path);
      // Every byte of the manifest and of the file's length and header; of the tensors, each 7th byte and the last.
      const offsets = [...whole.keys()].filter((at) => at < 1200 || at % 7 === 0 || at === whole.length - 1);
      for (const at of offsets) {
        const bytes = Buffer.from(whole);
        bytes[at]! ^= 1 << (at % 8);
        writeFileSync(path, bytes);
        const found = (await newestCheckpoint(folder()))!;
        expect(found.checkpoint.progress.step, `${name}, byte ${at}`).to.equal(1);
        expect(found.damaged).to.have.length(1);
        expect(found.damaged[0]).to.contain(stem(2));
        flips++;
      }
      writeFileSync(path, whole);
    }
    expect(flips).to.be.above(1000);
    expect((await newestCheckpoint(folder()))!.checkpoint.progress.step).to.equal(2);
  });

  it('F05 truncated at any length: the previous generation is used; if that is damaged too, exit 8', async () => {
    await write(folder(), [1, 2]);
    for (const name of [tensorsFile(2), manifest(2)]) {
      const whole = readFileSync(join(folder(), name));
      for (let length = 0; length < whole.length; length += Math.ceil(whole.length / 40)) {
        truncateSync(join(folder(), name), length);
        const found = (await newestCheckpoint(folder()))!;
        expect(found.checkpoint.progress.step).to.equal(1);
        expect(found.damaged).to.have.length(1);
        writeFileSync(join(folder(), name), whole);
      }
    }
    for (const step of [1, 2]) truncateSync(join(folder(), tensorsFile(step)), 100);
    const { kind, message } = await failure(newestCheckpoint(folder()));
    expect(kind).to.equal('model');
    expect(message).to.contain(tensorsFile(2)).and.contain('is damaged');
  });

  it('F06 tensors of one generation with the manifest of another: exit 8', async () => {
    await write(folder(), [1, 2]);
    copyFileSync(join(folder(), tensorsFile(1)), join(folder(), tensorsFile(2)));
    const found = (await newestCheckpoint(folder()))!;
    expect(found.checkpoint.progress.step).to.equal(1);
    expect(found.damaged[0]).to.contain('its manifest belongs to another checkpoint');
    // Both files of another generation, under this one's name.
    copyFileSync(join(folder(), manifest(1)), join(folder(), manifest(2)));
    rmSync(join(folder(), manifest(1)));
    const { kind, message } = await failure(newestCheckpoint(folder()));
    expect(kind).to.equal('model');
    expect(message).to.contain(manifest(2));
  });

  it('F07 another architecture, optimizer memory or format version: refused with what differs', async () => {
    const [narrow, wide] = [stateAt(1, 4), stateAt(1, 6)];
    const checkpoint = await takeCheckpoint(narrow, RUN, CONFIG);
    expect(() => restoreState(wide, checkpoint, 'c')).to.throw(
      HandgradError,
      'c belongs to another network or optimizer: W1 is float32 [5, 4], not float32 [5, 6]',
    );
    expect(() => restoreState(stateAt(1, 4, 'momentum'), checkpoint, 'c')).to.throw(
      HandgradError,
      'optimizer/velocity/W1 is nothing, not float32 [5, 4]',
    );
    const remembering = await takeCheckpoint(stateAt(1, 4, 'rmsprop'), RUN, CONFIG);
    expect(() => restoreState(narrow, remembering, 'c')).to.throw(
      HandgradError,
      'optimizer/meanSquare/W1 is float32 [5, 4], not nothing',
    );
    expect(wide.network.layers[0]!.W.shape).to.deep.equal([5, 6]);
    for (const [format, said] of [
      ['3', 'a checkpoint in format 3, but this version of handgrad reads format 2'],
      // Says why, and what to do.
      ['1', 'format 1, which only handgrad 0.1 can resume; finish the run with'],
    ]) {
      await write(folder(), [1]);
      const path = join(folder(), tensorsFile(1));
      const text = readFileSync(path).toString('latin1');
      writeFileSync(path, text.replace('"handgrad_checkpoint":"2"', `"handgrad_checkpoint":"${format}"`), 'latin1');
      // Vouched for by a manifest of its own, as another handgrad would.
      const made = readFileSync(join(folder(), manifest(1)), 'utf8');
      const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
      writeFileSync(join(folder(), manifest(1)), made.replace(/[0-9a-f]{64}/, digest));
      const { message } = await failure(newestCheckpoint(folder()));
      expect(message).to.contain(said);
    }
  });

  it('reads checkpoints of 0.2, which have the best accuracy without its loss', async () => {
    const state = { ...stateAt(4), bestEpoch: 2, bestAccuracy: 0.75 };
    for (const [bestLoss, kept] of [
      [0.5, { bestEpoch: 2, bestAccuracy: 0.75, bestLoss: 0.5 }],
      [undefined, { bestEpoch: 2, bestAccuracy: 0.75 }],
    ] as const) {
      const bytes = encodeCheckpoint(await takeCheckpoint({ ...state, bestLoss }, RUN, CONFIG));
      const { progress } = decodeCheckpoint(decodeSafetensors(bytes), 'c');
      expect(progress).to.include(kept);
      expect('bestLoss' in progress).to.equal('bestLoss' in kept);
    }
  });

  it('a run of 0.2, which did not count right answers, continues without', async () => {
    const network = () => initParams(5, 3, [4], createRandom(1, 'init'));
    const counting = () => startState(network(), createOptimizer('sgd', 0.1), { accuracy: true });
    const file = decodeSafetensors(encodeCheckpoint(await takeCheckpoint(counting(), RUN, CONFIG)));
    const without = { ...file, tensors: new Map([...file.tensors].filter(([name]) => name !== 'correct')) };
    const before = tf.memory().numTensors;
    for (const [restored, counts] of [
      [file, true],
      [without, false],
    ] as const) {
      const state = counting();
      restoreState(state, decodeCheckpoint(restored, 'c'), 'c');
      expect(namedTensors(state).has('correct')).to.equal(counts);
      disposeState(state);
    }
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('F09 a state that is not finite is never written, whatever list it is in', async () => {
    for (const name of ['b1', 'optimizer/velocity/b2', 'losses/last']) {
      for (const value of [NaN, Infinity]) {
        const state = stateAt(3, 4, 'momentum');
        const bad = mapTensors(state, (tensor, at) => (at === name ? tf.fill(tensor.shape, value) : tensor));
        const { kind, message } = await failure(takeCheckpoint({ ...state, ...bad }, RUN, CONFIG));
        expect(kind).to.equal('diverged');
        expect(message).to.contain(`${name} has non-finite values after step 3`);
      }
    }
  });

  it('the same state gives the same bytes', async () => {
    const bytes = await Promise.all(
      [stateAt(4), stateAt(4)].map(async (state) => encodeCheckpoint(await takeCheckpoint(state, RUN, CONFIG))),
    );
    expect(Buffer.compare(bytes[0]!, bytes[1]!)).to.equal(0);
  });
});
