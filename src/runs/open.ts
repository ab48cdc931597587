import { readdir } from 'node:fs/promises';
import { type RunningBackend, selectBackend } from '../backends';
import { datasetNames } from '../data/catalog';
import { datasetKind, type DatasetKind, loadDataset } from '../data/loadDataset';
import type { Dataset } from '../data/samples';
import { openTable, type OpenTableOptions } from '../data/tables/openTable';
import { type TableDataset, tableDataset } from '../data/tables/tableDataset';
import type { TypedTable } from '../data/tables/typedTable';
import { HandgradError } from '../errors';
import { didYouMean, quoted } from '../words';
import { type Config, type KeyAffecting, keysAffecting, keysWhere, pick } from './config';
import type { OpenOptions } from './events';
import { isRunFolder } from './readRun';

/**
 * Checks the data settings of a config, before anything slow.
 * @returns the kind of its data set
 * @throws HandgradError 'usage' when the data set does not exist, or a setting does not apply to it
 */
export async function checkDataset(config: Config): Promise<DatasetKind> {
  const { dataset } = config;
  const kind = await datasetKind(dataset);
  if (!kind) {
    const hint = /[\\/.]/.test(dataset) ? '; check the path.' : didYouMean(dataset, datasetNames);
    throw new HandgradError('usage', `There is no data set, folder or table called ${quoted(dataset)}${hint}`);
  }
  if (kind === 'folder' && (await isRunFolder(dataset))) {
    throw new HandgradError('usage', `${dataset} is a run, not a data set; resume the run, or name its data set.`);
  }
  const misplaced = keysWhere(({ tables }) => tables === true).find((key) => config[key] !== undefined);
  if (kind === 'table' || !misplaced) return kind;
  throw new HandgradError(
    'usage',
    `\`${misplaced}\` applies to tables only, and ${quoted(dataset)} is not one; leave it out.`,
  );
}

/** The settings of a table: which columns are what, and which rows are for what. */
export type TableSettings = Pick<
  Config,
  KeyAffecting<'samples' | 'preparation'> | 'valFraction' | 'limit' | 'normalize'
>;

/** Loads a data set into memory; downloads it first if it is in the catalog and missing. */
export async function openDataset(
  settings: Pick<Config, KeyAffecting<'fetching'>> & TableSettings,
  kind: DatasetKind,
  options: OpenOptions,
): Promise<Dataset> {
  if (kind === 'table') return tableFor(await openTableOf(settings, options), settings);
  const { onEvent, signal } = options;
  const { transpose } = settings;
  if (
    kind === 'folder' &&
    transpose === undefined &&
    (await readdir(settings.dataset)).some((name) => /^emnist-/i.test(name))
  ) {
    const message =
      'EMNIST stores its images with rows and columns exchanged, and the network learns them that way; ' +
      'set `transpose` to train on upright images, as yours are.';
    onEvent?.({ type: 'notice', message });
  }
  return loadDataset(settings.dataset, { ...pick(settings, keysAffecting('fetching')), transpose, onEvent, signal });
}

/** Reads the table of a config. */
export async function openTableOf(settings: TableSettings, options: OpenOptions): Promise<TypedTable> {
  const table = await openTable(settings.dataset, settings, readingOptions(settings.dataset, options));
  for (const message of table.notes) options.onEvent?.({ type: 'notice', message });
  return table;
}

/** How a table is read: with events of how far it is. */
export function readingOptions(path: string, { onEvent, signal, stdin }: OpenOptions): OpenTableOptions {
  return { signal, stdin, onProgress: (progress) => onEvent?.({ type: 'reading', path, ...progress }) };
}

/** The data set that a config makes of a table. */
export function tableFor(table: TypedTable, settings: TableSettings): TableDataset {
  const { imageShape, ...split } = settings;
  const [height, width] = imageShape?.split('x').map(Number) ?? [];
  return tableDataset(table, {
    ...split,
    ...(height !== undefined && width !== undefined && { imageShape: [height, width] as const }),
  });
}

/**
 * Starts the backend, and reports which one.
 * @param options.compile lets `auto` compile the native backend, which takes a few seconds once; meant for training
 */
export async function openBackend(
  settings: Pick<Config, KeyAffecting<'backend'>>,
  { onEvent = () => {}, compile = false }: OpenOptions & { readonly compile?: boolean },
): Promise<RunningBackend> {
  const backend = await selectBackend(settings.backend, {
    ...pick(settings, keysAffecting('backend')),
    compile,
    onNotice: (message) => onEvent({ type: 'notice', message }),
  });
  const { name, device, rejected } = backend;
  onEvent({ type: 'backend', name, device, rejected });
  return backend;
}
