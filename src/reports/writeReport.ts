import * as tf from '@tensorflow/tfjs-core';
import { writeExport } from '../model/export/exported';
import { writeFileAtomic } from '../files/atomicFile';
import type { Dataset } from '../data/samples';
import type { ActivationName } from '../nn/activations';
import { examine } from './examination';
import { runPictures } from './pictures';
import { readRun } from '../runs/readRun';
import { MOST_MISTAKES, runReport, type Trained } from './runReport';
import type { Parameter } from '../model/architecture';
import { networkOf } from '../model/parameters';
import { dataIterator } from '../training/batches';
import { predict } from '../training/evaluate';

const EVALUATION_BATCH = 2048;

/** A network and the data to look at it with. */
export interface Examined {
  readonly parameters: readonly Parameter[];
  readonly activation: ActivationName;
  readonly dataset: Dataset;
  readonly classNames: readonly string[];
  readonly backend: string;
}

/** Runs the test set through a network for a report. */
export async function examineNetwork({
  parameters,
  activation,
  dataset,
  classNames,
  backend,
}: Examined): Promise<Trained> {
  const network = networkOf(parameters, activation);
  try {
    const { test, imageShape } = dataset;
    const probabilities = await predict(dataIterator(test, EVALUATION_BATCH), network);
    const examination = examine(probabilities, test.labels, MOST_MISTAKES);
    return { examination, test, classNames, imageShape, parameters, backend };
  } finally {
    tf.dispose(network);
  }
}

/**
 * Writes the page of one run, and its pictures where a folder for them is given. What is there is replaced: it came from
 * the same run.
 * @throws HandgradError `storage`
 */
export async function writeRunReport(
  dir: string,
  trained: Trained | undefined,
  { out, pngDir }: { readonly out: string; readonly pngDir?: string },
): Promise<void> {
  const run = await readRun(dir);
  await writeFileAtomic(out, await runReport(run, trained));
  if (pngDir !== undefined) await writeExport(pngDir, await runPictures(run, trained), { force: true });
}
