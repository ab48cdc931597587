import { type RunningBackend, selectBackend } from '../backends';
import { datasetNames } from '../data/catalog';
import { datasetKind, type DatasetKind, loadDataset } from '../data/loadDataset';
import type { Dataset } from '../data/samples';
import { HandgradError } from '../errors';
import { didYouMean, quoted } from '../words';
import { type Config, type KeyAffecting, keysAffecting, keysWhere, pick } from './config';
import type { OpenOptions } from './events';

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
    throw new HandgradError('usage', `There is no data set, folder or CSV file called ${quoted(dataset)}${hint}`);
  }
  const misplaced = keysWhere(({ tables }) => tables === true).find((key) => config[key] !== undefined);
  if (kind === 'file' || !misplaced) return kind;
  throw new HandgradError(
    'usage',
    `\`${misplaced}\` applies to CSV files only, and ${quoted(dataset)} is not one; leave it out.`,
  );
}

/** Loads a data set into memory; downloads it first if it is in the catalog and missing. */
export async function openDataset(
  settings: Pick<Config, KeyAffecting<'fetching' | 'samples'>>,
  { onEvent, signal }: OpenOptions,
): Promise<Dataset> {
  const { dataset, ...how } = pick(settings, keysAffecting('fetching', 'samples'));
  return loadDataset(dataset, { ...how, onEvent, signal });
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
