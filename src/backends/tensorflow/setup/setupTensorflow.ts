import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { type BuiltAddon, ADDON_VERSION, setupFolder, readBuiltAddon } from '../builtAddon';
import { HandgradError } from '../../../errors';
import { makeFolder } from '../../../files/makeFolder';
import { storageError } from '../../../files/storageError';
import { compileAddon, findCompiler } from './compileAddon';
import { command, type Progress } from './command';
import { downloadTensorFlow, findPython, installedTensorFlow } from './pythonTensorFlow';
import { inspectTensorFlow, type TensorFlow } from './tensorFlow';
import { tryBackend } from './tryBackend';

/** What the backend is built against. */
export interface SetupOptions extends Progress {
  /** The interpreter whose TensorFlow is used, or whose pip downloads one: `python3`. */
  readonly python: string;
  /** A folder with TensorFlow's libraries and headers, instead of an interpreter's. */
  readonly tensorflow?: string;
  /** Rebuild an existing backend. */
  readonly force?: boolean;
}

/** The backend that is there now. */
export interface SetupResult {
  readonly folder: string;
  readonly built: BuiltAddon;
  /** Whether it existed already, and nothing was done. */
  readonly already: boolean;
}

/** The packages of the backend; the second has the headers that Node's installation may lack. */
const PACKAGES = ['@tensorflow/tfjs-node@4.22.0', 'node-api-headers@1.9.0'];

// Bytes, measured with TensorFlow 2.21 for x86-64: npm's packages, and the wheel with the unpacked files.
const PACKAGES_BYTES = 0.4e9;
const DOWNLOAD_BYTES = 1.6e9;

/**
 * Builds the tensorflow backend: tfjs-node's addon, compiled here against a TensorFlow that is installed or downloaded.
 * Everything is built in a temporary folder, tested, and only then moved to the final one.
 * @throws HandgradError 'backend' when something is missing or does not build, 'storage' when the disk is full;
 * an existing backend stays
 */
export async function setupTensorflow(options: SetupOptions): Promise<SetupResult> {
  const { onStep = () => {}, force = false } = options;
  refuseOtherSystems();
  const folder = setupFolder();
  const compiler = await findCompiler(options);
  const found = await findTensorFlow(options);
  await removeLeftovers();
  const before = readBuiltAddon(folder);
  if (!force && before && isSame(before, found)) {
    onStep(`Trying the backend in ${folder}`);
    if ('version' in (await tryBackend(folder, options))) return { folder, built: before, already: true };
  }
  await refuseLittleSpace(path.dirname(folder), PACKAGES_BYTES + (found ? 0 : DOWNLOAD_BYTES));
  const work = `${folder}.${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    await makeFolder(work);
    onStep(`Installing ${PACKAGES.join(' and ')}`);
    await installPackages(work, options);
    const tensorflow = found ?? (await downloadTensorFlow(options.python, work, options));
    onStep(
      `Compiling the addon against TensorFlow ${tensorflow.version ?? `in ${tensorflow.folder}`} ` +
        `with ${compiler.version}`,
    );
    await compileAddon(compiler, tensorflow, work, options);
    await tensorflow.removeWhatOnlyCompilingNeeds?.();
    onStep('Trying it');
    const tried = await tryBackend(work, options);
    if ('wrong' in tried) {
      throw new HandgradError('backend', `The tensorflow backend was built but does not work: ${tried.wrong}`);
    }
    const library = found ? tensorflow.folder : path.relative(work, tensorflow.folder);
    const built: BuiltAddon = { version: ADDON_VERSION, tensorflow: tried.version, library, cuda: tensorflow.cuda };
    await fs.writeFile(path.join(work, 'addon.json'), `${JSON.stringify(built, undefined, 2)}\n`);
    await removeTensorflow();
    await fs.rename(work, folder);
    return { folder, built, already: false };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOSPC' || code === 'EACCES' || code === 'EROFS' ? await storageError(error, folder) : error;
  } finally {
    // npm may still be writing after it was stopped.
    await fs.rm(work, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** Removes the files of killed setups. */
export async function removeLeftovers(): Promise<void> {
  const { dir, base } = path.parse(setupFolder());
  for (const name of await fs.readdir(dir).catch((): string[] => [])) {
    const match = name.startsWith(base) && /^\.(?:(\d+)|removed)-[0-9a-f]{8}$/.exec(name.slice(base.length));
    if (!match || (match[1] !== undefined && isAlive(Number(match[1])))) continue;
    await fs.rm(path.join(dir, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Removes everything that `setup tensorflow` built.
 * @returns whether there was anything
 */
export async function removeTensorflow(): Promise<boolean> {
  const folder = setupFolder();
  const { dir, base } = path.parse(folder);
  const entries = await fs.readdir(dir).catch((): string[] => []);
  // A partly removed folder must not look like a backend.
  const doomed = `${folder}.removed-${randomBytes(4).toString('hex')}`;
  const there = entries.includes(base);
  if (there) await fs.rename(folder, doomed);
  await fs.rm(doomed, { recursive: true, force: true });
  await removeLeftovers();
  return there;
}

function refuseOtherSystems(): void {
  if (process.platform === 'linux' || process.platform === 'darwin') return;
  throw new HandgradError(
    'backend',
    `setup tensorflow builds on Linux and macOS, not on ${process.platform}: ` +
      `run "npm install @tensorflow/tfjs-node@4.22.0" instead.`,
  );
}

async function findTensorFlow({ tensorflow, python, ...progress }: SetupOptions): Promise<TensorFlow | undefined> {
  if (tensorflow !== undefined) return inspectTensorFlow(path.resolve(tensorflow));
  await findPython(python, progress);
  return installedTensorFlow(python, progress);
}

/** Whether the backend was built against the TensorFlow found now. */
function isSame(before: BuiltAddon, found: TensorFlow | undefined): boolean {
  if (before.version !== ADDON_VERSION) return false;
  if (!found) return !path.isAbsolute(before.library);
  return before.library === found.folder && (found.version === undefined || before.tensorflow === found.version);
}

async function refuseLittleSpace(place: string, needed: number): Promise<void> {
  await makeFolder(place);
  const { bavail, bsize } = await fs.statfs(place);
  if (bavail * bsize >= needed) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new HandgradError(
    'storage',
    `setup tensorflow needs ${gigabytes(needed)} in ${place}, which has ${gigabytes(bavail * bsize)} free; ` +
      `free some space.`,
  );
}

async function installPackages(work: string, progress: Progress): Promise<void> {
  // Without a manifest here, npm would install into the surrounding project.
  await fs.writeFile(path.join(work, 'package.json'), '{ "private": true }\n');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--no-save', '--loglevel=error'];
  await command('npm', ['install', ...flags, ...PACKAGES], { ...progress, cwd: work });
}
