import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from '../../../src/runs/modelConfig';
import { selectBackend } from '../../../src/backends';
import { defaultDataDir } from '../../../src/data/defaultDataDir';
import { loadDataset } from '../../../src/data/loadDataset';
import type { Dataset } from '../../../src/data/samples';
import { networkOf } from '../../../src/model/parameters';
import { dataIterator } from '../../../src/training/batches';
import { evaluateAccuracy, predictProbabilities } from '../../../src/training/evaluate';
import { session } from '../../cli/session';
import { need } from '../../need';

const dataDir = process.env['HANDGRAD_DATA_DIR'] || defaultDataDir();

/** A network trained on the real images, and what we make of the 10,000 test images with it. */
export interface RealNetwork {
  readonly folder: string;
  readonly run: string;
  readonly dataset: Dataset;
  /** [10,000 x 10] row-major. */
  readonly probabilities: Float32Array;
  readonly accuracy: number;
  /** The test images as raw bytes, the labels as bytes, our probabilities as float32: files for another program. */
  readonly files: { readonly images: string; readonly labels: string; readonly probabilities: string };
}

/** Trains it once for the specs of a suite, through the command line, and clears it away afterwards. */
export function useRealNetwork(...flags: readonly string[]): () => RealNetwork {
  let made: RealNetwork | undefined;
  before(async function () {
    this.timeout(120_000);
    const images = join(dataDir, 'fashion-mnist');
    need(this, existsSync(images) ? undefined : `there is no ${images}; "handgrad download" fetches it`);
    const folder = mkdtempSync(join(tmpdir(), 'handgrad-export-'));
    const run = join(folder, 'run');
    const train = ['train', '--data-dir', dataDir, '--limit', '12800', '--epochs', '1', '--backend', 'wasm'];
    const { code, stderr } = await session([...train, '--no-tensorboard', '--run-dir', run, ...flags]);
    expect(code, stderr).to.equal(0);
    await selectBackend('wasm');
    const dataset = await loadDataset('fashion-mnist', { dataDir });
    const { parameters, config } = await openModel(run);
    const network = networkOf(parameters, config!.activation);
    try {
      const testIter = dataIterator(dataset.test, 1000);
      const probabilities = Float32Array.from((await predictProbabilities(testIter, network)).flat());
      const accuracy = await evaluateAccuracy(testIter, network);
      const files = {
        images: join(folder, 'images.bin'),
        labels: join(folder, 'labels.bin'),
        probabilities: join(folder, 'probabilities.bin'),
      };
      writeFileSync(files.images, dataset.test.features);
      writeFileSync(files.labels, Uint8Array.from(dataset.test.labels));
      writeFileSync(files.probabilities, Buffer.from(probabilities.buffer));
      made = { folder, run, dataset, probabilities, accuracy, files };
    } finally {
      tf.dispose(network);
    }
  });
  after(() => {
    if (made) rmSync(made.folder, { recursive: true });
  });
  return () => made!;
}

/** Runs `export` as a user would; returns what it wrote. */
export async function exported({ run }: RealNetwork, ...flags: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await session(['export', run, ...flags]);
  expect(code, stderr).to.equal(0);
  return stdout.trim();
}

/** The largest difference from our probabilities, and the share of right answers. */
export function compared({ probabilities, dataset }: RealNetwork, found: ArrayLike<number>) {
  expect(found.length).to.equal(probabilities.length);
  let difference = 0;
  let right = 0;
  const { labels, count } = dataset.test;
  for (let row = 0; row < count; row++) {
    let best = 0;
    for (let c = 0; c < 10; c++) {
      const at = 10 * row + c;
      difference = Math.max(difference, Math.abs(found[at]! - probabilities[at]!));
      if (found[at]! > found[10 * row + best]!) best = c;
    }
    if (best === labels[row]) right++;
  }
  return { difference, accuracy: right / count };
}
