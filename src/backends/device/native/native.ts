import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { HandgradError } from '../../../errors';
import { userCache } from '../../../files/places';
import { type Backend, MAX_THREADS, type Running, type Unavailable } from '../../backend';
import { allowedProcessors, tooManyThreads } from '../../processors';
import { activate, commonVersions, core } from '../../tensorflowJs';
import { deviceBackend } from '../deviceBackend';
import { registerOperations } from '../operations';
import { compiledLibrary, compileLibrary, findCompiler, libraryFolder } from './compile';
import { type NativeDevice, openNativeDevice } from './nativeDevice';
import { type LibrarySource, librarySource } from './sources';

/** The environment variable of the folder for compiled libraries. */
const FOLDER_VARIABLE = 'HANDGRAD_NATIVE';

let device: NativeDevice | undefined;
/** The number of threads, once decided. */
let decided: number | undefined;

/** The processor, with kernels compiled by the machine's C++ compiler. */
export const native: Backend = {
  async start(notice, { threads: wanted, compile = true }) {
    if (!device) {
      const opened = await openLibraryOf(notice, compile);
      if ('reason' in opened) return opened;
      device = opened;
      registerOperations('native');
      core().registerBackend('native', () => deviceBackend(opened));
    }
    const fastest = () => device!.fastestThreads(Math.min(MAX_THREADS, allowedProcessors()));
    const asked = wanted ?? decided ?? fastest();
    decided = device.setThreads(asked);
    const on = decided === 1 ? 'one' : decided;
    const fewer = `The native backend cannot start ${asked} threads: it computes on ${on}.`;
    const said = decided < asked ? fewer : tooManyThreads(decided);
    if (said) notice(said);
    await activate('native');
    return running(device, decided);
  },
};

function running({ lanes }: NativeDevice, threads: number): Running {
  const processor = os.cpus()[0]?.model.trim() ?? process.arch;
  return {
    device: `${processor}, vectors of ${lanes} floats, ${threads === 1 ? 'one thread' : `${threads} threads`}`,
    threads,
    addressableBytes: memoryBytes(),
    versions: commonVersions(),
  };
}

/** The memory of the machine, or the limit of a container. */
function memoryBytes(): number {
  const limit = process.constrainedMemory(); // 0, or more than there is, without a limit
  return limit > 0 ? Math.min(os.totalmem(), limit) : os.totalmem();
}

async function openLibraryOf(notice: (message: string) => void, compile: boolean): Promise<NativeDevice | Unavailable> {
  const found = await obtainLibrary((compiler) => {
    if (!compile) {
      return {
        reason: 'it is not compiled yet: "handgrad setup native" does that',
        remedy: 'run "handgrad setup native"',
      };
    }
    notice(`Compiling the native backend with ${compiler}; this happens once and takes a few seconds.`);
    return undefined;
  });
  return 'reason' in found ? found : openNativeDevice(found.file, found.source.kernels);
}

/** A compiled library, and whether it existed already. */
interface Obtained {
  readonly file: string;
  readonly source: LibrarySource;
  readonly wasThere: boolean;
}

/**
 * Finds the library, or compiles it.
 * @param beforeCompiling may prevent that
 */
async function obtainLibrary(
  beforeCompiling: (compiler: string) => Unavailable | undefined,
): Promise<Obtained | Unavailable> {
  const source = librarySource();
  const compiler = findCompiler();
  const file = compiledLibrary(source, compiler, ownFolders());
  if (file !== undefined) return { file, source, wasThere: true };
  if (compiler === undefined) {
    const named = process.env['CXX'];
    const missing = named
      ? `CXX is ${named}, which is not a program here`
      : 'there is no C++ compiler to build it with';
    return { reason: `${missing}: ${INSTALL_COMPILER}`, remedy: 'choose another backend until then' };
  }
  const refused = beforeCompiling(compiler);
  if (refused) return refused;
  const folder = writableFolder();
  if (folder === undefined) {
    return {
      reason: `none of the folders for it can be written, or others can write there too (${cacheFolders().join(', ')})`,
      remedy: `name a folder of your own in ${FOLDER_VARIABLE}`,
    };
  }
  try {
    return { file: await compileLibrary(source, compiler, folder), source, wasThere: false };
  } catch (error) {
    return {
      reason: `it could not be compiled (${(error as Error).message})`,
      remedy: 'fix that, set CXX to another compiler, or choose another backend',
    };
  }
}

const INSTALL_COMPILER =
  process.platform === 'darwin'
    ? 'run "xcode-select --install"'
    : 'install one (on Debian and Ubuntu: apt-get install g++)';

/**
 * Compiles the library ahead of its first use.
 * @returns the library's file, and whether it existed already
 * @throws HandgradError 'backend' without a compiler, or with the compiler's first error
 */
export async function setupNative(): Promise<{ file: string; wasThere: boolean }> {
  const found = await obtainLibrary(() => undefined);
  if (!('reason' in found)) return found;
  throw new HandgradError('backend', `The native backend cannot be set up: ${found.reason}; ${found.remedy}.`);
}

/** The folders for the library: in the checkout or the user's cache, or else among the system's temporary files. */
function cacheFolders(): string[] {
  const named = process.env[FOLDER_VARIABLE];
  if (named) return [path.resolve(named)];
  const temporary = path.join(os.tmpdir(), `handgrad-native-${process.getuid?.() ?? os.userInfo().username}`);
  return [libraryFolder(), path.join(userCache(), 'native'), temporary];
}

/** The folders that no other user can write to. */
const ownFolders = () => cacheFolders().filter((folder) => !isForeign(folder));

function isForeign(folder: string): boolean {
  const own = process.getuid?.();
  if (own === undefined) return false; // Windows
  try {
    const { uid, mode } = fs.statSync(folder);
    return (uid !== own && uid !== 0) || (mode & 0o002) !== 0;
  } catch {
    return false; // it is not there yet, or cannot be
  }
}

function writableFolder(): string | undefined {
  return ownFolders().find((folder) => {
    try {
      fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
      fs.accessSync(folder, fs.constants.W_OK);
      return true;
    } catch {
      return false; // the next one
    }
  });
}
