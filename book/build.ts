import { build } from 'esbuild';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { backgroundOf } from '../src/data/background';
import { loadDataset, type LoadOptions } from '../src/data/loadDataset';
import { HandgradError } from '../src/errors';
import type { About } from './page/about';
import { indexPage, sourceName, sourcePage } from './pages';
import { referenceLoss } from './reference';
import { encodeSamples, subset } from './subset';

/** What the book is made of, and where it goes. */
export interface BuildOptions extends Pick<LoadOptions, 'dataDir'> {
  /** The folder of the site; what was in it is removed. */
  readonly folder: string;
  /** A data set of images of bytes: of the catalog, or a folder with IDX files. */
  readonly dataset?: string;
  /** How many of its training and test samples the page gets. */
  readonly trainCount?: number;
  readonly testCount?: number;
}

/**
 * Writes the site: static files for any file server, at any path, without requests to another.
 * @throws HandgradError 'data' when the data set is not there, or not of images
 */
export async function buildBook({
  folder,
  dataDir,
  dataset: spec = 'fashion-mnist',
  trainCount = 12_000,
  testCount = 2_000,
}: BuildOptions): Promise<void> {
  const dataset = subset(await loadDataset(spec, dataDir === undefined ? {} : { dataDir }), trainCount, testCount);
  const { name, imageShape, classNames, numOutputs, train, test } = dataset;
  if (!imageShape || numOutputs !== 10 || !(train.features instanceof Uint8Array)) {
    throw new HandgradError('data', `The book is about images of ten classes, and ${name} has none; choose another.`);
  }
  const about: About = {
    ...{ name, imageShape, classNames },
    trainCount: train.count,
    testCount: test.count,
    background: backgroundOf(dataset)!,
    reference: await referenceLoss(dataset),
  };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await bundle(folder);
  // The page runs on one thread: two would need headers that a plain file server does not send.
  const wasm = join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist');
  for (const file of ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm'])
    cpSync(join(wasm, file), join(folder, file));
  writeFileSync(join(folder, 'samples.bin'), encodeSamples(dataset));
  const { html, files } = indexPage(about);
  writeFileSync(join(folder, 'index.html'), html);
  mkdirSync(join(folder, 'source'));
  for (const file of files) writeFileSync(join(folder, sourceName(file)), sourcePage(file));
}

/** The scripts and styles; each backend of TensorFlow.js is a file of its own, loaded when it is chosen. */
async function bundle(folder: string): Promise<void> {
  await build({
    entryPoints: { book: join(__dirname, 'page/book.ts'), worker: join(__dirname, 'page/engine/worker.ts') },
    ...{ outdir: folder, bundle: true, splitting: true, format: 'esm', platform: 'browser', minify: true },
    target: 'es2022',
    // The parts of TensorFlow.js share one core only if every import of it means the same file.
    mainFields: ['browser', 'module', 'main'],
    logLevel: 'error',
  });
  await build({
    entryPoints: { book: join(__dirname, 'style.css') },
    ...{ outdir: folder, bundle: true, minify: true, assetNames: 'fonts/[name]', logLevel: 'error' },
    // Every browser that runs the page reads woff2.
    loader: { '.woff2': 'file', '.woff': 'empty', '.ttf': 'empty' },
  });
}
