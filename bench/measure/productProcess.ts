import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { type BackendName, selectBackend } from '../../src/backends';
import type { BackendOptions } from '../../src/backends/backend';
import { HandgradError } from '../../src/errors';
import type { About } from './timedRun';
import type { Product } from './work';

// A separate program, started by `measureProducts`, so that backends are isolated and timed as in a run.

/** Its input, the only argument, as JSON. */
export interface Question {
  readonly backend: BackendName;
  readonly options: BackendOptions;
  readonly products: readonly Product[];
}

/** Its output. */
export type Answer =
  | {
      readonly about: About;
      /** Seconds of an epoch's products alone. */
      readonly seconds: number;
      /** The folder of tfjs-node, if the backend uses it. */
      readonly tfjsNode?: string;
    }
  | { readonly refused: string };

/** How long each product is repeated, in seconds, for a reliable time. */
const LONG_ENOUGH = 0.1;
const REPEATS = 3;

const { version } = JSON.parse(readFileSync(require.resolve('handgrad/package.json'), 'utf8')) as { version: string };

async function answer({ backend, options, products }: Question): Promise<Answer> {
  try {
    const { device, threads, versions } = await selectBackend(backend, options);
    const about = { versions: { handgrad: version, ...versions }, device, threads };
    let seconds = 0;
    for (const product of products) seconds += product.times * (await secondsOf(product));
    return { about, seconds, tfjsNode: tfjsNodeInUse() };
  } catch (error) {
    if (error instanceof HandgradError && error.kind === 'backend') return { refused: error.message };
    throw error;
  }
}

/** The time of one product: the median of three runs, each long enough to be reliable. */
async function secondsOf({ m, k, n }: Product): Promise<number> {
  const a = tf.randomUniform<tf.Rank.R2>([m, k]);
  const b = tf.randomUniform<tf.Rank.R2>([k, n]);
  try {
    await timed(a, b, 2);
    const count = Math.max(1, Math.min(500, Math.ceil(LONG_ENOUGH / (await timed(a, b, 2)))));
    const times: number[] = [];
    while (times.length < REPEATS) times.push(await timed(a, b, count));
    return times.sort((x, y) => x - y)[REPEATS >> 1]!;
  } finally {
    tf.dispose([a, b]);
  }
}

/** The mean time of `count` products, until the last one's numbers are read, so that a GPU has finished. */
async function timed(a: tf.Tensor2D, b: tf.Tensor2D, count: number): Promise<number> {
  const started = performance.now();
  for (let i = 1; i < count; i++) tf.matMul(a, b).dispose();
  const last = tf.matMul(a, b);
  await last.data();
  const seconds = (performance.now() - started) / 1000 / count;
  last.dispose();
  return seconds;
}

function tfjsNodeInUse(): string | undefined {
  const file = Object.keys(require.cache).find((name) =>
    /@tensorflow[\\/]tfjs-node(-gpu)?[\\/]dist[\\/]index\.js$/.test(name),
  );
  return file?.replace(/[\\/]dist[\\/]index\.js$/, '');
}

void answer(JSON.parse(process.argv[2]!) as Question).then((found) => console.log(JSON.stringify(found)));
