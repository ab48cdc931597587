import fs from 'node:fs/promises';
import path from 'node:path';
import { HandgradError } from '../../../errors';
import { command, type Progress, tryCommand } from './command';
import { inspectTensorFlow, type TensorFlow } from './tensorFlow';

/** The CPU build: those for GPUs are larger, and their CUDA is in separate packages. */
const PACKAGE = process.platform === 'darwin' ? 'tensorflow' : 'tensorflow-cpu';

/**
 * Checks that an interpreter runs.
 * @returns its version
 * @throws HandgradError 'backend'
 */
export async function findPython(python: string, progress: Progress): Promise<string> {
  const version = await tryCommand(python, ['-c', 'import platform; print(platform.python_version())'], progress);
  if (version !== undefined) return version;
  throw new HandgradError(
    'backend',
    `setup tensorflow takes TensorFlow from Python, and ${python} does not run: ` +
      'install Python 3, or name an interpreter by `python` or a TensorFlow by `tensorflow`.',
  );
}

/** The TensorFlow that is installed for an interpreter, found without loading it. */
export async function installedTensorFlow(python: string, progress: Progress): Promise<TensorFlow | undefined> {
  const code = `
import importlib.util
found = importlib.util.find_spec('tensorflow')
print(found.submodule_search_locations[0] if found and found.submodule_search_locations else '')`;
  // Not with -P, which ignores modules in the working directory: it is too new to rely on.
  const folder = (await command(python, ['-c', code], progress)).trim();
  return folder === '' ? undefined : inspectTensorFlow(folder);
}

/**
 * Downloads TensorFlow with pip and unpacks the parts that the backend needs.
 * @param work the parent of the new folder `tensorflow/`
 */
export async function downloadTensorFlow(python: string, work: string, progress: Progress): Promise<TensorFlow> {
  progress.onStep?.(`Downloading ${PACKAGE} with pip (about 270 MB)`);
  const wheels = path.join(work, 'wheel');
  const flags = ['--no-deps', '--only-binary=:all:', '--disable-pip-version-check', '--quiet', '--no-cache-dir'];
  await command(python, ['-m', 'pip', 'download', ...flags, '--dest', wheels, PACKAGE], progress);
  const [wheel] = (await fs.readdir(wheels)).filter((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new HandgradError('backend', `pip download ${PACKAGE} left no wheel.`);
  progress.onStep?.(`Unpacking ${wheel}`);
  await command(python, ['-c', UNPACK, path.join(wheels, wheel), work], progress);
  await fs.rm(wheels, { recursive: true });
  const tensorflow = inspectTensorFlow(path.join(work, 'tensorflow'));
  const headers = path.join(tensorflow.folder, 'include');
  return { ...tensorflow, removeWhatOnlyCompilingNeeds: () => fs.rm(headers, { recursive: true }) };
}

/** Python's zip reader, which is there wherever pip is. Unpacks only what the backend loads or is compiled with. */
const UNPACK = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        parts = name.split('/')
        library = len(parts) == 2 and parts[0] == 'tensorflow' and parts[1].startswith('libtensorflow')
        version = name.endswith('/build_info.py') or parts[0].endswith('.dist-info')
        if library or version or name.startswith('tensorflow/include/'):
            wheel.extract(name, sys.argv[2])`;
