import { basename, dirname, join } from 'node:path';
import { writeExport, type ExportedFile } from '../../src/model/export/exported';
import { layersModel } from '../../src/model/export/layersModel';
import { onnxModel } from '../../src/model/export/onnxModel';
import { plainNetwork, type PlainNetwork } from '../../src/model/export/plainNetwork';
import { webPage } from '../../src/model/export/webPage';
import { HandgradError } from '../../src/errors';
import { encodeModel, LAYOUTS, type ModelLayout } from '../../src/model/modelFile';
import { didYouMean, quoted } from '../../src/words';
import { openModel, type OpenedModel } from '../../src/runs/modelConfig';
import type { Args } from '../arguments/options';
import { createTerminal, type Io } from '../terminal/terminal';
import { type Command, OUTPUT_OPTIONS } from '../arguments/command';

interface Source {
  readonly model: OpenedModel;
  readonly network: PlainNetwork;
  readonly layout: ModelLayout;
}

interface Format {
  /** Where it goes when nothing else is said, beside the model: a folder, or a file. */
  readonly place: (layout: ModelLayout) => string;
  readonly isFolder: boolean;
  /** The files of a folder, or the one file, whatever its name. */
  readonly files: (source: Source) => Promise<readonly ExportedFile[]>;
  /** One line that says how it is used. */
  readonly use: string;
}

const oneFile = (bytes: Uint8Array): readonly ExportedFile[] => [{ name: '', bytes }];

/** What a model can be turned into. */
const FORMATS = {
  layers: {
    place: () => 'layers',
    isFolder: true,
    files: ({ network }) => Promise.resolve(layersModel(network)),
    use: 'tf.loadLayersModel takes the address of its model.json',
  },
  onnx: {
    place: () => 'model.onnx',
    isFolder: false,
    files: ({ network }) => Promise.resolve(oneFile(onnxModel(network))),
    use: 'onnxruntime.InferenceSession takes it',
  },
  safetensors: {
    place: (layout) => `model.${layout}.safetensors`,
    isFolder: false,
    files: ({ model: { parameters, config }, layout }) =>
      Promise.resolve(oneFile(encodeModel({ parameters, config }, layout))),
    use: 'safetensors.torch.load_file takes it',
  },
  web: {
    place: () => 'web',
    isFolder: true,
    files: ({ network, model: { config } }) =>
      webPage(network, { dataset: config?.datasetName, background: config?.background }),
    use: 'serve the folder with any file server, such as: npx http-server',
  },
} satisfies Record<string, Format>;

export const command: Command = {
  options: {
    format: {
      requiresArg: true,
      nargs: 1,
      demandOption: `export needs --format, one of ${Object.keys(FORMATS).join(', ')}.`,
      describe: `what to write: ${Object.keys(FORMATS).join('|')}`,
    },
    layout: {
      requiresArg: true,
      nargs: 1,
      describe: `names and shapes of --format safetensors: ${Object.keys(LAYOUTS).join('|')}`,
      defaultDescription: 'handgrad',
    },
    force: { type: 'boolean', describe: 'replace files that are there already' },
    ...OUTPUT_OPTIONS,
  },
  positionals: {
    MODEL: 'a run folder or a .safetensors file',
    OUT: 'the file or folder to write; beside the model when left out',
  },
  examples: [
    ['export runs/<run> --format layers', 'for TensorFlow.js'],
    ['export runs/<run> model.onnx --format onnx', 'for ONNX Runtime'],
    ['export runs/<run> --format safetensors --layout torch', 'for PyTorch'],
    ['export runs/<run> site --format web', 'a page that runs the network in the browser'],
  ],
  run: runExport,
};

async function runExport(args: Args, io: Io): Promise<void> {
  const terminal = createTerminal(io, { quiet: args['quiet'] === true });
  const name = choose('--format', args['format'] as string, FORMATS);
  const layout = choose('--layout', (args['layout'] as string | undefined) ?? 'handgrad', LAYOUTS);
  if (args['layout'] !== undefined && name !== 'safetensors') {
    throw new HandgradError('usage', `--layout is for --format safetensors, not for ${name}; leave it out.`);
  }
  const format: Format = FORMATS[name];
  const model = await openModel(args['MODEL'] as string);
  const { config, parameters, path } = model;
  const network = plainNetwork({
    parameters,
    activation: config?.activation ?? 'relu',
    scale: config?.scale ?? 1,
    classNames: config?.classNames,
    imageShape: config?.imageShape,
  });
  const out = (args['OUT'] as string | undefined) ?? join(dirname(path), format.place(layout));
  const files = await format.files({ model, network, layout });
  const force = args['force'] === true;
  const written = format.isFolder
    ? await writeExport(out, files, { force })
    : await writeExport(dirname(out), [{ ...files[0]!, name: basename(out) }], { force });
  if (!config) {
    terminal.warning(
      `${path} does not say how its inputs are scaled or what its activation is: the export takes inputs as the network sees them, and relu.`,
    );
  }
  if (args['json'] === true) return terminal.json({ format: name, path: out, files: written });
  terminal.result(out);
  terminal.notice(`Written; ${format.use}.`);
}

function choose<Name extends string>(flag: string, given: string, table: Record<Name, unknown>): Name {
  if (Object.hasOwn(table, given)) return given as Name;
  throw new HandgradError('usage', `${flag} has no ${quoted(given)}; ${didYouMean(given, Object.keys(table))}`);
}
