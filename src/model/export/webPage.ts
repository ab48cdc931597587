import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Background } from '../../data/background';
import type { Preparation } from '../../data/samples';
import { HandgradError } from '../../errors';
import { pagesFolder } from '../../files/places';
import { type ExportedFile, floatBytes } from './exported';
import type { PlainNetwork } from './plainNetwork';

/** The parts of TensorFlow.js that the page needs: the core, and backends for browsers. */
const LIBRARIES = [
  ['@tensorflow/tfjs-core', 'tf-core.min.js'],
  ['@tensorflow/tfjs-backend-webgpu', 'tf-backend-webgpu.min.js'],
  ['@tensorflow/tfjs-backend-webgl', 'tf-backend-webgl.min.js'],
  ['@tensorflow/tfjs-backend-wasm', 'tf-backend-wasm.min.js'],
  ['@tensorflow/tfjs-backend-wasm', 'tfjs-backend-wasm.wasm'],
  ['@tensorflow/tfjs-backend-wasm', 'tfjs-backend-wasm-simd.wasm'],
  ['@tensorflow/tfjs-backend-wasm', 'tfjs-backend-wasm-threaded-simd.wasm'],
] as const;

/** The files in `pages` that both pages have: the look is shared with the report. */
const PAGE = ['network/network.js', 'network/style.css', 'look.css'] as const;

/** What the page shows about the network. */
export interface WebPage {
  /** The data set's name, for the heading. */
  readonly dataset?: string;
  readonly background?: Background;
  /** Of a table that holds no images: the page has a form with a field for each of its input columns. */
  readonly preparation?: Preparation;
}

/**
 * A page that runs the network in the browser: static files for any file server, without requests to other servers.
 * One draws an image, or fills in the row of a table.
 * @throws HandgradError `usage` for a network that takes neither
 */
export async function webPage(
  network: PlainNetwork,
  { dataset, background, preparation }: WebPage,
): Promise<ExportedFile[]> {
  const { layers, activation, imageShape, classNames } = network;
  if (!imageShape && !preparation) {
    throw new HandgradError(
      'usage',
      'The page is for networks that take images or the rows of a table, and this model file declares neither; ' +
        'choose another `format`.',
    );
  }
  const names = classNames ?? Array.from({ length: layers.at(-1)!.outputs }, (_, label) => String(label));
  const described = {
    ...{ dataset, background, imageShape, activation },
    ...preparation,
    layers: layers.map(({ inputs, outputs }) => ({ inputs, outputs })),
    classNames: names,
  };
  const pages = pagesFolder();
  const page = preparation ? 'table' : 'image';
  const files = [
    ['index.html', join(pages, `network/${page}.html`)] as const,
    [`${page}.js`, join(pages, `network/${page}.js`)] as const,
    ...PAGE.map((name) => [basename(name), join(pages, name)] as const),
    ...LIBRARIES.map(([library, name]) => {
      const folder = dirname(require.resolve(`${library}/package.json`));
      return [`tfjs/${name}`, join(folder, 'dist', name)] as const;
    }),
  ];
  return [
    { name: 'network.json', bytes: Buffer.from(`${JSON.stringify(described, null, 1)}\n`) },
    { name: 'weights.bin', bytes: floatBytes(layers.flatMap(({ W, b }) => [W, b])) },
    ...(await Promise.all(files.map(async ([name, path]) => ({ name, bytes: await readFile(path) })))),
  ];
}
