import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HandgradError } from '../errors';
import { catalog, type DataFile, type DatasetEntry, datasetNames, isDatasetName, type Role, ROLES } from './catalog';
import { loadCsv } from './formats/csv';
import { defaultDataDir } from './defaultDataDir';
import { type DownloadOptions, downloadFiles } from './download/download';
import { type IdxArray, parseIdx } from './formats/idx';
import { loadIdxFolder } from './formats/idxFolder';
import { idxSamples } from './formats/idxSamples';
import type { Dataset } from './samples';
import { datasetDigest, findInFolder, findingOf, readCandidate, verify } from './download/verify';

/** How a data set is loaded. */
export interface LoadOptions extends Partial<Omit<DownloadOptions, 'force'>> {
  /** CSV only: the name of the label column; the first column by default. */
  readonly labelColumn?: string;
  /** CSV only: the fraction of the rows in the test set, 0.2 by default. */
  readonly testFraction?: number;
  /** CSV only: seeds the draw of the test rows, 0 by default. */
  readonly seed?: number;
}

/**
 * Loads a data set into memory, verified. One of the catalog is downloaded first if files are missing.
 * @param spec a name of the catalog, a folder with four IDX files, or a CSV file
 * @throws HandgradError 'data' when it cannot be found or fetched, or is not valid;
 * 'storage' when a download cannot be written
 */
export async function loadDataset(spec: string, options: LoadOptions = {}): Promise<Dataset> {
  if (isDatasetName(spec)) return loadEntry(catalog[spec], options);
  const kind = await datasetKind(spec);
  if (kind === 'folder') return loadIdxFolder(spec);
  if (kind === 'file') return loadCsv(spec, options);
  throw new HandgradError(
    'data',
    `There is no data set, folder or CSV file called "${spec}"; the catalog has ${datasetNames.join(', ')}.`,
  );
}

/** How a data set is given: by a name of the catalog, as a folder, or as a file. */
export type DatasetKind = 'name' | 'folder' | 'file';

/** The kind of `spec`; undefined if it is neither in the catalog nor a path that exists. */
export async function datasetKind(spec: string): Promise<DatasetKind | undefined> {
  if (isDatasetName(spec)) return 'name';
  const found = await stat(spec).catch(() => undefined);
  if (found?.isDirectory()) return 'folder';
  return found?.isFile() ? 'file' : undefined;
}

/** `loadDataset` for an entry of a catalog. */
export async function loadEntry(entry: DatasetEntry, options: LoadOptions = {}): Promise<Dataset> {
  const dataDir = options.dataDir ?? defaultDataDir();
  const folder = join(dataDir, entry.name);
  let paths = await findAll(entry, folder);
  if (paths === undefined) {
    await downloadFiles(entry, { ...options, dataDir });
    paths = (await findAll(entry, folder))!;
  }
  const sums: string[] = [];
  const arrays = {} as Record<Role, IdxArray>;
  for (const role of ROLES) {
    const { bytes, sha256 } = await readVerified(paths[role], entry.files[role], repair(entry, dataDir));
    sums.push(sha256);
    arrays[role] = parseIdx(bytes, paths[role]);
  }
  return { name: entry.name, ...idxSamples(arrays, paths, entry.classNames), digest: datasetDigest(sums) };
}

async function readVerified(path: string, file: DataFile, remedy: string) {
  try {
    return await verify(await readCandidate(path, file), file, path);
  } catch (error) {
    if (!(error instanceof HandgradError)) throw error;
    throw new HandgradError('data', `${findingOf(error)}; ${remedy}.`, { cause: error });
  }
}

/** The four files, or undefined when any is missing. */
async function findAll(entry: DatasetEntry, folder: string): Promise<Record<Role, string> | undefined> {
  const paths: Partial<Record<Role, string>> = {};
  for (const role of ROLES) {
    const path = await findInFolder(folder, entry.files[role]);
    if (path === undefined) return undefined;
    paths[role] = path;
  }
  return paths as Record<Role, string>;
}

function repair({ name }: DatasetEntry, dataDir: string): string {
  const where = dataDir === defaultDataDir() ? '' : ` --data-dir ${dataDir}`;
  return `run "handgrad download ${name}${where}" to repair it`;
}
