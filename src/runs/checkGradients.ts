import * as tf from '@tensorflow/tfjs-core';
import { selectRows } from '../data/samples';
import { initParams } from '../nn/initialize';
import { dropInputs, dropoutMasks, withBatchNorm } from '../nn/network';
import { createRandom, keyOf } from '../random';
import { dataIterator } from '../training/batches';
import { gradcheck, type GradcheckResult } from '../training/gradcheck';
import { weighSamples } from './classWeights';
import { environmentSettings, resolveConfig, type Settings } from './config';
import type { OpenOptions } from './events';
import { checkDataset, openBackend, openDataset } from './open';
import { assertTaskFits, lossFor } from './task';

/** Every sample contributes to every gradient, so a few are enough. */
const SAMPLES = 8;

/** The result of the check, and the backend it ran on. */
export interface GradientCheck {
  readonly backend: string;
  /** One result per parameter tensor. */
  readonly results: readonly GradcheckResult[];
}

/**
 * Compares the hand-written gradients of a network with finite differences, on the first samples of a data set: the
 * network, data and backend that a run with these settings would start with.
 * @throws HandgradError 'usage' naming the setting; 'data' or 'backend' when they cannot be opened
 */
export async function checkGradients(settings: Settings = {}, options: OpenOptions = {}): Promise<GradientCheck> {
  const { env = process.env } = options;
  const { config } = resolveConfig([environmentSettings(env), { values: settings, from: 'options' }]);
  const kind = await checkDataset(config);
  const dataset = await openDataset(config, kind, options);
  assertTaskFits(config, dataset);
  const { numInputs, numOutputs } = dataset;
  const train = weighSamples(dataset.train, dataset.classNames, config.classWeights);
  const { name: backend } = await openBackend(config, options);
  const { seed, hidden, init, batchNorm, activation, dropout, inputDropout } = config;
  const plain = initParams(numInputs, numOutputs, hidden, createRandom(seed, 'init'), { init, activation });
  const network = batchNorm ? withBatchNorm(plain) : plain;
  const key = keyOf(seed, 'dropout', 1);
  const rows = Int32Array.from({ length: Math.min(SAMPLES, train.count) }, (_, i) => i);
  const masks = dropoutMasks(rows.length, network, dropout, key);
  let results: readonly GradcheckResult[] = [];
  try {
    for (const { X, ...others } of dataIterator(selectRows(train, rows), rows.length)) {
      const batch = { X: tf.tidy(() => dropInputs(tf.clone(X), inputDropout, key)), ...others };
      try {
        const random = createRandom(seed, 'gradcheck');
        const lossOptions = { delta: config.huberDelta };
        results = await gradcheck({ network, batch, masks, random, loss: lossFor(config, dataset), lossOptions });
      } finally {
        batch.X.dispose();
      }
    }
    return { backend, results };
  } finally {
    tf.dispose([network, masks]);
  }
}
