import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HandgradError } from '../errors';
import { isPattern } from '../files/matching';
import { catalog, type DataFile, type DatasetEntry, datasetNames, isDatasetName, type Role, ROLES } from './catalog';
import { defaultDataDir } from './defaultDataDir';
import { type DownloadOptions, downloadFiles } from './download/download';
import { type IdxArray, parseIdx } from './formats/idx';
import { loadIdxFolder } from './formats/idxFolder';
import { idxSamples } from './formats/idxSamples';
import type { Dataset } from './samples';
import { datasetDigest, findInFolder, findingOf, readCandidate, verify } from './download/verify';
import { openTable, type OpenTableOptions } from './tables/openTable';
import { tableDataset, type TableInputs } from './tables/tableDataset';
import type { TableSplit } from './tables/tableParts';
import type { ColumnChoice } from './tables/typedTable';
import { uprightImages } from './transpose';

/** How a data set is loaded. Everything about columns and parts is for tables only. */
export interface LoadOptions
  extends
    Partial<Omit<DownloadOptions, 'force'>>,
    ColumnChoice,
    TableSplit,
    TableInputs,
    Pick<OpenTableOptions, 'stdin' | 'onProgress'> {
  /** The images are stored with rows and columns exchanged, as EMNIST's are: make them upright. */
  readonly transpose?: boolean;
}

/**
 * Loads a data set into memory, verified. One of the catalog is downloaded first if files are missing.
 * @param spec a name of the catalog, a folder with four IDX files, or a table: a file, a pattern such as `part-*.csv`,
 * or `-` for `stdin`
 * @throws HandgradError 'data' when it cannot be found or fetched, or is not valid;
 * 'storage' when a download cannot be written
 */
export async function loadDataset(spec: string, options: LoadOptions = {}): Promise<Dataset> {
  const upright = (dataset: Dataset) => (options.transpose ? uprightImages(dataset) : dataset);
  if (isDatasetName(spec)) return upright(await loadEntry(catalog[spec], options));
  const kind = await datasetKind(spec);
  if (kind === 'folder') return upright(await loadIdxFolder(spec));
  if (kind === 'table') return tableDataset(await openTable(spec, options, options), options);
  throw new HandgradError(
    'data',
    `There is no data set, folder or table called "${spec}"; the catalog has ${datasetNames.join(', ')}.`,
  );
}

/** How a data set is given: by a name of the catalog, as a folder of IDX files, or as a table. */
export type DatasetKind = 'name' | 'folder' | 'table';

/** The kind of `spec`; undefined if it is neither in the catalog nor a path that exists. */
export async function datasetKind(spec: string): Promise<DatasetKind | undefined> {
  if (isDatasetName(spec)) return 'name';
  const found = await stat(spec).catch(() => undefined);
  if (found?.isDirectory()) return 'folder';
  return found || spec === '-' || isPattern(spec) ? 'table' : undefined;
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
