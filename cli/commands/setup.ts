import { HandgradError } from '../../src/errors';
import { setupNative } from '../../src/backends/device/native/native';
import { removeTensorflow, setupTensorflow } from '../../src/backends/tensorflow/setup/setupTensorflow';
import type { Args } from '../arguments/options';
import { quoted } from '../../src/words';
import { createTerminal, type Io } from '../terminal/terminal';
import { type Command, OUTPUT_OPTIONS } from '../arguments/command';

const value = { requiresArg: true, nargs: 1 };

export const command: Command = {
  options: {
    python: {
      ...value,
      describe: 'the Python whose TensorFlow is taken, or whose pip downloads one',
      defaultDescription: 'python3',
    },
    tensorflow: { ...value, describe: 'a DIR with TensorFlow to build against instead', conflicts: 'python' },
    force: { type: 'boolean', describe: 'build again what is there already' },
    remove: {
      type: 'boolean',
      describe: 'remove what setup tensorflow made',
      conflicts: ['python', 'tensorflow', 'force'],
    },
    quiet: OUTPUT_OPTIONS.quiet,
  },
  positionals: { backend: 'native or tensorflow, the backend to set up' },
  examples: [
    ['setup native', 'compile the native backend now instead of at the first training'],
    ['setup tensorflow', "with python3's TensorFlow, or one that pip downloads"],
    ['setup tensorflow --python venv/bin/python', 'with the TensorFlow of another Python, which may have CUDA'],
    ['setup tensorflow --remove', 'take it all away again'],
  ],
  run: runSetup,
};

async function runSetup(args: Args, io: Io): Promise<void> {
  const terminal = createTerminal(io, { quiet: args['quiet'] === true });
  if (args['backend'] === 'native') {
    const given = ['python', 'tensorflow', 'force', 'remove'].find((flag) => args[flag] !== undefined);
    if (given)
      throw new HandgradError('usage', `setup native has no --${given}: it compiles what is not compiled yet.`);
    const { file, wasThere } = await setupNative();
    terminal.result(
      `The native backend ${wasThere ? 'is there already' : 'is compiled'}: ${file}; auto takes it from now on.`,
    );
    return;
  }
  if (args['backend'] !== 'tensorflow') {
    throw new HandgradError('usage', `setup sets up native or tensorflow, not ${quoted(args['backend'])}.`);
  }
  if (args['remove'] === true) {
    terminal.result((await removeTensorflow()) ? 'The tensorflow backend is removed.' : 'There is nothing to remove.');
    return;
  }
  const { folder, built, already } = await setupTensorflow({
    python: (args['python'] as string | undefined) ?? 'python3',
    tensorflow: args['tensorflow'] as string | undefined,
    force: args['force'] === true,
    onStep: (step) => terminal.notice(`${step} …`),
    signal: io.signal,
  });
  const { tensorflow, cuda } = built;
  const what = `TensorFlow ${tensorflow} (${cuda ? `CUDA ${cuda.cuda}, cuDNN ${cuda.cudnn}` : 'for the processor'})`;
  const state = already ? 'is there already and works' : 'works';
  terminal.result(`The tensorflow backend ${state}: ${what}, in ${folder}; auto takes it from now on.`);
}
