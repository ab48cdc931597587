import { join, resolve } from 'node:path';
import { HandgradError } from '../../errors';
import { didYouMean, quoted } from '../../words';
import {
  catalog,
  type DataFile,
  type DatasetEntry,
  type DatasetName,
  datasetNames,
  isDatasetName,
  ROLES,
  type Source,
} from '../catalog';
import { defaultDataDir } from '../defaultDataDir';
import { writeFileAtomic } from '../../files/atomicFile';
import { moveInto, withStagingFolder } from '../../files/stagingFolder';
import type { FetchOptions } from './fetchBytes';
import { chooseSources, describeSource, openSource, type SourceOptions } from './sources';
import { findInFolder, findingOf, namesInFolder, readCandidate, verify } from './verify';

/** The events of a download, as plain records. Sizes are bytes as transferred. */
export type DownloadEvent =
  | { readonly type: 'source'; readonly dataset: string; readonly source: string }
  | { readonly type: 'step'; readonly dataset: string; readonly source: string; readonly step: string }
  | {
      readonly type: 'progress';
      readonly dataset: string;
      readonly file: string;
      readonly bytes: number;
      readonly totalBytes: number;
    }
  | { readonly type: 'failed'; readonly dataset: string; readonly source: string; readonly reason: string }
  /** `fetched` counts the new files; 0 when all were there and valid. */
  | { readonly type: 'done'; readonly dataset: string; readonly folder: string; readonly fetched: number };

/** How a data set is downloaded. */
export interface DownloadOptions {
  /** The parent of the data sets' folders; it is created if missing. */
  readonly dataDir: string;
  /** `auto` (default), `http`, `apt`, `npm`, a folder that holds the four files, or the address of a mirror. */
  readonly source?: string;
  /** Fetches the files even if valid ones are there. */
  readonly force?: boolean;
  readonly onEvent?: (event: DownloadEvent) => void;
  readonly signal?: AbortSignal;
  /** Time limits, certificates and name lookup for http sources. */
  readonly http?: Omit<FetchOptions, 'onProgress' | 'signal'>;
}

/**
 * Fetches a data set of the catalog. Valid files that are there are kept, others are replaced.
 * A file gets its final name only after its digest is verified.
 * @returns the folder that holds the four files
 * @throws HandgradError 'data' when every source failed, with the reason for each;
 * 'storage' when nothing can be written; 'usage' for an unknown data set or source
 */
export async function download(name: DatasetName, options: Partial<DownloadOptions> = {}): Promise<string> {
  if (!isDatasetName(name)) {
    const hint = typeof name === 'string' ? didYouMean(name, datasetNames) : `; choose ${datasetNames.join(', ')}.`;
    throw new HandgradError('usage', `There is no data set ${quoted(name)}${hint}`);
  }
  return downloadFiles(catalog[name], { ...options, dataDir: options.dataDir ?? defaultDataDir() });
}

/** `download` for any entry. */
export async function downloadFiles(entry: DatasetEntry, options: DownloadOptions): Promise<string> {
  const { dataDir, source = 'auto', force = false, onEvent } = options;
  const sources = chooseSources(entry, source);
  const folder = join(resolve(dataDir), entry.name);
  const files = ROLES.map((role) => entry.files[role]);
  const missing = force ? files : await notGood(folder, files);
  if (missing.length > 0) {
    await withStagingFolder(folder, async (staging) => {
      const reasons = await fetchInto(staging, entry, missing, sources, options);
      if (reasons !== undefined) throw exhausted(entry, reasons);
      await moveInto(
        folder,
        missing.map((file) => join(staging, namesInFolder(file)[0])),
      );
    });
  }
  onEvent?.({ type: 'done', dataset: entry.name, folder, fetched: missing.length });
  return folder;
}

/** The files that are missing from a folder or differ from the catalog. */
async function notGood(folder: string, files: readonly DataFile[]): Promise<DataFile[]> {
  const bad: DataFile[] = [];
  for (const file of files) {
    const path = await findInFolder(folder, file);
    const good =
      path !== undefined && (await succeeds(async () => verify(await readCandidate(path, file), file, path)));
    if (!good) bad.push(file);
  }
  return bad;
}

/** Whether `check` passes; errors other than bad data are rethrown. */
async function succeeds(check: () => Promise<unknown>): Promise<boolean> {
  return (await badDataOf(check)) === undefined;
}

/** Runs `work` and returns the message of its data error, if any. */
async function badDataOf(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof HandgradError && error.kind === 'data') return findingOf(error);
    throw error;
  }
}

/**
 * Tries the sources in order until every wanted file is in `staging`, verified and under its final name.
 * @returns the reason of each source, if files are still missing in the end
 */
async function fetchInto(
  staging: string,
  entry: DatasetEntry,
  wanted: readonly DataFile[],
  sources: readonly Source[],
  { http = {}, onEvent, signal }: DownloadOptions,
): Promise<string[] | undefined> {
  const dataset = entry.name;
  const left = [...wanted];
  const reasons: string[] = [];
  for (const candidate of sources) {
    const source = describeSource(candidate);
    onEvent?.({ type: 'source', dataset, source });
    const reason = await badDataOf(() =>
      takeFrom(candidate, staging, left, {
        http,
        signal,
        onStep: (step) => onEvent?.({ type: 'step', dataset, source, step }),
        onProgress: (file, bytes, totalBytes) => onEvent?.({ type: 'progress', dataset, file, bytes, totalBytes }),
      }),
    );
    if (reason === undefined) return undefined;
    reasons.push(`${source}: ${reason}`);
    onEvent?.({ type: 'failed', dataset, source, reason });
  }
  return reasons;
}

/**
 * Moves files from `left` into `staging` until none is left or one is invalid. Valid ones stay when the next source is
 * tried.
 */
async function takeFrom(source: Source, staging: string, left: DataFile[], options: SourceOptions): Promise<void> {
  const opened = await openSource(source, options);
  try {
    for (let file = left[0]; file !== undefined; file = left[0]) {
      options.signal?.throwIfAborted();
      const { raw, where } = await opened.read(file);
      const { bytes } = await verify(raw, file, where);
      const name = namesInFolder(file)[0];
      await writeFileAtomic(join(staging, name), name.endsWith('.gz') ? raw : bytes);
      left.shift();
    }
  } finally {
    await opened.close();
  }
}

function exhausted({ title, files }: DatasetEntry, reasons: readonly string[]): HandgradError {
  const names = ROLES.map((role) => `${files[role].name}.gz`).join(', ');
  return new HandgradError(
    'data',
    `No source provided ${title}:\n${reasons.map((reason) => `  ${reason}`).join('\n')}\n` +
      `check the network, or name a folder that holds ${names} as \`source\`.`,
  );
}
