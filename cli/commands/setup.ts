import { HandgradError } from '../../src/errors';
import { choice } from '../../src/kinds';
import { defineCommand, OUTPUT } from '../arguments/command';
import { argument, flag, PATH, toggle } from '../arguments/flags';
import { library } from '../library';
import type { Terminal } from '../terminal/terminal';

const BACKEND = choice<'native' | 'tensorflow'>({
  native: "compiled by this machine's C++ compiler",
  tensorflow: "tfjs-node, against a Python's TensorFlow",
});

export const command = defineCommand({
  summary: 'build a backend: native ahead of its first use, or tensorflow against an installed TensorFlow',
  arguments: { backend: argument(BACKEND, 'native or tensorflow, the backend to set up') },
  flags: {
    python: flag(PATH, {
      help: 'the Python whose TensorFlow is used, or whose pip downloads one',
      otherwise: 'python3',
    }),
    tensorflow: flag(PATH, { help: 'a DIR with TensorFlow to build against instead', conflicts: ['python'] }),
    force: toggle({ help: 'build again, even if the backend is already built' }),
    remove: toggle({ help: 'remove what setup tensorflow built', conflicts: ['python', 'tensorflow', 'force'] }),
    quiet: OUTPUT.quiet,
  },
  examples: [
    ['setup native', 'compile the native backend now instead of at the first training'],
    ['setup tensorflow', "with python3's TensorFlow, or one that pip downloads"],
    ['setup tensorflow --python venv/bin/python', 'with the TensorFlow of another Python, which may have CUDA'],
    ['setup tensorflow --remove', 'remove it again'],
  ],
  async run({ backend, quiet: _, ...how }, { terminal, signal }) {
    if (backend === 'native') return setupNative(how, terminal);
    const { removeTensorflow, setupTensorflow } = library.tensorflow();
    const { python = 'python3', tensorflow: from, force, remove } = how;
    if (remove) {
      const removed = await removeTensorflow();
      return terminal.result(removed ? 'The tensorflow backend is removed.' : 'There is nothing to remove.');
    }
    const onStep = (step: string) => terminal.notice(`${step} …`);
    const { folder, built, already } = await setupTensorflow({ python, tensorflow: from, force, onStep, signal });
    const { tensorflow, cuda } = built;
    const what = `TensorFlow ${tensorflow} (${cuda ? `CUDA ${cuda.cuda}, cuDNN ${cuda.cudnn}` : 'for the CPU'})`;
    const state = already ? 'is already built and works' : 'works';
    terminal.result(`The tensorflow backend ${state}: ${what}, in ${folder}; auto considers it from now on.`);
  },
});

async function setupNative(how: object, { result }: Terminal): Promise<void> {
  const given = Object.entries(how).find(([, value]) => value);
  if (given)
    throw new HandgradError('usage', `setup native has no --${given[0]}: it compiles only what is not compiled yet.`);
  const { file, wasThere } = await library.native().setupNative();
  result(`The native backend is ${wasThere ? 'already ' : ''}compiled: ${file}; auto considers it from now on.`);
}
