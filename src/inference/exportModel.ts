import { basename, dirname, join } from 'node:path';
import type { Preparation } from '../data/samples';
import { inputNames } from '../data/tables/preparation';
import { HandgradError } from '../errors';
import { type ExportedFile, writeExport } from '../model/export/exported';
import { layersModel } from '../model/export/layersModel';
import { onnxModel, onnxTableModel } from '../model/export/onnxModel';
import { plainNetwork, type PlainNetwork } from '../model/export/plainNetwork';
import { webPage } from '../model/export/webPage';
import { encodeModel, LAYOUTS, type ModelLayout } from '../model/modelFile';
import type { OpenedModel } from '../runs/modelConfig';
import { didYouMean, plural, quoted } from '../words';
import { opening } from './useModel';

interface Source {
  readonly model: OpenedModel;
  readonly network: PlainNetwork;
  readonly layout: ModelLayout;
  /** Of a table that holds no images. */
  readonly preparation?: Preparation;
}

interface Format {
  /** The default path, beside the model: a folder or a file. */
  readonly place: (layout: ModelLayout) => string;
  readonly isFolder: boolean;
  /** The files of a folder, or the one file, whatever its name. */
  readonly files: (source: Source) => Promise<readonly ExportedFile[]>;
  /** How to use it, in one line. */
  readonly use: string;
  /** What it lacks of a model of a table, in a sentence; undefined if nothing. */
  readonly leavesOut?: (preparation: Preparation, layout: ModelLayout) => string | undefined;
}

const oneFile = (bytes: Uint8Array): readonly ExportedFile[] => [{ name: '', bytes }];

/** Every export format. */
export const EXPORT_FORMATS = {
  layers: {
    place: () => 'layers',
    isFolder: true,
    files: ({ network }) => Promise.resolve(layersModel(network)),
    use: 'load it with tf.loadLayersModel, from the URL of model.json',
    leavesOut: (preparation) =>
      `The file has the network without the preprocessing of the table: it takes ${inputsInOrder(preparation)}, ` +
      'preprocessed as in training; onnx includes the preprocessing.',
  },
  onnx: {
    place: () => 'model.onnx',
    isFolder: false,
    files: ({ network, preparation }) =>
      Promise.resolve(oneFile(preparation ? onnxTableModel(network, preparation) : onnxModel(network))),
    use: 'load it with onnxruntime.InferenceSession',
  },
  safetensors: {
    place: (layout) => `model.${layout}.safetensors`,
    isFolder: false,
    files: ({ model: { parameters, config }, layout }) =>
      Promise.resolve(oneFile(encodeModel({ parameters, config }, layout))),
    use: 'load it with safetensors.torch.load_file',
    leavesOut: (preparation, layout) =>
      layout === 'torch'
        ? 'PyTorch reads the network without the preprocessing of the table' +
          `${preparation.targets ? ' or the units of the labels' : ''}: it takes ${inputsInOrder(preparation)}, ` +
          'preprocessed as in training; onnx includes the preprocessing.'
        : undefined,
  },
  web: {
    place: () => 'web',
    isFolder: true,
    files: ({ network, model: { config }, preparation }) =>
      webPage(network, { dataset: config?.datasetName, background: config?.background, preparation }),
    use: 'serve the folder with any file server, such as: npx http-server',
  },
} satisfies Record<string, Format>;

/** The name of an export format. */
export type ExportFormat = keyof typeof EXPORT_FORMATS;

/** How a model is exported. */
export interface ExportOptions {
  readonly format: ExportFormat;
  /** Names and shapes of `safetensors`; `handgrad` when left out. */
  readonly layout?: ModelLayout;
  /** The file or folder to write; beside the model when left out. */
  readonly out?: string;
  /** Replaces existing files. */
  readonly force?: boolean;
  /** Accepts a run folder whose model is not the one that its manifest records. */
  readonly noVerify?: boolean;
}

/** What was written. */
export interface Exported {
  readonly format: ExportFormat;
  readonly path: string;
  readonly files: readonly string[];
  /** Undefined when another program wrote the model: the scaling of its inputs and its activation are then assumed. */
  readonly config: OpenedModel['config'];
  /** What the format lacks of a model of a table, in a sentence. */
  readonly leavesOut?: string;
}

const inputsInOrder = (preparation: Preparation) => {
  const inputs = preparation.inputs.flatMap(inputNames);
  const shown = inputs.slice(0, 5).map(quoted).join(', ');
  return `${plural(inputs.length, 'input')} (${shown}${inputs.length > 5 ? ', …' : ''})`;
};

/**
 * Writes a trained network for other tools: TensorFlow.js, ONNX Runtime, PyTorch, or a page that runs it in the
 * browser.
 * @param model a run folder, a `.safetensors` file, or what `openModel` gave
 * @throws HandgradError 'usage' for an option that is not valid, or a file that already exists; 'model' for a model
 *   that is not valid; 'storage'
 */
export async function exportModel(model: string | OpenedModel, options: ExportOptions): Promise<Exported> {
  const { layout = 'handgrad', force = false } = options;
  const name = options.format;
  assertOneOf('format', name, EXPORT_FORMATS);
  assertOneOf('layout', layout, LAYOUTS);
  if (options.layout !== undefined && name !== 'safetensors') {
    throw new HandgradError('usage', `\`layout\` is for \`format\` safetensors, not for ${name}; leave it out.`);
  }
  const format: Format = EXPORT_FORMATS[name];
  const opened = await opening(model, options);
  const { config, parameters, path } = opened;
  const network = plainNetwork({
    parameters,
    activation: config?.activation ?? 'relu',
    scale: config?.scale ?? 1,
    classNames: config?.classNames,
    imageShape: config?.imageShape,
    targets: config?.preparation?.targets,
  });
  // Pixels need none: they are inputs as they are stored.
  const preparation = config?.imageShape ? undefined : config?.preparation;
  const out = options.out ?? join(dirname(path), format.place(layout));
  const files = await format.files({ model: opened, network, layout, preparation });
  const written = format.isFolder
    ? await writeExport(out, files, { force })
    : await writeExport(dirname(out), [{ ...files[0]!, name: basename(out) }], { force });
  const { leavesOut } = format;
  const without = preparation && leavesOut && { leavesOut: leavesOut(preparation, layout) };
  return { format: name, path: out, files: written, config, ...without };
}

function assertOneOf(option: string, given: unknown, table: object): void {
  if (typeof given === 'string' && Object.hasOwn(table, given)) return;
  const hint =
    typeof given === 'string' ? didYouMean(given, Object.keys(table)) : `; choose ${Object.keys(table).join(', ')}.`;
  throw new HandgradError('usage', `Unknown \`${option}\` ${quoted(given)}${hint}`);
}
