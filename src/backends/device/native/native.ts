import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { HandgradError } from '../../../errors';
import { userCache } from '../../../files/places';
import { type Backend, type BackendOptions, MAX_THREADS, type Running, type Unavailable } from '../../backend';
import { allowedProcessors } from '../../processors';
import { activate, commonVersions, core } from '../../tensorflowJs';
import { deviceBackend } from '../deviceBackend';
import { registerOperations } from '../operations';
import { compiledLibrary, compileLibrary, findCompiler, libraryFolder } from './compile';
import { type NativeDevice, openNativeDevice } from './nativeDevice';
import { librarySource } from './sources';

/** Names the folder that compiled libraries are kept in. */
const FOLDER_VARIABLE = 'HANDGRAD_NATIVE';

let device: NativeDevice | undefined;

/** The processor, by kernels that the machine's C++ compiler has compiled for it. */
export const native: Backend = {
  async start(notice, options) {
    if (!device) {
      const opened = await openLibraryOf(notice, options);
      if ('reason' in opened) return opened;
      device = opened;
      registerOperations('native');
      core().registerBackend('native', () => deviceBackend(opened));
    }
    const threads = Math.min(options.threads ?? device.fastestThreads(), device.mostThreads);
    device.setThreads(threads);
    await activate('native');
    return running(device, threads);
  },
};

function running({ lanes }: NativeDevice, threads: number): Running {
  return {
    device: `${os.cpus()[0]?.model.trim() ?? process.arch}, vectors of ${lanes} floats, ${threads === 1 ? 'one thread' : `${threads} threads`}`,
    threads,
    addressableBytes: os.totalmem(),
    versions: commonVersions(),
  };
}

async function openLibraryOf(
  notice: (message: string) => void,
  { compile = true }: BackendOptions,
): Promise<NativeDevice | Unavailable> {
  const source = librarySource();
  const compiler = findCompiler();
  let file = compiledLibrary(source, compiler, cacheFolders());
  if (file === undefined) {
    if (compiler === undefined)
      return { reason: `there is no C++ compiler to build it with: ${INSTALL_COMPILER}`, remedy: INSTALL_COMPILER };
    if (!compile)
      return {
        reason: 'it is not compiled yet: "handgrad setup native" does that',
        remedy: 'run "handgrad setup native"',
      };
    notice('Compiling the native backend for this processor; this happens once and takes a few seconds.');
    file = await compileLibrary(source, compiler, writableFolder());
  }
  const processors = Math.min(MAX_THREADS, allowedProcessors());
  return openNativeDevice(file, source.kernels, processors);
}

const INSTALL_COMPILER =
  process.platform === 'darwin'
    ? 'run "xcode-select --install"'
    : 'install one (on Debian and Ubuntu: apt-get install g++)';

/**
 * Compiles the library ahead of its first use.
 * @returns the library's file, and whether it was there already
 * @throws HandgradError 'backend' without a compiler, or with the compiler's first error
 */
export async function setupNative(): Promise<{ file: string; wasThere: boolean }> {
  const source = librarySource();
  const compiler = findCompiler();
  const there = compiledLibrary(source, compiler, cacheFolders());
  if (there !== undefined) return { file: there, wasThere: true };
  if (compiler === undefined) {
    throw new HandgradError(
      'backend',
      `The native backend needs a C++ compiler, and there is none: ${INSTALL_COMPILER}.`,
    );
  }
  return { file: await compileLibrary(source, compiler, writableFolder()), wasThere: false };
}

/** Where the library may be: in the checkout or the user's cache, or else beside the system's temporary files. */
function cacheFolders(): string[] {
  const temporary = path.join(os.tmpdir(), `handgrad-native-${process.getuid?.() ?? os.userInfo().username}`);
  const named = process.env[FOLDER_VARIABLE];
  if (named) return [path.resolve(named)];
  return [libraryFolder(), path.join(userCache(), 'native'), temporary].filter((folder) => !isForeign(folder));
}

/** Could somebody else have put a library there? */
function isForeign(folder: string): boolean {
  const found = fs.statSync(folder, { throwIfNoEntry: false });
  const own = process.getuid?.();
  return (
    found !== undefined && own !== undefined && ((found.uid !== own && found.uid !== 0) || (found.mode & 0o002) !== 0)
  );
}

function writableFolder(): string {
  const folders = cacheFolders();
  for (const folder of folders) {
    try {
      fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
      fs.accessSync(folder, fs.constants.W_OK);
      return folder;
    } catch {
      // the next one
    }
  }
  throw new HandgradError(
    'backend',
    `The native backend cannot be compiled: none of ${folders.join(', ')} can be written.`,
  );
}
