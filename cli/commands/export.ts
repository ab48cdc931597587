import type { ExportFormat } from '../../src/inference/exportModel';
import { choice } from '../../src/kinds';
import type { ModelLayout } from '../../src/model/modelFile';
import { defineCommand, MODEL, NO_VERIFY, OUTPUT } from '../arguments/command';
import { flag, optionalArgument, PATH, toggle } from '../arguments/flags';
import { library } from '../library';

const FORMAT = choice<ExportFormat>({
  layers: 'TensorFlow.js',
  onnx: 'ONNX Runtime',
  safetensors: 'PyTorch and others',
  web: 'a page',
});
const LAYOUT = choice<ModelLayout>({ handgrad: 'W1 b1 W2 b2 …', torch: '0.weight 0.bias 2.weight …' });

export const command = defineCommand({
  summary: 'export a trained network for TensorFlow.js, ONNX Runtime, PyTorch or a web page',
  arguments: {
    model: MODEL,
    out: optionalArgument(PATH, 'the file or folder to write; next to the model by default'),
  },
  flags: {
    format: flag(FORMAT, {
      required: `export needs --format, ${FORMAT.rule}.`,
      help: `what to write: ${FORMAT.names!.join('|')}`,
    }),
    layout: flag(LAYOUT, {
      help: `tensor names and shapes of --format safetensors: ${LAYOUT.names!.join('|')}`,
      otherwise: 'handgrad',
    }),
    force: toggle({ help: 'replace existing files' }),
    noVerify: NO_VERIFY,
    ...OUTPUT,
  },
  examples: [
    ['export runs/<run> --format layers', 'for TensorFlow.js'],
    ['export runs/<run> model.onnx --format onnx', 'for ONNX Runtime'],
    ['export runs/<run> --format safetensors --layout torch', 'for PyTorch'],
    ['export runs/<run> site --format web', 'a page that runs the network in the browser'],
  ],
  async run({ model, out, format, layout, force, noVerify, json }, { terminal }) {
    const { EXPORT_FORMATS, exportModel } = library.inference();
    const { config, path, files, leavesOut } = await exportModel(model, { format, layout, out, force, noVerify });
    if (!config) {
      terminal.warning(
        `${model} records neither the scale of its inputs nor its activation; ` +
          'the export assumes inputs in [0, 1] and relu.',
      );
    }
    if (leavesOut !== undefined) terminal.warning(leavesOut);
    if (json) return terminal.json({ format, path, files });
    terminal.result(path);
    terminal.notice(`Exported; ${EXPORT_FORMATS[format].use}.`);
  },
});
